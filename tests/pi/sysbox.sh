#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A real systemd of Debian Trixie or Bookworm in a container, to try the service in. Needs root on Debian, with
# mmdebstrap, systemd-container and procps installed.
#
#   sysbox.sh up NAME FOLDER      a fresh machine with FOLDER at /src (read-only); returns when it has booted
#   sysbox.sh run NAME COMMAND…   a command in it; exits with the command's status
#   sysbox.sh down NAME           switch it off and forget what was changed in it
#   sysbox.sh unpack NAME FOLDER  the bare system in FOLDER, as an image would be, not switched on
#
# NAME is a suite (trixie, bookworm), or a suite and a word (trixie-kills) for a machine beside others of that suite. The
# bare system is made once and kept in ${MASKGATE_CACHE:-~/.cache/maskgate}/sysbox. A machine that nobody switches off
# ends after half an hour.
set -euo pipefail
verb=${1:?up, run or down} name=${2:?trixie or bookworm} suite=${2%%-*}
shift 2
# shellcheck source=tests/pi/roots.sh
. "$(dirname "${BASH_SOURCE[0]}")/roots.sh"
cache=$cache_root/sysbox
base=$cache/base-$suite root=$cache/root-$name outside=$cache/$name.pid
packages=systemd,systemd-sysv,dbus,python3,python3-venv,python3-numpy,ca-certificates,procps,passwd
mkdir -p "$cache"

init_pid() { # this machine's number for the container's init
    local pid
    pid=$(pgrep -P "$(cat "$outside" 2>/dev/null || echo 0)" -x systemd-nspawn) || return 1
    pgrep -P "$pid" -x 'systemd|init'
}

inside() {
    local pid variables
    pid=$(init_pid) || { echo "$name is not up" >&2; exit 125; }
    mapfile -t variables < <(env | grep '^PIP_' || true)
    nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup -- env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${variables[@]}" "$@"
}

bind() { # bind FILE|FOLDER [WHERE]: this machine's, read-only, at the same place inside
    local where=${2:-$1}
    [ -e "$1" ] || return 0
    if [ -d "$1" ]; then
        mkdir -p "$root$where"
    elif [ ! -e "$root$where" ]; then
        mkdir -p "$(dirname "$root$where")"
        : >"$root$where"
    fi
    binds+=(--bind-ro="$1:$where")
}

up() {
    local binds=() folder=$1 source
    down
    make_root "$base" "$suite" amd64 "$packages"
    cp -a --reflink=auto "$base" "$root"
    apt_sources "$suite" >"$cache/$name.list"
    echo 'Acquire::Check-Valid-Until "false"; Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/90sysbox"
    bind "$cache/$name.list" /etc/apt/sources.list
    bind "$folder" /src
    bind /etc/resolv.conf
    bind /etc/ssl/certs/ca-certificates.crt
    bind /etc/pip.conf
    for source in "$HOME/.config/pip/pip.conf" "$HOME/.pip/pip.conf"; do bind "$source" "/root${source#"$HOME"}"; done
    while read -r source; do [ ! -d "$source" ] || bind "$source"; done < <(pip_folders)
    # systemd 257 does not boot under cgroup v1: show it a pure cgroup2 tree, in a mount namespace of its own. The
    # capabilities and bpf let it carry out DeviceAllow and IPAddressDeny, which otherwise do nothing.
    # shellcheck disable=SC2016
    setsid unshare --mount bash -c '
        set -e
        mount --make-rprivate /
        [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir -p "/sys/fs/cgroup/sysbox-$1"
        echo $$ >"/sys/fs/cgroup/sysbox-$1/cgroup.procs"
        echo $$ >"$2"
        shift 2
        exec timeout --foreground --kill-after=10 1800 "$@"' _ "$name" "$outside" \
        systemd-nspawn --quiet --boot --directory="$root" --machine="sysbox-$name" --keep-unit --register=no \
        --console=read-only --kill-signal=SIGRTMIN+3 --resolv-conf=off --timezone=off \
        --system-call-filter=bpf --capability=CAP_BPF,CAP_NET_ADMIN,CAP_PERFMON "${binds[@]}" \
        </dev/null >"$cache/$name.console" 2>&1 &
    for _ in $(seq 240); do
        if init_pid >/dev/null && [ -S "/proc/$(init_pid)/root/run/dbus/system_bus_socket" ]; then
            inside systemctl is-system-running --wait >&2 || true
            return 0
        fi
        sleep 0.5
    done
    tail -n 30 "$cache/$name.console" >&2
    echo "$name did not boot" >&2
    return 1
}

down() {
    local pid
    if pid=$(init_pid); then
        kill -KILL "$pid" # nothing in it is kept, so nothing need be saved
        for _ in $(seq 50); do [ -d "/proc/$(cat "$outside")" ] || break; sleep 0.2; done
    fi
    rm -rf --one-file-system "$root" "$outside"
}

case $verb in
    up) up "${1:?folder}" ;;
    run) inside "$@" ;;
    down) down ;;
    unpack)
        make_root "$base" "$suite" amd64 "$packages"
        cp -a --reflink=auto "$base/." "${1:?folder}/"
        ;;
    *) echo "no verb $verb" >&2; exit 2 ;;
esac
