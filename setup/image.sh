# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Installing into an image: a Raspberry Pi OS that is mounted or unpacked in a folder, on a machine that can run its
# programs (its own architecture, or qemu-user-static). What is mounted for that is gone when a command ends.

in_image() { # in_image COMMAND...: in $root, with /proc, /dev, this machine's name lookup, and $wheels at /tmp/wheels
    local variables
    mapfile -t variables < <(env | grep '^PIP_' || true)
    # shellcheck disable=SC2016
    unshare --mount --pid --fork --kill-child bash -ec '
        root=$1 wheels=$2
        shift 2
        mount --make-rprivate /
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs tmp "$root/tmp"
        mount -t tmpfs run "$root/run"
        names=$root/etc/resolv.conf
        if [ -L "$names" ]; then # to somewhere in /run, as a rule, which is empty here
            link=$(readlink "$names")
            case $link in /*) names=$root$link ;; *) names=$root/etc/$link ;; esac
            names=$(realpath -ms "$names")
            case $names in "$root"/*) ;; *) names= ;; esac # nothing outside of the image is touched
            if [ -n "$names" ] && [ ! -e "$names" ]; then
                mkdir -p "${names%/*}"
                : >"$names"
            fi
        fi
        [ ! -f "$names" ] || [ ! -f /etc/resolv.conf ] || mount --bind /etc/resolv.conf "$names"
        if [ -n "$wheels" ]; then
            mkdir "$root/tmp/wheels"
            mount --bind "$wheels" "$root/tmp/wheels"
        fi
        exec chroot "$root" "$@"' _ "$root" "$wheels" \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        "${variables[@]}" "$@"
}

open_image() { # open_image FOLDER: check it, and set $root
    [ -d "$1" ] || fail "--image $1: there is no such folder; mount the image's root partition, or unpack it, and name that" 2
    root=$(cd "$1" && pwd)
    [ "$root" != / ] || fail "--image /: that is this system; leave --image out" 2
    [ -e "$root/etc/os-release" ] && [ -d "$root/usr" ] ||
        fail "--image $1: there is no system in it (no etc/os-release); mount the second partition of the image, not the first" 2
    if [ -z "$dry" ] && ! in_image /bin/true 2>/dev/null; then
        fail "--image $1: this machine cannot run its programs; sudo apt install qemu-user-static, then run the same command again"
    fi
}
