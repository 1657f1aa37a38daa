# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every verb of setup.sh uses: saying what is done, stopping with one line, and commands that are quiet unless they fail.

say() { printf '==> %s\n' "$*"; }

fail() { # fail MESSAGE [EXIT CODE]
    printf 'setup.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/maskgate-setup.XXXXXX")
leftovers=() # folders that are gone at the end, whatever the end is
undo=        # a command that puts right what was begun, if the end comes before it is done
ticker=
step=
begin() { # begin STEP: what is done now; it is named once more if it fails
    step=$*
    say "$step"
}
leave() {
    local status=$?
    trap '' HUP INT TERM PIPE # a second Ctrl-C does not leave things half-way
    [ -z "$undo" ] || "$undo" || true
    [ -z "$ticker" ] || kill "$ticker" 2>/dev/null || true
    rm -rf "$scratch" "${leftovers[@]}"
    if [ "$status" -ne 0 ] && [ -n "$step" ]; then
        printf 'setup.sh: stopped at "%s"; mend it and run the same command again\n' "$step" >&2
    fi
}
trap leave EXIT

quietly() { # quietly COMMAND...: its output is shown only if it fails, but for what it says on 3; on a terminal the seconds tick meanwhile
    local log=$scratch/log status=0
    if [ -t 1 ]; then
        (s=0; while sleep 1; do s=$((s + 1)); printf '\r    %d s ' "$s"; done) &
        ticker=$!
    fi
    "$@" 3>&1 >"$log" 2>&1 </dev/null || status=$?
    if [ -n "$ticker" ]; then
        kill "$ticker" 2>/dev/null || true
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
