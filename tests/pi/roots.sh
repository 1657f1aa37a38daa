# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Root file systems for the machines of tests/pi, made once from Debian's packages and kept outside the repository, in
# ${MASKGATE_CACHE:-~/.cache/maskgate}. Sourced by the scripts beside it. Packages come from wherever this machine's own
# apt and pip get theirs; nothing of that stays inside a root.
# shellcheck disable=SC2034
cache_root=${MASKGATE_CACHE:-$HOME/.cache/maskgate}

note() { printf '    %4d s  %s\n' "$SECONDS" "$*" >&2; }

apt_sources() { # apt_sources SUITE: the archives of this machine's apt, for that suite
    local suite=$1 key=/usr/share/keyrings/debian-archive-keyring.gpg uri release
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE)' 'Created-By: Packages' | sed -n 's/^Debian //p' |
        sort -u | while read -r uri release; do
        case $release in
            *security*) echo "deb [signed-by=$key] $uri $suite-security main" ;;
            *updates* | *backports* | *proposed*) ;;
            *) echo "deb [signed-by=$key] $uri $suite main" ;;
        esac
    done | sort -u
}

pip_folders() { # local folders that this machine's pip takes packages from
    python3 -m pip config list 2>/dev/null | grep -oE "(file://)?/[^ '\\\\]+" | sed 's#^file://##; s#/simple/*$##' | sort -u
}

make_root() { # make_root FOLDER SUITE ARCHITECTURE PACKAGES [OPTIONS OF mmdebstrap]: unpacked, once
    local folder=$1 suite=$2 architecture=$3 packages=$4
    shift 4
    mkdir -p "$(dirname "$folder")"
    exec 8>"$folder.lock" # two tests may want the same root at once
    flock 8
    if [ -e "$folder/complete" ]; then exec 8>&-; return; fi
    note "making $folder ($suite, $architecture)"
    rm -rf --one-file-system "$folder" "$folder.part"
    apt_sources "$suite" | INITRD=No timeout 3600 mmdebstrap --quiet --mode=root --variant=minbase --architectures="$architecture" \
        --include="$packages" --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' \
        --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$@" \
        "$suite" "$folder.part" - >&2
    mkdir -p "$folder.part/etc/apt"
    : >"$folder.part/etc/apt/sources.list"
    : >"$folder.part/complete"
    mv "$folder.part" "$folder"
    exec 8>&-
}

in_root() { # in_root ROOT SUITE COMMAND…: run it there, in mounts of its own, with this machine's ways to packages
    local root=$1 suite=$2 lines variables
    shift 2
    apt_sources "$suite" >"$root.apt"
    pip_folders >"$root.pip"
    mapfile -t variables < <(env | grep -E '^(PIP_|QEMU_CPU=)' || true)
    # shellcheck disable=SC2016
    lines='
        root=$1 source=$2; shift 2
        show() { # show FILE|FOLDER [WHERE]
            local where=$root${2:-$1}
            [ -e "$1" ] || return 0
            if [ -d "$1" ]; then mkdir -p "$where"; elif [ ! -e "$where" ]; then mkdir -p "${where%/*}"; : >"$where"; fi
            mount --bind "$1" "$where" && mount -o remount,ro,bind "$where"
        }
        mount --make-rprivate /
        mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount -t tmpfs tmp "$root/tmp"
        # Not the /sys of this machine: under emulation it describes the wrong processor.
        mount -t tmpfs sys "$root/sys"
        if [ -d "$root.board" ]; then show "$root.board/cpuinfo" /proc/cpuinfo; cp -a "$root.board/sys/." "$root/sys/"; fi
        show /etc/resolv.conf; show /etc/ssl/certs/ca-certificates.crt; show /etc/pip.conf; show "$root.apt" /etc/apt/sources.list
        for file in "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do show "$file" "/root${file#"$HOME"}"; done
        while read -r folder; do show "$folder"; done <"$root.pip"
        [ -z "$source" ] || show "$source" /src
        exec chroot "$root" "$@"'
    unshare --mount --pid --fork --kill-child bash -ec "$lines" _ "$root" "${SRC:-}" /usr/bin/env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive "${variables[@]}" "$@"
}
