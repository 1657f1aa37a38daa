# SPDX-License-Identifier: Apache-2.0
"""./setup.sh card: what it writes for cloud-init onto a flashed card's boot partition, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from setup_machine import Machine

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ somebody@desk"


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The first partition of a card, as the image leaves it."""
    folder = tmp_path / "bootfs"
    folder.mkdir()
    for name in ("config.txt", "cmdline.txt"):
        (folder / name).write_text("as it was\n")
    return folder


def card(project: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, project / "setup" / "card.py", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=50)


def inline(text: str, start: str) -> object:
    """The JSON that stands behind `start` on its line."""
    line = next(line.strip() for line in text.splitlines() if line.strip().startswith(start))
    return json.loads(line.removeprefix(start))


def test_a_password_may_come_out_of_a_password_manager(project: Path, boot: Path) -> None:
    command = f"{project}/setup.sh card --wifi hall --country DE --wifi-password-file <(echo 'door and wall') {boot}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=50)
    assert result.returncode == 0, result.stderr
    assert hashlib.pbkdf2_hmac("sha1", b"door and wall", b"hall", 4096, 32).hex() in (boot / "network-config").read_text(encoding="utf-8")


def test_a_card_gets_three_files_of_cloud_init_and_what_to_install_and_nothing_else_changes(project: Path, boot: Path, tmp_path: Path) -> None:
    settings = '# "quotes", tabs\tand ü\n[door]\nmode = "refuse"\n'
    (tmp_path / "maskgate.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "id.pub").write_text(KEY + "\n")
    (tmp_path / "password").write_text("door and wall\n")
    result = card(project, "--hostname", "door-1", "--wifi", 'the "hall"', "--country", "DE", "--wifi-password-file", tmp_path / "password",
                  "--settings", tmp_path / "maskgate.toml", "--user", "anna", "--ssh-key", tmp_path / "id.pub", boot)
    assert result.returncode == 0, result.stderr
    user, network = (boot / "user-data").read_text(encoding="utf-8"), (boot / "network-config").read_text(encoding="utf-8")
    assert user.startswith("#cloud-config\n")
    assert "hostname: door-1\n" in user
    assert inline(user, "content: ") == settings
    assert f"- {json.dumps(KEY)}" in user
    assert '"the \\"hall\\"":' in network
    assert "door and wall" not in network  # its hash is enough to join, and says nothing about other places
    assert (boot / "meta-data").read_text().startswith("instance-id: maskgate-")
    with tarfile.open(boot / "maskgate.tar.gz") as archive:
        names = archive.getnames()
    assert {"setup.sh", "pyproject.toml", "edge/models/mask.tflite", "systemd/maskgate.service", "constraints/trixie.txt"} <= set(names)
    assert not any("__pycache__" in name for name in names)
    assert (boot / "config.txt").read_text() == "as it was\n"


def test_without_a_word_more_a_card_makes_a_unit_on_a_cable(project: Path, boot: Path) -> None:
    assert card(project, boot).returncode == 0
    user = (boot / "user-data").read_text()
    assert "users:" not in user
    assert "setup.sh install >" in user
    assert "NTPSynchronized" in user  # a Pi wakes in the past, and then no package can be fetched
    assert "wifis" not in (boot / "network-config").read_text()


@pytest.mark.parametrize(("fails", "installed", "tries"), [(0, False, 1), (2, False, 3), (99, False, 6), (99, True, 1)])
def test_an_installation_that_fails_at_the_first_start_is_tried_again_some_times(project: Path, boot: Path, tmp_path: Path, fails: int, installed: bool, tries: int) -> None:
    assert card(project, boot).returncode == 0
    command = inline((boot / "user-data").read_text().rpartition("\n  - ")[2], "")
    assert isinstance(command, list)
    unit = tmp_path / "unit"
    unit.mkdir()
    for name, text in (("setup.sh", f"echo $1 >>{unit}/tried; [ $(wc -l <{unit}/tried) -gt {fails} ]"), ("sleep", "exit 0")):
        (unit / name).write_text(f"#!/bin/sh\n{text}\n")
        (unit / name).chmod(0o755)
    if installed:
        (unit / "current").touch()
    places = {"/usr/local/src/maskgate": unit, "/boot/firmware": unit, "/opt/maskgate": unit}
    for place, stand_in in places.items():
        command = [word.replace(place, str(stand_in)) for word in command]
    subprocess.run(command, env={"PATH": f"{unit}:/usr/bin:/bin"}, check=False, timeout=50)
    assert (unit / "tried").read_text().splitlines() == ["install"] * tries


def test_without_a_user_the_image_s_question_for_one_does_not_keep_the_card_from_installing(project: Path, boot: Path, tmp_path: Path) -> None:
    """Raspberry Pi OS waits at its screen, and cloud-init's `runcmd` behind it."""
    (tmp_path / "id.pub").write_text(KEY)
    assert card(project, boot).returncode == 0
    text = (boot / "user-data").read_text()
    asked = inline(text[text.index("bootcmd:"):], "- ")
    assert isinstance(asked, list)
    tools, orders = tmp_path / "tools", tmp_path / "orders"
    tools.mkdir()
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "$*" >>{orders}\n[ "$1" != is-enabled ] || exit $ENABLED\n')
    (tools / "systemctl").chmod(0o755)
    for enabled, told in (("0", ["is-enabled --quiet userconfig.service", "mask --now --no-block userconfig.service"]), ("1", ["is-enabled --quiet userconfig.service"])):
        orders.unlink(missing_ok=True)
        subprocess.run(asked, env={"PATH": f"{tools}:/usr/bin:/bin", "ENABLED": enabled}, check=True, timeout=50)
        assert orders.read_text().splitlines() == told
    assert card(project, "--user", "anna", "--ssh-key", tmp_path / "id.pub", boot).returncode == 0
    assert "userconfig" not in (boot / "user-data").read_text()


def test_the_same_sources_give_the_same_bytes_whenever_a_card_is_written(project: Path, boot: Path) -> None:
    written = []
    for _ in range(2):
        assert card(project, boot).returncode == 0
        written.append((boot / "maskgate.tar.gz").read_bytes())
        time.sleep(1.1)  # gzip's own clock counts seconds
    assert written[0] == written[1]


@pytest.mark.parametrize("hostname", [["--hostname", "door-1"], ["--hostname=door-1"]], ids=str)
@pytest.mark.parametrize("settings", [["--settings", "unit.toml"], ["--settings=unit.toml"]], ids=str)
def test_paths_are_the_caller_s_from_where_they_stand(project: Path, boot: Path, tmp_path: Path, hostname: list[str], settings: list[str]) -> None:
    (tmp_path / "unit.toml").write_text('[door]\nmode = "refuse"\n')
    result = subprocess.run([project / "setup.sh", "card", *hostname, *settings, boot.name], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=50)
    assert result.returncode == 0, result.stderr
    assert "hostname: door-1\n" in (boot / "user-data").read_text()


def test_packages_on_the_card_need_no_network(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "a-1-py3-none-any.whl").touch()
    assert card(project, "--offline", tmp_path / "wheels", boot).returncode == 0
    assert "install --offline /boot/firmware/maskgate-packages" in (boot / "user-data").read_text()
    assert (boot / "maskgate-packages" / "a-1-py3-none-any.whl").exists()


def test_what_apt_leaves_beside_its_files_for_root_s_eyes_does_not_go_onto_the_card(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels/partial").mkdir(parents=True)
    for name in ("a-1-py3-none-any.whl", "python3-lgpio_1_arm64.deb", "lock"):
        (tmp_path / "wheels" / name).touch()
    assert card(project, "--offline", tmp_path / "wheels", boot).returncode == 0
    assert {path.name for path in (boot / "maskgate-packages").iterdir()} == {"a-1-py3-none-any.whl", "python3-lgpio_1_arm64.deb"}


@pytest.mark.parametrize(("debs", "missing"), [
    ([], "no .deb file of python3-picamera2 and python3-lgpio"), (["python3-lgpio_1_arm64.deb"], "no .deb file of python3-picamera2:"),
    (["python3-lgpio_1_arm64.deb", "archives/python3-picamera2_1%3a0_all.deb"], "")], ids=["none", "one", "both"])
def test_a_folder_without_what_the_image_lacks_is_told_of(project: Path, boot: Path, tmp_path: Path, debs: list[str], missing: str) -> None:
    (tmp_path / "wheels/archives").mkdir(parents=True)
    for name in ("a-1-py3-none-any.whl", "python3-lgpio-doc_1_all.deb", *debs):
        (tmp_path / "wheels" / name).touch()
    for more in ([], ["--dry-run"]):
        result = card(project, "--offline", tmp_path / "wheels", *more, boot)
        assert result.returncode == 0, "a webcam and no lamps are enough for somebody"
        assert (missing in result.stderr and "docs/flashing.md" in result.stderr) if missing else result.stderr == ""


def test_a_dry_run_tells_what_the_packages_on_the_card_weigh(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "wheels/partial").mkdir(parents=True)
    for name in ("a-1-py3-none-any.whl", "python3-lgpio_1_arm64.deb", "lock", "partial/half.deb"):
        (tmp_path / "wheels" / name).write_bytes(bytes(2_500_000))
    result = card(project, "--offline", tmp_path / "wheels", "--dry-run", boot)
    assert "--- maskgate-packages/: 2 files, 5.0 MB\n" in result.stdout


@pytest.mark.parametrize("file", ["docs/flashing.md", "setup/offline.sh"])
def test_who_fetches_deb_files_is_told_to_fetch_no_more_than_an_installation_would(project: Path, file: str) -> None:
    """What Picamera2 recommends is a desktop, which a boot partition has no room for."""
    line, = (line for line in (project / file).read_text().splitlines() if "--download-only" in line)
    assert "--no-install-recommends" in line


def test_a_dry_run_shows_the_files_and_writes_none(project: Path, boot: Path) -> None:
    before = sorted(boot.iterdir())
    result = card(project, "--dry-run", boot)
    assert result.returncode == 0
    assert "--- network-config" in result.stdout
    assert result.stdout.endswith("nothing was written\n")
    assert sorted(boot.iterdir()) == before


@pytest.mark.parametrize(("arguments", "word"), [
    (["--hostname", "Door 1"], "small letters"), (["--hostname", "door-"], "small letters"), (["--wifi", "hall"], "--country"),
    (["--wifi", "hall", "--country", "de"], "--country"), (["--wifi", "x" * 33, "--country", "DE"], "1 to 32"),
    (["--user", "anna"], "belong together"), (["--user", "root user", "--ssh-key", "/dev/null"], "small letters"),
    (["--settings", "/nowhere.toml"], "cannot be read"), (["--timezone", "Europe/Berlin; reboot"], "Europe/Berlin"),
    (["--timezone", "Mars/Olympus"], "no such time zone"), (["--wifi", "hall", "--country", "DE"], "--wifi-password-file"),
    (["--offline", "/dev"], "no packages"), (["--settings", "/dev/zero"], "this is a device")])
def test_what_cannot_work_is_refused_in_one_line_before_anything_is_written(project: Path, boot: Path, arguments: list[str], word: str) -> None:
    before = sorted(boot.iterdir())
    result = card(project, *arguments, boot)
    assert result.returncode == 2
    assert word in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(boot.iterdir()) == before


def test_a_private_key_and_a_broken_settings_file_are_refused(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (tmp_path / "bad.toml").write_text("[door\n")
    assert ".pub" in card(project, "--user", "anna", "--ssh-key", tmp_path / "id", boot).stderr
    assert "no TOML" in card(project, "--settings", tmp_path / "bad.toml", boot).stderr


WRONG = '[door]\nmode = "refuze"\n[panel]\ngreen_pin = 17\nred_pin = 17\n[colour]\nwalls = "white"\n'


def test_settings_that_the_unit_would_refuse_do_not_go_onto_the_card(project: Path, boot: Path, tmp_path: Path) -> None:
    before = sorted(boot.iterdir())
    (tmp_path / "bad.toml").write_text(WRONG)
    for more in ([], ["--dry-run"]):
        result = card(project, "--settings", tmp_path / "bad.toml", *more, boot)
        assert result.returncode == 2
        for word in ('mode = "refuze"', "GPIO17", "[colour] is no section"):
            assert word in result.stderr
    assert sorted(boot.iterdir()) == before


def test_a_model_that_lies_on_the_unit_is_not_looked_for_on_the_desk(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "unit.toml").write_text('[masks]\nmodel = "/etc/maskgate/of-our-own.tflite"\n')
    result = card(project, "--settings", tmp_path / "unit.toml", boot)
    assert (result.returncode, result.stderr) == (0, "")


def test_where_values_cannot_be_checked_that_is_said(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(WRONG)
    # -S: without the packages of this .venv, as a computer's own Python.
    result = subprocess.run([sys.executable, "-S", project / "setup/card.py", "--settings", tmp_path / "bad.toml", boot],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=50)
    assert result.returncode == 0, result.stderr
    assert "its values are NOT checked, since this Python has no msgspec" in result.stderr
    assert "./setup.sh demo" in result.stderr


def test_setup_sh_takes_the_python_that_can_check_settings(machine: Machine) -> None:
    machine.has("python3", 'case "$1" in -c) exit 0 ;; esac; echo theirs')
    assert machine.setup("card", "bootfs").stdout == "theirs\n"
    (machine.folder / ".venv/bin").mkdir(parents=True)
    own = machine.folder / ".venv/bin/python"
    own.write_text('#!/bin/sh\ncase "$1" in -c) exit 0 ;; esac; echo our own\n')
    own.chmod(0o755)
    assert machine.setup("card", "bootfs").stdout == "our own\n"


def test_a_settings_file_that_begins_with_a_byte_order_mark_is_one(project: Path, boot: Path, tmp_path: Path) -> None:
    (tmp_path / "windows.toml").write_bytes(b'\xef\xbb\xbf[camera]\nsource = "0"\n')
    done = card(project, "--settings", tmp_path / "windows.toml", boot)
    assert done.returncode == 0, done.stderr
    assert inline((boot / "user-data").read_text(), "content: ") == '[camera]\nsource = "0"\n'


def test_a_folder_that_is_no_boot_partition_is_left_alone(project: Path, tmp_path: Path) -> None:
    result = card(project, tmp_path)
    assert result.returncode == 2
    assert "no boot partition" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_card_that_is_full_is_told_to_install_nothing(project: Path, boot: Path) -> None:
    (boot / "maskgate.tar.gz").mkdir()      # it cannot be written, as root too
    ended = card(project, boot)
    assert ended.returncode == 1
    assert "cannot be written" in ended.stderr
    assert sorted(path.name for path in boot.iterdir()) == ["cmdline.txt", "config.txt", "maskgate.tar.gz"]
