# SPDX-License-Identifier: Apache-2.0
"""What `./setup.sh card` writes, before the judge that will read it: Trixie's own cloud-init. And a first start with it, as
far as that goes without a board: cloud-init does what the card says, and a unit runs with the card's settings.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from box import INPUT, Box, copy_checkout, need_containers, until

pytestmark = [pytest.mark.pi, pytest.mark.slow, pytest.mark.timeout(900)]


def test_cloud_init_finds_no_mistake_in_its_files(box: Box, project: Path) -> None:
    if box.suite != "trixie":
        pytest.skip("only Trixie's images carry cloud-init")
    boot = box.source / "bootfs"
    boot.mkdir(exist_ok=True)
    for name, text in (("config.txt", ""), ("cmdline.txt", ""), ("id.pub", "ssh-ed25519 AAAA a@b\n"), ("password", "door and wall\n")):
        (boot / name).write_text(text)
    subprocess.run([sys.executable, project / "setup" / "card.py", "--hostname", "door-1", "--wifi", 'the "hall": #1', "--country", "DE",
                    "--wifi-password-file", boot / "password", "--settings", project / "maskgate.toml", "--user", "anna", "--ssh-key", boot / "id.pub",
                    "--timezone", "Europe/Berlin", boot], check=True, timeout=50)
    # Wi-Fi is netplan's to understand, and the image has it; without it cloud-init knows cables only.
    box.run("sh", "-c", "apt-get update && apt-get install --yes --no-install-recommends cloud-init netplan.io python3-netplan")
    for kind, name in (("cloud-config", "user-data"), ("network-config", "network-config")):
        said = box.run("sh", "-c", f"cloud-init schema --schema-type {kind} --config-file /src/bootfs/{name} 2>&1")
        assert f"Valid schema /src/bootfs/{name}" in said
    # Nothing that runs at the first start is a command that the shell or setup.sh would not take.
    box.run("sh", "-c", "mkdir -p /tmp/unpacked && tar -xzf /src/bootfs/maskgate.tar.gz -C /tmp/unpacked && /tmp/unpacked/setup.sh install --dry-run")


SETTINGS = f"""# The card's own words, with ü.
[camera]
source = "{INPUT}/clip.mp4"
[panel]
kind = "mock"
"""
CONTROL = """Package: python3-picamera2
Version: 0.0+stand-in
Architecture: all
Depends: python3-piexif
Maintainer: nobody <nobody@localhost>
Description: a stand-in that holds nothing
"""


@pytest.fixture
def card(project: Path, clip: Path, tmp_path: Path) -> Iterator[Box]:
    """A machine before its first start, with a card in it that needs no network: wheels, a .deb file, settings."""
    need_containers()
    source, package, packages = tmp_path / "source", tmp_path / "package", tmp_path / "packages"
    copy_checkout(project, source)
    shutil.copy(clip, source / "clip.mp4")
    boot = source / "bootfs"
    boot.mkdir()
    for name, text in (("config.txt", ""), ("cmdline.txt", ""), ("maskgate.toml", SETTINGS)):
        (boot / name).write_text(text, encoding="utf-8")
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN/control").write_text(CONTROL)
    subprocess.run([project / "setup.sh", "wheels", "--os", "trixie", "--arch", "x86_64", packages], check=True, timeout=600)
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", package, packages / "python3-picamera2_0.0+stand-in_all.deb"], check=True, timeout=50)
    subprocess.run([sys.executable, project / "setup/card.py", "--settings", boot / "maskgate.toml", "--offline", packages, boot], check=True, timeout=50)
    box = Box("trixie-card", source)
    box.up()
    try:
        yield box
    finally:
        box.down()


def test_a_first_start_makes_a_unit_that_runs_with_the_card_s_settings(card: Box) -> None:
    card.run("install", "-D", "-m", "644", "/src/clip.mp4", f"{INPUT}/clip.mp4")
    card.run("sh", "-c", "apt-get update && apt-get install --yes --no-install-recommends cloud-init")
    card.run("sh", "-c", "mkdir -p /boot && cp -r /src/bootfs /boot/firmware && mkdir -p /var/lib/cloud/seed/nocloud "
             "&& cp /boot/firmware/user-data /boot/firmware/meta-data /var/lib/cloud/seed/nocloud/")
    # As docs/flashing.md says: on a like machine, with what the stand-in needs in its turn.
    card.run("apt-get", "install", "--download-only", "--yes", "-o", "Dir::Cache::archives=/boot/firmware/maskgate-packages", "python3-piexif")
    # The network is netplan's, and the container's own is to stay.
    card.write("/etc/cloud/cloud.cfg.d/99-here.cfg", "datasource_list: [NoCloud]\nnetwork: {config: disabled}\n")
    said = card.run("sh", "-c", "for stage in init 'modules --mode=config' 'modules --mode=final'; do PIP_NO_COMPILE=1 cloud-init $stage 2>&1 || true; done")
    log = card.run("sh", "-c", "cat /boot/firmware/maskgate-install.log || true")
    assert "==> done: systemctl status maskgate" in log, said + log

    # Packages came from the card: wheels, and what apt needs.
    assert "apt-get install, from /boot/firmware/maskgate-packages" in log
    assert card.run("dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Version}", "python3-picamera2") == "installed 0.0+stand-in"
    assert "python3-picamera2 is missing" not in log
    card.run("/opt/maskgate/current/bin/python", "-c", "import piexif")

    # The settings are the card's to the letter, the service's to read, and nobody else's.
    file = "/etc/maskgate/maskgate.toml"
    assert "are kept" in log
    assert card.run("cat", file) == SETTINGS
    assert card.run("stat", "--format", "%a %U %G", file) == "640 root maskgate\n"
    for user, command in (("maskgate", card.run), ("nobody", card.fails)):
        command("setpriv", f"--reuid={user}", "--regid", "nogroup" if user == "nobody" else user, "--clear-groups", "cat", file)
    until(lambda: card.property("ActiveState") == "active", 60, "the service on the card's clip")
    until(lambda: card.property("StatusText") in {"idle", "checking", "unsure", "passed", "violation"}, 20, "a state as status")
    assert card.run("systemctl", "is-enabled", "maskgate").strip() == "enabled"
