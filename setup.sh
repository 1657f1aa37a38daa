#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MaskGate's one entry: try it on a desktop, run its tests, make a unit of a Raspberry Pi. `./setup.sh --help` lists it all.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
called_from=$PWD
cd "$here"
# shellcheck source=setup/common.sh
. setup/common.sh

usage() {
    cat <<'HELP'
./setup.sh VERB [ARGUMENTS]

On a desktop (Linux or macOS, Python 3.11 or later), in a .venv beside this file:
  demo [ARGUMENTS]      install what the unit needs and run the demo; arguments go to `maskgate demo`
  test [ARGUMENTS]      install the rest and run the linters and the quick tests; arguments go to pytest,
                        and with any the linters are left out (`./setup.sh test -m slow`, `./setup.sh test tests/door`)
  test-pi [ARGUMENTS]   the tests with real parts; needs root and Debian; arguments go to pytest. By default
                        systemd in containers (minutes); skipped with a reason where something is missing
    --all               also a whole machine with GPIO and camera, arm64 wheels, and a Pi 3's registers, all
                        emulated (half an hour, the first time an hour; 8 GB in ~/.cache/maskgate)

For a unit, on any machine:
  wheels FOLDER         fetch the packages that a unit needs into FOLDER, for install --offline
    --os trixie|bookworm    the unit's system (default: trixie)
    --arch aarch64|x86_64   the unit's processor (default: aarch64)
  card BOOT_PARTITION   make a flashed SD card install MaskGate at its first start (docs/flashing.md)
    --hostname NAME     the unit's name in the network (default: maskgate)
    --wifi NAME         join this Wi-Fi; the password is asked for, or read from --wifi-password-file FILE
    --country CC        where the Wi-Fi is: two letters (DE, GB, US); needed with --wifi
    --settings FILE     the unit's maskgate.toml
    --user NAME         make this user, with --ssh-key FILE to log in by
    --timezone ZONE     such as Europe/Berlin (default: UTC)
    --offline WHEELS    put the packages onto the card too: the unit then needs no network at its first start
    --dry-run           show the files instead of writing them

On the unit (64-bit Raspberry Pi OS or Debian, Bookworm or Trixie), as root:
  install               look at the system; install a release under /opt/maskgate, settings in
                        /etc/maskgate/maskgate.toml; start maskgate.service; end with `maskgate doctor`
    --source S          where frames come from, for a first installation (default: picamera);
                        a clip must lie outside /home and /tmp, which the service cannot see
    --panel P           gpio, mock or none, for a first installation (default: gpio)
    --offline WHEELS    take packages from this folder (see wheels), and .deb files from it too
    --image ROOT        install into a mounted or unpacked image instead; it starts at its first boot
    --dry-run           only print what would be done; needs no root. Ends with 1 where the real one would stop
  upgrade               the same over an older release: tried before it is used; if its service does not come up,
                        the older one runs again. Takes --offline and --dry-run
  rollback              back to the release before; again: forward. Takes --dry-run
  option                show the service's options; `option NAME on`, `option NAME off` change one:
    network             the service may use the network (set by itself where the settings name an address)
    reboot              start the machine again when the service fails thirty times within an hour
    hardware-watchdog   start the machine again when it hangs (14 s)
  uninstall             stop and remove the service and the program; settings stay
    --purge             remove the settings, what was kept, and the system user too
    --dry-run           only print what would be done; needs no root

Every verb can be run again; what is there already is kept. A verb that fails or is interrupted says why and what to do, and
leaves what ran before running; one at a time changes a unit. PYTHON=/path/to/python names the Python for a desktop.
/opt/maskgate/current/share/maskgate/setup.sh is this file on a unit, for rollback, option and uninstall.
HELP
}

verb=${1:---help}
[ $# -eq 0 ] || shift
for word in "$@"; do
    case $word in -h | --help) verb=--help ;; esac
done
case $verb in
    demo | test | test-pi)
        # shellcheck source=setup/desktop.sh
        . setup/desktop.sh
        "desktop_${verb//-/_}" "$@"
        ;;
    wheels | card)
        # shellcheck source=setup/desktop.sh
        . setup/desktop.sh
        # shellcheck source=setup/offline.sh
        . setup/offline.sh
        "offline_$verb" "$@"
        ;;
    install | upgrade | rollback | option | uninstall)
        # shellcheck source=setup/unit.sh
        . setup/unit.sh
        "unit_$verb" "$@"
        ;;
    -h | --help | help) usage ;;
    *) fail "there is no '$verb': ./setup.sh --help lists what there is" 2 ;;
esac
