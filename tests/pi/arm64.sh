#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The unit's own programs for arm64, run by emulation as a Pi 3's or Pi 4's processor: an instruction that such a board
# lacks is an illegal instruction here too. Needs root on Debian, with mmdebstrap, qemu-user-static and arch-test.
#
#   arm64.sh make SUITE WHEELS        Debian's root for arm64, and in it MaskGate's packages from WHEELS, once each
#   arm64.sh run SUITE CPU COMMAND…   a command in it, as cortex-a53 or cortex-a72; the checkout is at /src
#
# SUITE is trixie or bookworm. Roots lie in ${MASKGATE_CACHE:-~/.cache/maskgate}/arm64: 500 MB each, some minutes.
set -euo pipefail
verb=${1:?make or run} suite=${2:?trixie or bookworm}
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/pi/roots.sh
. "$here/roots.sh"
root=$cache_root/arm64/$suite

emulation() { # the kernel runs arm64 programs by qemu from now on; F: it keeps the interpreter, also inside a root
    local registry=/proc/sys/fs/binfmt_misc
    [ -e $registry/register ] || mount -t binfmt_misc binfmt_misc $registry
    grep -qs '^enabled' $registry/qemu-aarch64 || cat /usr/lib/binfmt.d/qemu-aarch64.conf >$registry/register
}

board() { # board CPU: what a board says of itself. With this machine's words the model runtime's look at its processor dies
    local part revision model folder=$root.board core
    case $1 in
        cortex-a53) part=0xd03 revision=a02082 model='3 Model B Rev 1.2' ;;
        cortex-a72) part=0xd08 revision=c03114 model='4 Model B Rev 1.4' ;;
        *) echo "no board with $1" >&2; exit 2 ;;
    esac
    mkdir -p "$folder/sys/devices/system/cpu"
    for core in possible present online; do echo 0-3 >"$folder/sys/devices/system/cpu/$core"; done
    for core in 0 1 2 3; do
        printf 'processor\t: %s\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\nCPU architecture: 8\n' $core
        printf 'CPU variant\t: 0x0\nCPU part\t: %s\nCPU revision\t: 3\n\n' $part
    done >"$folder/cpuinfo"
    printf 'Revision\t: %s\nModel\t\t: Raspberry Pi %s\n' $revision "$model" >>"$folder/cpuinfo"
}

as_board() { # as_board CPU COMMAND…
    emulation
    board "$1"
    QEMU_CPU=$1 SRC=${SRC:-$here/../..} in_root "$root" "$suite" "${@:2}"
}

make() { # make WHEELS
    emulation
    # Not apt's numpy: its installation compiles every module, twenty minutes under emulation. The wheel of that version will do.
    make_root "$root" "$suite" arm64 python3,python3-venv,ca-certificates
    [ -e "$root/opt/unit/complete" ] && return
    note "installing the aarch64 wheels"
    rm -rf "$root/opt/unit"
    SRC=$1 as_board cortex-a72 sh -ec 'python3 -m venv --system-site-packages /opt/unit
        /opt/unit/bin/pip install --quiet --no-compile --no-deps --no-index --find-links /src /src/*.whl
        touch /opt/unit/complete' >&2
}

case $verb in
    make) make "${1:?folder of wheels}" ;;
    run) as_board "$@" ;;
    *) echo "no verb $verb" >&2; exit 2 ;;
esac
