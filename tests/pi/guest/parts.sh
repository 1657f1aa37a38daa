#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs inside a throwaway copy of the guest's root: makes what a Pi has and plain Debian has not, into /parts.
#
#   gpio-sim.ko                the kernel's simulated GPIO chip (Debian builds its kernel without it)
#   python3-lgpio.deb          as Raspberry Pi OS has them in apt; made of the registry's packages
#   python3-picamera2.deb
set -eu
kernel=$(ls /usr/lib/modules)
apt-get update -qq
apt-get install -y -qq --no-install-recommends "linux-headers-$kernel" linux-source-6.12 make gcc libc6-dev xz-utils \
    swig python3-dev python3-pip >/dev/null
mkdir -p /parts /work
cd /work

# A Raspberry Pi's kernel leaves a pin as it was when its owner dies (raspberrypi/linux#6117). The simulated chip
# forgets the level instead, which would let every test of the safe state pass by itself: so its `free` is left out.
tar -xJf /usr/src/linux-source-6.12.tar.xz --strip-components=1 linux-source-6.12/drivers/gpio linux-source-6.12/kernel/irq/irq_sim.c
mkdir -p module
cp drivers/gpio/*.h kernel/irq/irq_sim.c module/
sed '/->free = gpio_sim_free;/d; s/^static void gpio_sim_free/static void __maybe_unused gpio_sim_free/' drivers/gpio/gpio-sim.c >module/sim.c
grep -q '__maybe_unused gpio_sim_free' module/sim.c
if grep -q '>free = gpio_sim_free' module/sim.c; then exit 1; fi
# CONFIG_IRQ_SIM is off as well, so its file comes along; what it calls for a descriptor is not exported to modules.
sed -i 's/irq_to_desc(\([a-z]*\))/irq_data_to_desc(irq_get_irq_data(\1))/; s/^#include <linux.irq.h>/&\n#include <linux\/irqdesc.h>/' module/irq_sim.c
# shellcheck disable=SC2016
printf 'obj-m := gpio-sim.o\ngpio-sim-y := sim.o irq_sim.o\nccflags-y := -I$(src)\n' >module/Kbuild
make -s -C "/usr/lib/modules/$kernel/build" M=/work/module modules
cp module/gpio-sim.ko /parts/

package() { # package NAME VERSION DEPENDS REQUIREMENT…
    name=$1 version=$2 depends=$3
    shift 3
    mkdir -p "$name/DEBIAN" "$name/usr/lib/python3/dist-packages"
    # PYPI=1: lgpio then brings the C library along instead of looking for the system's.
    PYPI=1 python3 -m pip install --quiet --no-deps --no-compile --target "$name/usr/lib/python3/dist-packages" "$@"
    rm -rf "$name/usr/lib/python3/dist-packages/bin"
    [ "$name" != python3-picamera2 ] || cp /src/tests/pi/guest/pykms.py "$name/usr/lib/python3/dist-packages/"
    printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: none\nDepends: %s\nDescription: stand-in\n' \
        "$name" "$version" "$depends" >"$name/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$name" "/parts/$name.deb" >/dev/null
}
package python3-lgpio 0.2.2.0 python3 lgpio==0.2.2.0
package python3-picamera2 0.3.38 'python3-libcamera, python3-numpy, python3-pil, python3-prctl, python3-libarchive-c, python3-piexif, python3-jsonschema, python3-tqdm, python3-av' \
    picamera2==0.3.38 simplejpeg OpenEXR PiDNG videodev2
ls -l /parts
