#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the emulated Raspberry Pi 3B boots: Debian's kernel for arm64 with its driver of the BCM2837's pins, and an initrd
# with Python, gpiozero, lgpio and MaskGate's panel. Nothing for arm64 is run to make it. Needs root on Debian, with
# mmdebstrap, qemu-system-arm, cpio, unzip and device-tree-compiler installed.
#
#   board.sh make WHEELS OUT    kernel, device tree and root are kept in ${MASKGATE_CACHE:-~/.cache/maskgate}/board; the
#                               initrd with this checkout's panel goes into the folder OUT
set -euo pipefail
[ "${1:-}" = make ] || { echo "board.sh make WHEELS OUT" >&2; exit 2; }
wheels=$2 out=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/pi/roots.sh
. "$here/roots.sh"
cache=$cache_root/board tree=bcm2837-rpi-3-b.dtb

if [ ! -e "$cache/kernel" ]; then
    make_root "$cache/linux" bookworm arm64 linux-image-arm64 --variant=extract
    find "$cache/linux" -name $tree -exec cp {} "$cache/$tree" \;
    # On a board the firmware writes its revision here, and gpiozero asks for it.
    fdtput --auto-path --type x "$cache/$tree" /system linux,revision a02082
    cp "$cache"/linux/boot/vmlinuz-* "$cache/kernel.part"
    mv "$cache/kernel.part" "$cache/kernel"
    rm -rf --one-file-system "$cache/linux"
fi
if [ ! -e "$cache/python.cpio" ]; then
    make_root "$cache/python" bookworm arm64 python3,busybox-static --variant=extract
    (cd "$cache/python" && find . \( -path ./usr/share -o -path ./boot -o -path ./var -o -name test -o -name idlelib -o -name lib2to3 \) -prune -o -print |
        cpio --create --format=newc --quiet) >"$cache/python.cpio.part"
    mv "$cache/python.cpio.part" "$cache/python.cpio"
    rm -rf --one-file-system "$cache/python"
fi

mkdir -p "$out/files/wheels" "$out/files/maskgate"
for wheel in gpiozero colorzero lgpio msgspec; do unzip -q -o "$wheels/$wheel"-*.whl -d "$out/files/wheels"; done
cp -R "$here/../../edge" "$out/files/maskgate/"
rm -rf "$out/files/maskgate/edge/models" "$out/files/maskgate/edge/demo"
cp "$here/board/init" "$here/board/steps.py" "$out/files/"
chmod +x "$out/files/init"
# The kernel takes archives one behind the other.
{ cat "$cache/python.cpio"; cd "$out/files" && find . | cpio --create --format=newc --quiet; } | gzip -1 >"$out/initrd"
