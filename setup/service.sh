# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The service: the files that systemd, udev and friends read, put in place from the release that they belong to; starting
# it; and its options, which are drop-ins.

service=/etc/systemd/system/maskgate.service
sysusers=/etc/sysusers.d/maskgate.conf
tmpfiles=/etc/tmpfiles.d/maskgate.conf
rules=/etc/udev/rules.d/60-maskgate.rules
drop_ins=$service.d
backoff=$drop_ins/10-backoff.conf
watchdog=/etc/systemd/system.conf.d/50-maskgate-watchdog.conf
settle_s=30

option_file() { # option_file NAME: where its drop-in goes
    case $1 in
        network | reboot) echo "$drop_ins/20-$1.conf" ;;
        hardware-watchdog) echo "$watchdog" ;;
        *) return 1 ;;
    esac
}

from_release() { # from_release RELEASE: where its unit files are; a dry run has only those of this checkout
    local own=$root$1/share/maskgate/systemd
    if [ -d "$own" ]; then echo "$own"; else echo systemd; fi
}

place() { # place FROM NAME TO: whole or not at all; nothing that reads these folders looks at a name in .new
    run install -D -m 644 "$1/$2" "$root$3.new" || { run rm -f "$root$3.new"; return 1; }
    run mv -T "$root$3.new" "$root$3"
}

make_user() { # before anything is made for it
    local from
    from=$(from_release "$release")
    begin "system user maskgate in the groups video, gpio and render"
    place "$from" maskgate.sysusers "$sysusers"
    run quietly inside systemd-sysusers "$sysusers"
}

systemd_version() { inside systemctl --version 2>/dev/null | awk 'NR == 1 {print int($2)}'; }

place_service() { # place_service RELEASE: its files, and those of the options that are on
    local from option file
    from=$(from_release "$1")
    place "$from" maskgate.service "$service"
    place "$from" maskgate.tmpfiles "$tmpfiles"
    place "$from" maskgate.rules "$rules"
    # Bookworm's systemd 252 does not know a growing delay, and would say so at every start.
    if [ "$(systemd_version)" -ge 254 ] 2>/dev/null; then place "$from" backoff.conf "$backoff"; else run rm -f "$root$backoff"; fi
    for option in network reboot hardware-watchdog; do
        file=$(option_file "$option")
        if [ -e "$root$file" ] && [ -e "$from/options/$option.conf" ]; then place "$from" "options/$option.conf" "$file"; fi
    done
    run quietly inside systemd-tmpfiles --create "$tmpfiles"
    run inside systemctl enable --quiet maskgate.service
    [ -z "$root" ] || return 0
    run systemctl daemon-reload
    # Plain Debian gives GPIO chips and camera memory to root alone.
    if [ -n "$dry" ] || command -v udevadm >/dev/null; then
        run udevadm control --reload || true
        # Until the nodes have their new owners, or else for a while: the service opens them next.
        run timeout "$settle_s" udevadm trigger --settle --subsystem-match=gpio --subsystem-match=dma_heap ||
            say "udev is slow: going on; if the service finds no camera or pins, it tries again by itself"
    fi
}

wants_network() { # do the settings name an address, or a secret that may be one?
    asked camera source | grep -q '^credential:' && return 0
    inside "$release/bin/maskgate" config show --config "$etc/maskgate.toml" 2>/dev/null | grep -qiE '= "[a-z]+://'
}

suit_network() { # a service that needs no network has none
    local file
    file=$(option_file network)
    if [ -n "$dry" ] || ! wants_network; then return; fi
    [ -e "$root$file" ] || say "the settings name an address: the service gets a network (./setup.sh option network off takes it away)"
    place "$(from_release "$release")" options/network.conf "$file"
}

start_service() { # returns when its first frame is decided; otherwise says why not, and fails
    begin "maskgate.service: starting, until the first frame is decided"
    run systemctl restart maskgate.service && return
    journalctl --unit maskgate.service --no-pager --output cat --lines 8 >&2 || true
    return 1
}

runs() { [ "$(systemctl is-active maskgate.service 2>/dev/null)" = active ]; }

setup_option() { # option [NAME on|off]
    local name=${1:-} file state
    if [ $# -eq 0 ]; then
        for name in network reboot hardware-watchdog; do
            state=off
            if [ -e "$(option_file "$name")" ]; then state=on; fi
            printf '%-18s %s\n' "$name" "$state"
        done
        return
    fi
    file=$(option_file "$name") || fail "there is no option '$name': network, reboot, hardware-watchdog" 2
    case ${2:-} in on | off) ;; *) fail "say which: ./setup.sh option $name on, or off" 2 ;; esac
    if [ "${3:-}" = --dry-run ]; then dry=yes; elif [ -n "${3:-}" ]; then fail "option does not know '$3': ./setup.sh --help" 2; fi
    need_root "option $name $2"
    alone option
    need_lasting_root
    [ -e "$service" ] || refuse "MaskGate is not installed: sudo ./setup.sh install"
    begin "option $name $2"
    if [ "$2" = on ]; then place systemd "options/$name.conf" "$file"; else run rm -f "$file"; fi
    if [ "$name" = hardware-watchdog ]; then run systemctl daemon-reexec; else
        run systemctl daemon-reload
        run systemctl try-restart maskgate.service || fail "the service does not start with that: journalctl -u maskgate"
    fi
    run sync # or a power cut might leave the option's name with nothing in it
    goodbye "done: $name is $2"
}
