# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The verbs for the unit: install, upgrade, rollback, option, uninstall. Each can be run again.

# shellcheck source=setup/places.sh
. setup/places.sh
# shellcheck source=setup/image.sh
. setup/image.sh
# shellcheck source=setup/preflight.sh
. setup/preflight.sh
# shellcheck source=setup/packages.sh
. setup/packages.sh
# shellcheck source=setup/release.sh
. setup/release.sh
# shellcheck source=setup/settings.sh
. setup/settings.sh
# shellcheck source=setup/service.sh
. setup/service.sh
# shellcheck source=setup/trying.sh
. setup/trying.sh

read_arguments() { # read_arguments VERB ARGUMENTS...: into $source, $panel, $image, $purge and what places.sh declares
    local verb=$1 name
    shift
    while [ $# -gt 0 ]; do
        case $verb$1 in
            *--dry-run) dry=yes ;;
            uninstall--purge) purge=yes ;;
            install--source | install--panel | install--image | install--offline | upgrade--offline)
                value_of "${@:1:2}"
                name=${1#--}
                case $name in
                    offline) wheels=$(absolute "$2") ;;
                    image) printf -v image %s "$(absolute "$2")" ;;
                    *) printf -v "$name" %s "$2" ;;
                esac
                shift
                ;;
            *) fail "$verb does not know '$1': ./setup.sh --help" 2 ;;
        esac
        shift
    done
    # Told before a release is built; the settings would refuse it after that.
    case ${panel:-gpio} in gpio | mock | none) ;; *) fail "--panel $panel: expected gpio, mock or none" 2 ;; esac
    if [ -n "$wheels" ]; then
        [ -d "$wheels" ] || fail "--offline $wheels: there is no such folder; ./setup.sh wheels makes one" 2
        wheels=$(cd "$wheels" && pwd)
    fi
    # A clip beside the caller: neither this script nor the service would find it by that name.
    if [ -n "${source:-}" ] && [ -f "$(absolute "$source")" ]; then source=$(absolute "$source"); fi
}

unit_install() { # in whichever state the system is: nothing there, an older release, this one
    local source='' panel='' image='' purge='' release constraints codename before was='' settled
    read_arguments install "$@"
    need_root install
    [ -d edge ] || fail "this copy of setup.sh came with a release, for rollback, option and uninstall; install from a checkout"
    umask 022 # the service's user reads what is installed
    [ -z "$image" ] || open_image "$image"
    alone install
    before=$(target "$opt/current")
    release=$before # what is there already is asked for its settings
    preflight "${source:-$(asked camera source)}" "${panel:-$(asked panel kind)}"
    settle
    before=$(target "$opt/current")
    name_release
    system_packages
    make_user
    make_release
    settings "$source" "$panel"
    report_defaults "$before"
    if [ -z "$root" ] && [ -z "$dry" ] && runs; then was=running; fi
    bring_into_use upgrade "$before" "$was"
    forget_old_releases
    if [ -n "$root" ]; then goodbye "done: the unit starts at the first boot of this image"; return; fi
    look_after
    goodbye "done: systemctl status maskgate; journalctl -fu maskgate; settings in $etc/maskgate.toml"
}

bring_into_use() { # bring_into_use upgrade|rollback BEFORE running|'': $release; or all is as it was before, and BEFORE runs if it ran
    begin_trial "$1" "$release" "$2" "$(target "$opt/previous")" "$3"
    switch_to "$release"
    place_service "$release"
    suit_network
    if [ -z "$root" ] && ! start_service; then
        step=
        if [ -n "$undo" ] && [ -n "$3" ]; then exit 1; fi # undo_trial says the rest
        end_trial
        first_aid
        fail "MaskGate is installed, but its service does not start: see above; change $etc/maskgate.toml, then: systemctl restart maskgate"
    fi
    end_trial
}

doctor_s=120
first_aid() { # what the self-check says is wrong, of a service that does not start
    say "looking for the reason: maskgate doctor"
    undo=try_on
    systemctl stop maskgate.service || true # the doctor needs camera and pins
    # In the foreground, where Ctrl-C reaches it.
    timeout --foreground --kill-after=5 "$doctor_s" "$release/bin/maskgate" doctor 2>&1 </dev/null | awk '
        /^(✗|FAIL)/ { failures++; inside = 1; print "    " $0; next }
        inside && /^ / { print "    " $0; next }
        { inside = 0 }
        END { if (!failures) print "    it finds no failure" }' >&2 || true
    undo=
    try_on
}

try_on() { systemctl start --no-block maskgate.service || true; } # a camera may be plugged in yet

look_after() { # the self-check at the end; what it finds can be mended at leisure
    begin "looking the unit over: maskgate doctor"
    local status=0
    run timeout --foreground --kill-after=5 "$doctor_s" "$release/bin/maskgate" doctor </dev/null || status=$?
    case $status in
        0) ;;
        124 | 137) say "it did not come to its end within $doctor_s s; sudo maskgate doctor looks again" ;;
        *) say "it found something to mend: see above; sudo maskgate doctor looks again" ;;
    esac
}

unit_upgrade() { # install, over a release that is there
    local purge=''
    read_arguments upgrade "$@"
    need_root upgrade
    if [ -z "$(target "$opt/current")" ]; then refuse "MaskGate is not installed here: sudo ./setup.sh install"; goodbye; return; fi
    unit_install "$@"
}

unit_rollback() {
    local purge='' release before settled
    read_arguments rollback "$@"
    need_root rollback
    alone rollback
    need_lasting_root
    settle
    before=$(target "$opt/current") release=$(target "$opt/previous")
    if [ -n "$settled" ]; then goodbye "done: ${before##*/} is in use again; the same command goes to the release before that"; return; fi
    if [ -z "$release" ] || [ ! -e "$release/complete" ]; then refuse "there is no release to go back to"; goodbye; return; fi
    begin "from ${before##*/} back to ${release##*/}"
    if [ -n "$dry" ] && [ -e "$etc/maskgate.toml" ] && [ ! -r "$etc/maskgate.toml" ]; then
        say "only root can read the settings: with sudo this looks at them, too"
    elif ! quietly "$release/bin/maskgate" config check "$etc/maskgate.toml"; then
        refuse "${release##*/} does not know some of these settings: see above; take them out of $etc/maskgate.toml, then run the same command again"
    fi
    bring_into_use rollback "$before" running
    goodbye "done: ${release##*/} runs; the same command goes to ${before##*/} again"
}

unit_uninstall() {
    local purge='' file fed=''
    read_arguments uninstall "$@"
    need_root uninstall
    alone uninstall
    need_lasting_root
    begin "stopping and removing maskgate.service"
    if [ -e "$service" ] || [ -n "$dry" ]; then run systemctl disable --quiet --now maskgate.service; fi
    if [ -e "$watchdog" ]; then fed=yes; fi
    for file in "$service" "$command" "$tmpfiles" "$rules" "$backoff" \
        "$(option_file network)" "$(option_file reboot)" "$watchdog"; do run rm -f "$file" "$file.new"; done
    # Made for our files alone, as a rule; what else lies there keeps them.
    for file in "$drop_ins" "${watchdog%/*}"; do
        if [ -d "$file" ]; then run rmdir --ignore-fail-on-non-empty "$file"; fi
    done
    # Else systemd would go on feeding the board's watchdog, and list a service that has failed and is no more.
    if [ -n "$fed" ]; then run systemctl daemon-reexec; else run systemctl daemon-reload; fi
    run systemctl reset-failed maskgate.service 2>/dev/null || true
    begin "removing $opt"
    run rm -rf "$opt" "$offline_debs"
    if [ -n "$purge" ]; then
        begin "removing settings, what was kept, and the system user"
        run rm -rf "$drop_ins" "$sysusers" "$sysusers.new"
        take_away "$etc"
        take_away "$var"
        if id maskgate >/dev/null 2>&1 || [ -n "$dry" ]; then run userdel maskgate; fi
    elif [ -e "$etc" ]; then
        say "settings stay in $etc (--purge removes them)"
    fi
    run sync # or a power cut might bring some of it back
    run rm -f "$lock"
    goodbye "done; the system's packages and groups stay"
}

unit_option() { setup_option "$@"; }
