# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Looking at a system before anything is changed on it: each finding is one line, with what to do where something is
# amiss. Warnings are for what can be mended later (a camera); failures stop an installation, all of them named.

seen=       # where /proc, /dev and /sys are looked at; tests set it
failures=0

finding() { # finding ok|warning|FAILURE TEXT
    printf '    %-8s %s\n' "$1" "$2"
    [ "$1" != FAILURE ] || failures=$((failures + 1))
}

look_at_os() { # sets $codename and $constraints
    local name=''
    codename=''
    if [ -r "$root/etc/os-release" ]; then
        # shellcheck source=/dev/null
        codename=$(. "$root/etc/os-release" && printf '%s' "${VERSION_CODENAME:-}")
        # shellcheck source=/dev/null
        name=$(. "$root/etc/os-release" && printf '%s' "${PRETTY_NAME:-}")
    fi
    case $codename in
        bookworm | trixie)
            constraints=constraints/$codename.txt
            finding ok "$name"
            ;;
        *)
            constraints=constraints/trixie.txt
            finding FAILURE "${name:-this system} is not supported: flash Raspberry Pi OS Lite (64-bit), Trixie or Bookworm"
            ;;
    esac
    case $(inside dpkg --print-architecture 2>/dev/null) in
        arm64 | amd64) ;;
        *) finding FAILURE "this is no 64-bit system, and the model runtime exists for 64 bit only: flash Raspberry Pi OS Lite (64-bit)" ;;
    esac
}

look_at_systemd() {
    [ -d "$seen/run/systemd/system" ] || finding FAILURE "systemd does not run here: the unit is a systemd service; boot with systemd as init"
}

look_at_model() {
    local model=''
    if [ -r "$seen/proc/device-tree/model" ]; then model=$(tr -d '\0' <"$seen/proc/device-tree/model"); fi
    case $model in
        *'Raspberry Pi Zero 2'* | *'Raspberry Pi '[345]* | *'Raspberry Pi Compute Module '[345]*) finding ok "$model" ;;
        *'Raspberry Pi'*) finding warning "$model: too slow or too old for MaskGate; use a Pi Zero 2 W, 3, 4 or 5" ;;
        *) finding warning "no Raspberry Pi: good for trying things out; name a source (--source) and a panel (--panel mock)" ;;
    esac
}

look_at_disk() {
    local free
    free=$(df -Pm "$root/opt" 2>/dev/null | awk 'NR == 2 {print $4}')
    if [ "${free:-0}" -ge 800 ]; then finding ok "$free MB free"; else
        finding FAILURE "$free MB free at $root/opt, about 800 needed: make room (sudo apt clean; journalctl --vacuum-size=50M) or take a larger card"
    fi
}

look_at_clock() {
    # A Pi has no clock of its own before its first contact with the network: certificates are not valid yet in 1970.
    local year
    year=$(date +%Y)
    if [ "$year" -ge 2026 ]; then return; fi
    # Packages of a folder need no certificate, and a unit without a network stays at its image's date. A wheel begins with 1980, though.
    if [ -n "$wheels" ] && [ "$year" -ge 1980 ]; then
        finding warning "the clock says $(date +%F), and times in the log will be wrong until it is set: sudo date --set 'YEAR-MONTH-DAY HOUR:MINUTE'"
    else
        finding FAILURE "the clock says $(date +%F): sudo timedatectl set-ntp true and wait, or sudo date --set 'YEAR-MONTH-DAY HOUR:MINUTE'"
    fi
}

look_at_root() {
    local line options
    line=$(cat "$seen/proc/cmdline" 2>/dev/null || true)
    if [[ " $line " =~ \ overlayroot=(tmpfs|device) || " $line " == *" boot=overlay "* ]]; then
        finding FAILURE "the root is an overlay, and what is changed now would be undone by the next start: sudo raspi-config nonint do_overlayfs 1, restart, run the same command again, and switch the overlay on again (do_overlayfs 0)"
        return
    fi
    options=$(awk '$2 == "/" {found = $4} END {print found}' "$seen/proc/mounts" 2>/dev/null || true)
    case ,$options, in *,ro,*) finding FAILURE "the root is read-only: sudo mount -o remount,rw /" ;; esac
}

need_lasting_root() { # what is changed is to be there after the next start
    look_at_root
    [ "$failures" -eq 0 ] || refuse "nothing was changed: see FAILURE above"
}

look_at_camera() { # look_at_camera SOURCE: of the settings, or of --source
    local node
    case $1 in
        '' | picamera)
            for node in "$seen"/dev/media* "$seen"/dev/video*; do
                if [ -e "$node" ]; then finding ok "a camera's device is there"; return; fi
            done
            finding warning "no camera is seen: switch off, check the ribbon at both ends; rpicam-hello --list-cameras shows what is found" ;;
        /dev/*) [ -e "$seen$1" ] || finding warning "$1 is not there: plug the webcam in, or look for its name with v4l2-ctl --list-devices" ;;
        *://* | credential:*) ;;
        *[*?[]*) compgen -G "$seen$1" >/dev/null || finding warning "$1: nothing is called like that yet: the service will wait for it, out of order" ;;
        *[!0-9]*) [ -e "$seen$1" ] || finding warning "$1 is not there: the service will wait for it, out of order" ;;
        *) [ -e "$seen/dev/video$1" ] || finding warning "/dev/video$1 is not there: plug the webcam in" ;;
    esac
}

look_at_gpio() { # look_at_gpio PANEL
    local node
    case $1 in mock | none) return ;; esac
    for node in "$seen"/dev/gpiochip*; do
        if [ -e "$node" ]; then finding ok "a GPIO chip is there"; return; fi
    done
    finding warning "there is no GPIO chip, so the service cannot start with real pins: --panel mock, or [panel] kind in the settings"
}

look_at_others() { # programs that want the same camera or pins
    local other
    for other in pigpiod motion motioneye mjpg-streamer camera-streamer ustreamer webcamd crowsnest; do
        if systemctl is-active --quiet "$other.service" 2>/dev/null; then
            finding warning "$other runs, and may hold the camera or pins: sudo systemctl disable --now $other"
        fi
    done
}

preflight() { # preflight SOURCE PANEL
    say "looking at ${root:-this system}"
    look_at_os
    look_at_disk
    look_at_clock
    if [ -z "$root" ]; then
        look_at_systemd
        look_at_root
        look_at_model
        look_at_camera "$1"
        look_at_gpio "$2"
        look_at_others
    fi
    [ "$failures" -eq 0 ] || refuse "$failures thing(s) to mend first: see FAILURE above"
}
