# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# A release on trial. From the moment before it comes into use until its service has come up, /opt/maskgate/trying names it
# and what was before: whatever ends setup.sh in between, by its own doing (`undo`, at the end of every run) or by none
# (`settle`, in the next run, after a power cut), the unit goes back to what it was.

begin_trial() { # begin_trial DEED TRIED BEFORE OLDER running|'': a line each; nothing where there is nothing to go back to
    if [ -n "$dry" ] || [ -z "$3" ] || [ "$2" = "$3" ]; then return; fi
    printf '%s\n' "$@" >"$root$opt/trying.new"
    sync
    mv -T "$root$opt/trying.new" "$root$opt/trying"
    undo=undo_trial
}

end_trial() {
    undo=
    [ -z "$dry" ] || return 0
    sync # or a power cut might take the service's files, and leave no word of a trial
    rm -f "$root$opt/trying"
}

read_trial() { # into $deed $tried $before $older $was
    { read -r deed; read -r tried; read -r before; read -r older; read -r was; } <"$root$opt/trying" || true
}

go_back() { # go_back BEFORE OLDER: in links and files
    put "$opt/current" "$1"
    if [ -n "$2" ]; then put "$opt/previous" "$2"; else rm -f "$root$opt/previous"; fi
    (place_service "$1") || say "some files of ${1##*/} could not be put back: see above"
    sync # as in `end_trial`
    rm -f "$root$opt/trying"
}

undo_trial() { # the end has come before the trial's
    local deed='' tried='' before='' older='' was=''
    undo=
    set +e # whatever fails, the rest is tried
    read_trial
    say "${tried##*/} did not come into use: back to ${before##*/}"
    go_back "$before" "$older"
    step=
    [ "$tried" = "$older" ] || rm -rf "$root${tried:?}" # else it is what a rollback goes to
    if [ -n "$root" ] || [ -z "$was" ]; then
        printf 'setup.sh: the %s was undone: see above why\n' "$deed" >&2
        return
    fi
    systemctl reset-failed maskgate.service
    if (start_service); then
        printf 'setup.sh: the %s was undone, and %s runs as before: see above why %s does not\n' "$deed" "${before##*/}" "${tried##*/}" >&2
    else
        printf 'setup.sh: the %s was undone, but %s does not start either now: see above, and run: sudo maskgate doctor\n' "$deed" "${before##*/}" >&2
    fi
}

settle() { # what a run that was cut off has left; sets $settled if that meant going back
    local deed='' tried='' before='' older='' was=''
    settled=
    [ -e "$root$opt/trying" ] || return 0
    read_trial
    say "an earlier $deed was cut off while ${tried##*/} was tried"
    if [ -z "$root" ] && [ "$(target "$opt/current")" = "$tried" ] && runs; then
        say "${tried##*/} runs: it stays in use"
        end_trial
        return
    fi
    if [ ! -e "$root$before/complete" ]; then
        say "${before##*/}, which was in use before, is there no longer: going on"
        end_trial
        return
    fi
    if [ -n "$dry" ]; then say "it would be undone: back to ${before##*/}"; return; fi
    begin "back to ${before##*/}"
    go_back "$before" "$older"
    settled=yes
    if [ -z "$root" ] && [ -n "$was" ]; then
        systemctl reset-failed maskgate.service || true
        start_service || say "${before##*/} does not come up: see above"
    fi
}
