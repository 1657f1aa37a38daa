# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Where everything goes on a unit, and how a step is done there, in an image, or only said (--dry-run).
#
#   /opt/maskgate/releases/VERSION-CONTENT   one release: its own virtual environment, unit files, a copy of setup.sh; another of the
#                                            same, beside one that is damaged, ends in .2
#   /opt/maskgate/current, previous          links: the release in use, and the one to go back to
#   /opt/maskgate/fetched                    what pip has fetched, until the release is made
#   /usr/local/bin/maskgate                  the command, for the operator
#   /etc/maskgate/maskgate.toml              settings; written once, never overwritten
#   /etc/maskgate/secrets/NAME               what a setting names as "credential:NAME"; for root's eyes only
#   /etc/systemd, udev, sysusers, tmpfiles   the service, its user, the modes of its devices (setup/service.sh)
#   /opt/maskgate/trying                     while a release is tried: which, and the one before (setup/trying.sh)
#   /var/lib/maskgate                        the one place where the service may keep things
#   /run/maskgate-setup.lock                 held by the setup.sh that is at work here

opt=/opt/maskgate
etc=/etc/maskgate
var=/var/lib/maskgate
command=/usr/local/bin/maskgate
lock=/run/maskgate-setup.lock
root=     # an image that is installed into; empty: this system
dry=      # yes: only say what would be done
stopped=  # yes: a dry run has come by where the real one would stop
wheels=   # a folder that packages come from, instead of the registry

run() { # run COMMAND...: do it, or in a dry run say it
    if [ -z "$dry" ]; then
        "$@"
    else
        while [ "$1" = quietly ] || [ "$1" = inside ]; do shift; done
        printf '    would run: %s\n' "$*"
    fi
}

inside() { # inside COMMAND...: in the system that is installed into
    if [ -z "$root" ]; then "$@"; else in_image "$@"; fi
}

refuse() { # refuse MESSAGE: stop, or in a dry run say that it would
    [ -n "$dry" ] || fail "$1"
    printf '    would stop here: %s\n' "$1"
    stopped=yes
}

need_root() { # need_root VERB
    [ -n "$dry" ] || [ "$(id -u)" -eq 0 ] || fail "this needs root: sudo ./setup.sh $1"
}

alone() { # alone VERB: until the end no other setup.sh changes this system, or image
    [ -z "$dry" ] || return 0
    mkdir -p "$root${lock%/*}"
    exec 9<>"$root$lock" || fail "the lock $root$lock cannot be opened: see above"
    flock --nonblock 9 ||
        fail "another setup.sh is at work here: $(head -n 1 <&9); wait until it has ended, then run the same command again"
    printf '%s (process %s, since %s)\n' "$1" "$$" "$(date +%T)" >"$root$lock"
}

put() { # put LINK TARGET: a link in one step, so that there is never a moment without it
    run ln -sfn "$2" "$root$1.new"
    run mv -T "$root$1.new" "$root$1"
}

target() { # target LINK: what it points at, as a whole path without a slash at its end; empty without it
    local to
    to=$(readlink "$root$1") || return 0
    case $to in /*) ;; *) to=${1%/*}/$to ;; esac
    printf '%s\n' "${to%/}"
}

take_away() { # take_away FOLDER: with all that is in it; a partition that is mounted there stays, empty
    if [ -n "$dry" ] || ! mountpoint -q "$1" 2>/dev/null; then
        run rm -rf "$1"
        return
    fi
    # Its owner's number may be somebody else's one day.
    chown root:root "$1"
    find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf --one-file-system {} +
    say "$1 is emptied, and stays: something is mounted there (see /etc/fstab)"
}

goodbye() { # goodbye MESSAGE; a dry run ends as the real one would, so that it may stand before one in a script
    step=
    if [ -z "$dry" ]; then say "$1"; return; fi
    say "nothing was changed"
    [ -z "$stopped" ] || exit 1
}
