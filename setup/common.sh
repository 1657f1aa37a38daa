# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every verb of setup.sh uses: saying what is done, stopping with one line, and commands that are quiet unless they fail.

say() { printf '==> %s\n' "$*"; }

value_of() { # value_of OPTION [VALUE]: fail unless there is one; another option is none
    [[ $# -ge 2 && $2 != --* ]] || fail "$1 needs a value: ./setup.sh --help" 2
}

fail() { # fail MESSAGE [EXIT CODE]
    printf 'setup.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/maskgate-setup.XXXXXX")
leftovers=() # folders that are gone at the end, whatever the end is
undo=        # a command that puts right what was begun, if the end comes before it is done
ticker=
step=
heard=
begin() { # begin STEP: what is done now; it is named once more if it fails
    step=$*
    # Ctrl-C, a lost connection and a reader that has gone end this the planned way. (Left to itself bash comes to `leave`
    # with the status of the command before.) Once only: in `leave` they are not heard, nor in what it calls.
    if [ -z "$heard" ]; then
        heard=yes
        trap 'interrupted 129' HUP
        trap 'interrupted 130' INT
        trap 'interrupted 141' PIPE
        trap 'interrupted 143' TERM
    fi
    say "$step"
}
interrupted() { # interrupted EXIT CODE
    trap '' HUP INT TERM PIPE
    printf 'setup.sh: interrupted\n' >&2 || true
    exit "$1"
}
leave() {
    local status=$?
    trap '' HUP INT TERM PIPE # a second Ctrl-C does not leave things half-way
    [ -z "$undo" ] || "$undo" || true
    [ -z "$ticker" ] || kill -KILL "$ticker" 2>/dev/null || true
    rm -rf "$scratch" ${leftovers[@]+"${leftovers[@]}"} # a Mac's bash 3.2 takes an empty array for an unset one
    if [ "$status" -ne 0 ] && [ -n "$step" ]; then
        printf 'setup.sh: stopped at "%s"; mend it and run the same command again\n' "$step" >&2
    fi
}
trap leave EXIT

quietly() { # quietly COMMAND...: its output is shown only if it fails, but for what it says on 3; on a terminal the seconds tick meanwhile
    local log=$scratch/log status=0
    if [ -t 1 ]; then
        # It ends with this shell, however that ends, and does not hold its lock.
        (s=0; while sleep 1 && kill -0 $$ 2>/dev/null; do s=$((s + 1)); printf '\r    %d s ' "$s"; done) 9>&- &
        ticker=$!
    fi
    # In a shell of its own: an interruption in the middle of a function would speak into its log.
    ("$@") 3>&1 >"$log" 2>&1 </dev/null || status=$?
    if [ -n "$ticker" ]; then
        kill -KILL "$ticker" 2>/dev/null || true # in `leave` it does not hear a TERM
        wait "$ticker" 2>/dev/null || true
        ticker=
        printf '\r            \r'
    fi
    [ "$status" -eq 0 ] && return 0
    tail -n 15 "$log" >&2
    if grep -qiE 'name resolution|NewConnectionError|Max retries|ConnectTimeout|Network is unreachable|ProxyError|Could not resolve' "$log"; then
        fail "no network: the packages could not be fetched; connect, then run the same command again"
    elif grep -qi 'No space left' "$log"; then
        fail "the disk is full: make room, then run the same command again"
    fi
    return "$status"
}

absolute() { # absolute PATH: as the caller meant it, who may stand elsewhere
    case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "${called_from:-$PWD}/$1" ;; esac
}

need_space() { # need_space FOLDER MEGABYTES
    local free
    free=$(df -Pm "$1" | awk 'NR == 2 {print $4}')
    [ "$free" -ge "$2" ] || fail "not enough disk space: $free MB free at $1, about $2 MB needed"
}

need_venv() { # need_venv PYTHON: it can make a virtual environment (Debian packs that apart)
    "$1" -c 'import venv, ensurepip' 2>/dev/null && return
    local minor
    minor=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    fail "python3-venv is missing: sudo apt install python$minor-venv, then run the same command again"
}
