#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A whole x86 machine of Debian Trixie to try the unit on: its own kernel with a GPIO chip, systemd, and Picamera2 on
# libcamera's virtual camera. `guest.sh build` makes kernel, initrd and disk, once; guest_machine.py switches it on.
# Needs root on Debian, with mmdebstrap, qemu-system-x86, seabios, e2fsprogs, cpio, kmod and xz-utils installed.
#
# Everything lies in ${MASKGATE_CACHE:-~/.cache/maskgate}/guest: about 3 GB, some minutes. Remove it to make it anew.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/pi/roots.sh
. "$here/roots.sh"
cache=$cache_root/guest root=$cache/root
packages=systemd,systemd-sysv,dbus,udev,kmod,procps,passwd,ca-certificates,busybox-static,qemu-guest-agent,linux-image-amd64
packages=$packages,python3,python3-venv,python3-libcamera,libcamera-ipa,python3-numpy,python3-pil,python3-prctl
packages=$packages,python3-libarchive-c,python3-piexif,python3-jsonschema,python3-tqdm,python3-av

make_parts() { # what Debian has not, see guest/parts.sh
    [ -e "$cache/parts/python3-picamera2.deb" ] && return
    note "building the GPIO chip, lgpio and Picamera2"
    rm -rf --one-file-system "$cache/builder" "$cache/parts"
    cp -a --reflink=auto "$cache/bare" "$cache/builder"
    SRC=$here/../.. in_root "$cache/builder" trixie sh /src/tests/pi/guest/parts.sh >"$cache/parts.log" 2>&1 ||
        { tail -n 20 "$cache/parts.log" >&2; return 1; }
    mv "$cache/builder/parts" "$cache/parts"
    rm -rf --one-file-system "$cache/builder"
}

make_initrd() { # make_initrd KERNEL: busybox, and the modules that find the disk
    local folder=$cache/initrd.d module file
    rm -rf "$folder"
    mkdir -p "$folder"/{bin,dev,proc,sys,mnt,lib}
    cp "$root/usr/bin/busybox" "$folder/bin/"
    {
        cat <<'INIT'
#!/bin/busybox sh
busybox=/bin/busybox
$busybox mount -t devtmpfs dev /dev
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sys /sys
INIT
        for module in virtio_pci virtio_blk ext4; do
            modprobe -d "$root" -S "$1" --show-depends "$module" | sed -n 's/^insmod //p'
        done | awk '!seen[$1]++ {print $1}' | while read -r file; do
            xz --decompress --stdout "$file" >"$folder/lib/$(basename "$file" .xz)"
            echo "\$busybox insmod /lib/$(basename "$file" .xz)"
        done
        cat <<'INIT'
tries=0
until [ -b /dev/vda ] || [ $tries -ge 100 ]; do $busybox sleep 0.1; tries=$((tries + 1)); done
$busybox mount -t ext4 /dev/vda /mnt || exec $busybox sh
for it in dev proc sys; do $busybox mount -o move /$it /mnt/$it; done
exec $busybox switch_root /mnt /sbin/init
INIT
    } >"$folder/init"
    chmod +x "$folder/init"
    (cd "$folder" && find . | cpio --create --format=newc --quiet | gzip -1) >"$cache/initrd"
    rm -rf "$folder"
}

fill_root() { # fill_root KERNEL: what makes a bare Trixie this machine
    install -D -m 644 "$cache/parts/gpio-sim.ko" "$root/usr/lib/modules/$1/updates/gpio-sim.ko"
    depmod -b "$root" "$1"
    cp "$cache"/parts/*.deb "$root/root/"
    in_root "$root" trixie sh -ec 'dpkg --install /root/*.deb; rm /root/*.deb
        echo guest >/etc/hostname; : >/etc/machine-id; mkdir -p /src
        systemctl enable --quiet header.service
        systemctl set-default --quiet multi-user.target
        systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
            systemd-timesyncd.service e2scrub_reap.service' >"$cache/fill.log" 2>&1 || { tail -n 20 "$cache/fill.log" >&2; return 1; }
    printf '/dev/vda / ext4 rw,noatime 0 0\nsrc /src 9p trans=virtio,version=9p2000.L,msize=262144,ro,nofail 0 0\n' >"$root/etc/fstab"
    mkdir -p "$root/var/log/journal"
}

build() {
    local kernel
    [ -e "$cache/disk" ] && return
    make_root "$cache/bare" trixie amd64 "$packages"
    make_parts
    note "filling the disk"
    rm -rf --one-file-system "$root"
    cp -a --reflink=auto "$cache/bare" "$root"
    cp -a "$here/guest/files/." "$root/"
    mkdir -p "$root/var/lib/door" # the camera's scene is put there; git keeps no empty folder
    chown -R 0:0 "$root/etc/systemd" "$root/etc/udev" "$root/usr/local"
    kernel=$(ls "$root/usr/lib/modules")
    fill_root "$kernel"
    cp "$root/boot/vmlinuz-$kernel" "$cache/kernel"
    make_initrd "$kernel"
    rm -f "$root"/boot/vmlinuz* "$root"/boot/initrd* "$root/complete"
    truncate -s 4G "$cache/disk.part"
    mke2fs -q -t ext4 -d "$root" "$cache/disk.part"
    rm -rf --one-file-system "$root"
    mv "$cache/disk.part" "$cache/disk"
    note "the guest is made: $(du -m "$cache/disk" | cut -f1) MB"
}

case ${1:-} in
    build)
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        flock 9
        build
        ;;
    *)
        echo "guest.sh build" >&2
        exit 2
        ;;
esac
