#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# MaskGate's one entry: try it on a desktop, run its tests, make a unit of a Raspberry Pi. `./setup.sh --help` lists it all.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
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
  test-pi [ARGUMENTS]   the tests with real parts (systemd in a container); needs root and Debian; arguments go to pytest

On the unit (64-bit Raspberry Pi OS or Debian, Bookworm or Trixie), as root:
  install               install under /opt/maskgate, settings in /etc/maskgate/maskgate.toml, start maskgate.service
    --source S          where frames come from, for a first installation (default: picamera);
                        a clip must lie outside /home and /tmp, which the service cannot see
    --panel P           gpio, mock or none, for a first installation (default: gpio)
    --dry-run           only print what would be done; needs no root
  uninstall             stop and remove the service and the program; settings stay
    --purge             remove the settings and the system user too
    --dry-run           only print what would be done; needs no root

Every verb can be run again; what is there already is kept. PYTHON=/path/to/python names the Python for a desktop.
HELP
}

verb=${1:---help}
[ $# -eq 0 ] || shift
case $verb in
    demo | test | test-pi)
        # shellcheck source=setup/desktop.sh
        . setup/desktop.sh
        "desktop_${verb//-/_}" "$@"
        ;;
    install | uninstall)
        # shellcheck source=setup/unit.sh
        . setup/unit.sh
        "unit_$verb" "$@"
        ;;
    -h | --help | help) usage ;;
    *) fail "there is no '$verb': ./setup.sh --help lists what there is" 2 ;;
esac
