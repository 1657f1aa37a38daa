# SPDX-License-Identifier: Apache-2.0
"""What an installation looks at first: every finding is one line, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from setup_machine import Machine


@pytest.fixture
def seen(machine: Machine, tmp_path: Path) -> Path:
    """The /proc, /dev and /sys that the preflight looks at."""
    machine.has("tr", 'exec /usr/bin/tr "$@"')
    machine.has("systemctl", "exit 1")
    for folder in ("proc/device-tree", "dev", "run/systemd/system"):
        (tmp_path / "seen" / folder).mkdir(parents=True)
    return tmp_path / "seen"


def look(machine: Machine, seen: Path, check: str) -> list[str]:
    """The findings of one check, as `level text`."""
    result = machine.shell(f". setup/common.sh; . setup/unit.sh; seen={seen}; {check}")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(("model", "level"), [
    ("Raspberry Pi Zero 2 W Rev 1.0", "ok"), ("Raspberry Pi 3 Model B Plus Rev 1.3", "ok"), ("Raspberry Pi 4 Model B Rev 1.4", "ok"),
    ("Raspberry Pi 5 Model B Rev 1.0", "ok"), ("Raspberry Pi Compute Module 4 Rev 1.0", "ok"),
    ("Raspberry Pi Zero W Rev 1.1", "warning"), ("Raspberry Pi 2 Model B Rev 1.1", "warning"), ("Radxa ROCK 5B", "warning")])
def test_the_model_is_named_and_an_unsuitable_one_comes_with_advice(machine: Machine, seen: Path, model: str, level: str) -> None:
    (seen / "proc/device-tree/model").write_bytes(model.encode() + b"\0")
    found = look(machine, seen, "look_at_model")
    assert len(found) == 1
    assert found[0].startswith(level)
    if level == "ok":
        assert model in found[0]
    else:
        assert "use a Pi" in found[0] or "--source" in found[0]


@pytest.mark.parametrize(("line", "remedy"), [
    ("console=tty1 overlayroot=tmpfs root=PARTUUID=1", "do_overlayfs 1"), ("boot=overlay console=tty1", "do_overlayfs 1"),
    ("overlayroot=tmpfs:recurse=0", "do_overlayfs 1"), ("console=tty1 overlayroot=disabled", None), ("console=tty1", None)])
def test_an_overlay_root_is_recognised_by_the_kernel_s_command_line(machine: Machine, seen: Path, line: str, remedy: str | None) -> None:
    (seen / "proc/cmdline").write_text(line + "\n")
    found = look(machine, seen, "look_at_root")
    assert [text.split()[0] for text in found] == (["FAILURE"] if remedy else [])
    assert all(str(remedy) in text for text in found)


@pytest.mark.parametrize(("options", "failures"), [("rw,noatime", 0), ("ro,noatime", 1), ("rw,errors=remount-ro", 0)])
def test_a_read_only_root_is_refused_with_the_command_that_opens_it(machine: Machine, seen: Path, options: str, failures: int) -> None:
    (seen / "proc/mounts").write_text(f"/dev/sda1 /boot vfat ro 0 0\n/dev/sda2 / ext4 {options} 0 0\n")
    found = look(machine, seen, "look_at_root")
    assert len(found) == failures
    assert all("remount,rw" in text for text in found)


@pytest.mark.parametrize(("source", "node", "missing"), [
    ("picamera", "dev/media0", "rpicam-hello"), ("", "dev/video0", "rpicam-hello"), ("0", "dev/video0", "plug"),
    ("/dev/video7", "dev/video7", "plug"), ("/srv/clip.mp4", "srv/clip.mp4", "not there")])
def test_a_missing_source_is_a_warning_and_a_present_one_is_none(machine: Machine, seen: Path, source: str, node: str, missing: str) -> None:
    found = look(machine, seen, f"look_at_camera '{source}'")
    assert len(found) == 1
    assert found[0].startswith("warning ")
    assert missing in found[0]
    (seen / node).parent.mkdir(exist_ok=True)
    (seen / node).touch()
    assert not any(text.startswith("warning") for text in look(machine, seen, f"look_at_camera '{source}'"))


@pytest.mark.parametrize("source", ["rtsp://door/stream", "credential:camera"])
def test_an_address_is_not_looked_for(machine: Machine, seen: Path, source: str) -> None:
    assert look(machine, seen, f"look_at_camera {source}") == []


def test_a_pattern_of_pictures_is_looked_for_as_one(machine: Machine, seen: Path) -> None:
    (seen / "srv").mkdir(exist_ok=True)
    assert "nothing is called like that yet" in look(machine, seen, "look_at_camera '/srv/*.jpg'")[0]
    (seen / "srv/one.jpg").touch()
    assert look(machine, seen, "look_at_camera '/srv/*.jpg'") == []


def test_pins_without_a_gpio_chip_are_warned_of_unless_none_are_wanted(machine: Machine, seen: Path) -> None:
    assert "--panel mock" in look(machine, seen, "look_at_gpio gpio")[0]
    assert look(machine, seen, "look_at_gpio mock") == []
    (seen / "dev/gpiochip0").touch()
    assert look(machine, seen, "look_at_gpio gpio") == ["ok a GPIO chip is there"]


def test_a_clock_in_1970_is_refused(machine: Machine, seen: Path) -> None:
    machine.has("date", 'case "$1" in +%Y) echo 1970;; *) echo 1970-01-01;; esac')
    found = look(machine, seen, "look_at_clock")
    assert found[0].startswith("FAILURE the clock says 1970-01-01: sudo timedatectl")
    machine.has("date", "echo 2026")
    assert look(machine, seen, "look_at_clock") == []


@pytest.mark.parametrize(("year", "level"), [("2025", "warning"), ("1970", "FAILURE")])
def test_without_a_network_the_date_of_the_image_is_good_enough_as_long_as_a_wheel_can_be_built(machine: Machine, seen: Path, year: str, level: str) -> None:
    machine.has("date", f'case "$1" in +%Y) echo {year};; *) echo {year}-10-01;; esac')
    found = look(machine, seen, "wheels=/a/folder; look_at_clock")
    assert found[0].startswith(f"{level} the clock says {year}-10-01")
    assert len(found) == 1


def test_a_small_disk_is_refused_with_ways_to_make_room(machine: Machine, seen: Path) -> None:
    machine.has("df", "printf 'Filesystem 1M Used Available\\n/dev/x 900 700 300 78%% /\\n'")
    assert look(machine, seen, "look_at_disk")[0].startswith("FAILURE 300 MB free")


def test_a_program_that_wants_the_same_pins_is_named_with_the_command_that_stops_it(machine: Machine, seen: Path) -> None:
    machine.has("systemctl", '[ "$3" = pigpiod.service ]')
    assert look(machine, seen, "look_at_others") == ["warning pigpiod runs, and may hold the camera or pins: sudo systemctl disable --now pigpiod"]


def test_systemd_is_asked_for(machine: Machine, seen: Path) -> None:
    assert look(machine, seen, "look_at_systemd") == []
    (seen / "run/systemd/system").rmdir()
    assert look(machine, seen, "look_at_systemd")[0].startswith("FAILURE systemd does not run")


@pytest.mark.parametrize(("text", "level"), [
    ("PRETTY_NAME='Debian GNU/Linux 13'\nVERSION_CODENAME=trixie\n", "ok"), ("PRETTY_NAME='Debian GNU/Linux 12'\nVERSION_CODENAME=bookworm\n", "ok"),
    ("PRETTY_NAME='Raspbian 11'\nVERSION_CODENAME=bullseye\n", "FAILURE"), ("", "FAILURE")])
def test_the_system_is_one_that_is_known(machine: Machine, seen: Path, text: str, level: str) -> None:
    machine.has("dpkg", "echo arm64")
    (seen / "etc").mkdir()
    (seen / "etc/os-release").write_text(text)
    assert look(machine, seen, f"inside() {{ \"$@\"; }}; root={seen}; look_at_os")[0].startswith(level)


def test_every_failure_is_named_before_it_stops(machine: Machine, seen: Path) -> None:
    machine.has("date", "echo 1970")
    machine.has("dpkg", "echo armhf")
    (seen / "run/systemd/system").rmdir()
    result = machine.shell(f". setup/common.sh; . setup/unit.sh; seen={seen}; preflight picamera gpio; echo went on")
    assert result.returncode == 1
    assert result.stdout.count("FAILURE") == 3
    assert "went on" not in result.stdout
    assert result.stderr == "setup.sh: 3 thing(s) to mend first: see FAILURE above\n"
