# SPDX-License-Identifier: Apache-2.0
"""Makes a flashed card of the stock Trixie image install MaskGate at its first start: `./setup.sh card BOOT_PARTITION`.

The image carries cloud-init, which reads three files from the boot partition. They are written here, and beside them
goes `maskgate.tar.gz`, this checkout as the unit needs it. Nothing else on the card is touched. Only the standard
library is needed, so that any Python 3.11 will do; with that of .venv the values of `--settings` are checked, too.

* `user-data`: name, time zone, user, settings, and the one command that installs.
* `network-config`: cable, and Wi-Fi where it is asked for.
* `meta-data`: a new identity, so that a card that was written again is a new unit for cloud-init.
"""

from __future__ import annotations

import argparse
import getpass
import gzip
import hashlib
import io
import json
import re
import shutil
import sys
import tarfile
import time
import tomllib
import zoneinfo
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PARTS = ("edge", "trainer", "convert", "setup", "setup.sh", "systemd", "constraints", "pyproject.toml", "README.md", "LICENSE")
"""What setup/release.sh makes a release of."""
BOOT = "/boot/firmware"
"""Where the unit has the boot partition."""
ON_UNIT = "/usr/local/src/maskgate"

DEBS = ("python3-picamera2", "python3-lgpio")
"""What the Lite image lacks, and no wheel replaces: without them an installation goes well, and has neither Pi camera nor pins."""
BESIDE_DEBS = ("lock", "partial")
"""apt leaves these two beside its .deb files, for root's eyes only."""

NOT_AGAIN = "[ -e /opt/maskgate/current ] || [ $i -ge 5 ]"
"""This is run at the first start only, and nobody may be able to log in: a network that fails for a moment must not leave the card as it
is. A release that was installed and does not start is told in the log, and tried on by its service."""
NOBODY_ASKED = "! systemctl is-enabled --quiet userconfig.service || systemctl mask --now --no-block userconfig.service"
"""Takes back Raspberry Pi OS's question for a first user. multi-user.target waits for the answer, and cloud-init's last stage for
multi-user.target. (With a user of its own, cloud-init takes it back itself.)"""


class WrongError(ValueError):
    """An argument is wrong; the text says what would be right."""


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./setup.sh card", description="Make a flashed SD card install MaskGate at its first start.")
    parser.add_argument("boot", type=Path, metavar="BOOT_PARTITION", help="where the card's first partition is mounted")
    parser.add_argument("--hostname", default="maskgate", help="the unit's name in the network (default: maskgate)")
    parser.add_argument("--wifi", metavar="NAME", help="join this Wi-Fi")
    parser.add_argument("--wifi-password-file", type=Path, metavar="FILE", help="its password (default: asked for)")
    parser.add_argument("--country", metavar="CC", help="where the Wi-Fi is: DE, GB, US …")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="the unit's maskgate.toml")
    parser.add_argument("--user", metavar="NAME", help="make this user, for maintenance")
    parser.add_argument("--ssh-key", type=Path, metavar="FILE", help="the public key to log in with")
    parser.add_argument("--timezone", default="Etc/UTC", metavar="ZONE", help="such as Europe/Berlin (default: UTC)")
    parser.add_argument("--offline", type=Path, metavar="WHEELS", help="put these packages onto the card (./setup.sh wheels)")
    parser.add_argument("--dry-run", action="store_true", help="show the files instead of writing them")
    return parser.parse_args(words)


def check(given: argparse.Namespace) -> None:
    """Raises WrongError for what cannot work, before anything is written."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", given.hostname):
        raise WrongError(f"--hostname {given.hostname}: expected small letters, digits and hyphens, 63 at most")
    if given.wifi is not None and not 1 <= len(given.wifi.encode()) <= 32:
        raise WrongError("--wifi: a Wi-Fi's name has 1 to 32 bytes")
    if given.wifi is not None and not re.fullmatch(r"[A-Z]{2}", given.country or ""):
        raise WrongError("--wifi needs --country and two capital letters (DE, GB, US): without it the radio stays off")
    if given.user is not None and not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", given.user):
        raise WrongError(f"--user {given.user}: expected small letters, digits, - and _")
    if (given.user is None) != (given.ssh_key is None):
        raise WrongError("--user and --ssh-key belong together: nobody logs in by password")
    if given.ssh_key is not None and not re.match(r"(ssh-|ecdsa-|sk-)\S+ \S+", read(given.ssh_key, "--ssh-key")):
        raise WrongError(f"--ssh-key {given.ssh_key}: this is no public key; name the file that ends in .pub")
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", given.timezone):
        raise WrongError(f"--timezone {given.timezone}: expected a name such as Europe/Berlin")
    known = zoneinfo.available_timezones()  # none at all where a computer keeps no list of them
    if known and given.timezone not in known:
        raise WrongError(f"--timezone {given.timezone}: there is no such time zone; expected a name such as Europe/Berlin")
    if given.settings is not None:
        check_settings(given.settings)
    if given.offline is not None and not any(given.offline.glob("*.whl")):
        raise WrongError(f"--offline {given.offline}: there are no packages in it; ./setup.sh wheels makes such a folder")
    if not given.dry_run and not ((given.boot / "config.txt").is_file() and (given.boot / "cmdline.txt").is_file()):
        raise WrongError(f"{given.boot}: this is no boot partition of Raspberry Pi OS (no config.txt and cmdline.txt); "
                         "flash the image, put the card in again, and name its first partition")


def check_settings(path: Path) -> None:
    """As `maskgate config check` does, but for models that are named: those lie on the unit, and not here."""
    try:
        table = tomllib.loads(read(path, "--settings"))
    except tomllib.TOMLDecodeError as error:
        raise WrongError(f"--settings {path}: this is no TOML: {error}") from error
    sys.path.insert(0, str(PROJECT))
    try:
        from edge.errors import MaskGateError
        from edge.settings_file import settings_from
    except ImportError as error:  # msgspec, as a rule
        print(f"==> --settings {path}: its values are NOT checked, since this Python has no {error.name}: after `./setup.sh demo`,\n"
              "    which makes a .venv, this command checks them, and so does `.venv/bin/maskgate config check FILE`", file=sys.stderr)
        return
    try:
        settings_from(table, where=str(path))
    except MaskGateError as error:
        raise WrongError(f"--settings {path}: wrong, as the unit would find; nothing was written\n{error}") from error


def read(path: Path, what: str) -> str:
    try:
        if path.is_char_device():  # /dev/zero never ends; a pipe may be a password manager's: --wifi-password-file <(pass hall)
            raise WrongError(f"{what} {path}: this is a device; expected a file")
        return path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except (OSError, UnicodeDecodeError) as error:
        raise WrongError(f"{what} {path}: cannot be read ({error})") from error


def told_of_packages(folder: Path) -> str:
    """What is missing in the folder of `--offline`, as setup/packages.sh looks for it there; empty if nothing is."""
    there = {path.name.partition("_")[0] for pattern in ("*.deb", "*/*.deb") for path in folder.glob(pattern)}
    missing = [package for package in DEBS if package not in there]
    if not missing:
        return ""
    return (f"==> --offline {folder}: no .deb file of {' and '.join(missing)}: unless the image has what is missing, the unit will have "
            "no Pi camera (picamera2), no lamps, buzzer and relay (lgpio).\n"
            '    docs/flashing.md, "Without a network", says how to fetch them; then run the same command again')


def on_card(folder: Path) -> list[Path]:
    """The files of `--offline` that go onto the card."""
    return [path for path in folder.rglob("*") if path.is_file() and not set(BESIDE_DEBS) & set(path.relative_to(folder).parts)]


def wifi_key(name: str, password: str) -> str:
    """What WPA makes of a password (IEEE 802.11i, annex H.4), so that the card does not hold the password itself.

    >>> wifi_key("IEEE", "password")
    'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e'
    """
    if re.fullmatch(r"[0-9a-f]{64}", password):
        return password
    if not 8 <= len(password) <= 63 or not password.isascii():
        raise WrongError("the Wi-Fi's password: expected 8 to 63 plain characters")
    return hashlib.pbkdf2_hmac("sha1", password.encode(), name.encode(), 4096, 32).hex()


def quoted(value: object) -> str:
    """As JSON, which is YAML too: no name and no setting can break out of its line."""
    return json.dumps(value, ensure_ascii=False)


def user_data(given: argparse.Namespace) -> str:
    """The cloud-config of the unit."""
    lines = ["#cloud-config", "# Written by MaskGate's ./setup.sh card. Read once, at the first start.",
             f"hostname: {given.hostname}", "manage_etc_hosts: true", f"timezone: {given.timezone}"]
    if given.user is not None:
        lines += ["users:", f"  - name: {given.user}", "    groups: [adm, sudo, video, gpio, plugdev]", "    shell: /bin/bash", "    lock_passwd: true",
                  "    sudo: ALL=(ALL) NOPASSWD:ALL", "    ssh_authorized_keys:", f"      - {quoted(read(given.ssh_key, '--ssh-key').strip())}",
                  "ssh_pwauth: false"]
    else:  # the image asks for one on its screen, and nothing below is done before somebody answers
        lines += ["# Nobody is asked for a user.", "bootcmd:", f"  - {quoted(['sh', '-c', NOBODY_ASKED])}"]
    if given.settings is not None:
        lines += ["write_files:", "  - path: /etc/maskgate/maskgate.toml", "    permissions: '0640'",
                  f"    content: {quoted(read(given.settings, '--settings'))}"]
    more = f" --offline {BOOT}/maskgate-packages" if given.offline is not None else ""
    lines += ["# The clock first: a Pi wakes in the past, and then no certificate is valid yet." if not more else "# Needs no network.", "runcmd:"]
    if not more:
        lines.append(f"  - {quoted(['sh', '-c', 'i=0; until timedatectl show -p NTPSynchronized --value | grep -q yes || [ $i -ge 120 ]; do sleep 5; i=$((i+1)); done'])}")
    if given.user is not None:  # off in the stock image
        lines.append(f"  - {quoted(['systemctl', 'enable', '--now', 'ssh'])}")
    lines += [f"  - {quoted(['mkdir', '-p', ON_UNIT])}",
              f"  - {quoted(['tar', '-xzf', f'{BOOT}/maskgate.tar.gz', '-C', ON_UNIT])}",
              f"  - {quoted(['sh', '-c', f'i=0; until {ON_UNIT}/setup.sh install{more} >{BOOT}/maskgate-install.log 2>&1 || {NOT_AGAIN}; do sleep 60; i=$((i+1)); done'])}"]
    return "\n".join(lines) + "\n"


def network_config(given: argparse.Namespace, key: str) -> str:
    """Netplan's version 2: a cable if there is one, and the Wi-Fi; neither holds up the start."""
    lines = ["network:", "  version: 2", "  ethernets:", "    eth0:", "      dhcp4: true", "      optional: true"]
    if given.wifi is not None:
        lines += ["  wifis:", "    wlan0:", "      dhcp4: true", "      optional: true", f"      regulatory-domain: {quoted(given.country)}",
                  "      access-points:", f"        {quoted(given.wifi)}:", f"          password: {quoted(key)}"]
    return "\n".join(lines) + "\n"


def archive() -> bytes:
    """This checkout as the unit needs it; the same sources give the same bytes."""
    def clean(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if "__pycache__" in member.name:
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for part in PARTS:
            tar.add(PROJECT / part, part, filter=clean)
    return out.getvalue()


def asked(wifi: str) -> str:
    """The password, typed unseen. Raises WrongError where nobody is there to type it, or they think better of it."""
    if not sys.stdin.isatty():
        raise WrongError("the Wi-Fi's password: there is no terminal to ask for it; name a file that holds it with --wifi-password-file")
    try:
        return getpass.getpass(f"Password of the Wi-Fi {wifi}: ")
    except (EOFError, KeyboardInterrupt) as error:
        raise WrongError("the Wi-Fi's password: none was given; nothing was written") from error


def files(given: argparse.Namespace) -> dict[str, str]:
    """The three files of cloud-init, by name."""
    key = ""
    if given.wifi is not None:
        password = read(given.wifi_password_file, "--wifi-password-file").strip("\r\n") if given.wifi_password_file is not None \
            else asked(given.wifi)
        key = wifi_key(given.wifi, password)
    return {"user-data": user_data(given), "network-config": network_config(given, key),
            "meta-data": f"instance-id: maskgate-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}\n"}


def main(words: list[str]) -> int:
    given = arguments(words)
    try:
        check(given)
        texts = files(given)
    except WrongError as error:
        print(f"setup.sh: {error}", file=sys.stderr)
        return 2
    if given.offline is not None and (missing := told_of_packages(given.offline)):
        print(missing, file=sys.stderr)
    if given.dry_run:
        for name, text in texts.items():
            print(f"--- {name}\n{text}", end="")
        print(f"--- maskgate.tar.gz: {len(archive()) // 1024} kB")
        if given.offline is not None:
            packages = on_card(given.offline)
            print(f"--- maskgate-packages/: {len(packages)} files, {sum(path.stat().st_size for path in packages) / 1e6:.1f} MB")
        print("==> nothing was written")
        return 0
    try:
        (given.boot / "maskgate.tar.gz").write_bytes(archive())
        if given.offline is not None:
            shutil.copytree(given.offline, given.boot / "maskgate-packages", dirs_exist_ok=True, ignore=shutil.ignore_patterns(*BESIDE_DEBS))
        # Last: by these the card installs what lies there whole, or nothing.
        for name, text in texts.items():
            (given.boot / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        print(f"setup.sh: {given.boot}: cannot be written ({error.strerror or error}); is the card full or its switch on `lock`?", file=sys.stderr)
        return 1
    print(f"==> done: eject {given.boot}, put the card into the Pi, and switch it on; it is a unit after some minutes.\n"
          f"    What happened at the first start stands in maskgate-install.log on the same partition.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
