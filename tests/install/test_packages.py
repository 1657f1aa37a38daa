# SPDX-License-Identifier: Apache-2.0
"""apt's part of an installation, before a stand-in for apt."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from setup_machine import Machine

BUSY = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)"
SOURCES = ". setup/common.sh; . setup/unit.sh; codename=trixie; sleep() { :; }; "


@pytest.fixture
def packages(machine: Machine, tmp_path: Path) -> Machine:
    """A machine that knows every package and has none; `calls` is what apt was told."""
    machine.has("dpkg-query", f"""for last; do :; done; ! grep -qx "$last" {tmp_path}/has 2>/dev/null || printf installed""")
    machine.has("apt-cache", "echo one")
    apt(machine, tmp_path, "")
    return machine


def apt(machine: Machine, folder: Path, update: str) -> None:
    """apt-get with this script for an update."""
    machine.has("apt-get", f"""echo "$@" >>{folder}/calls
        case "$1" in update) {update or ":"} ;; esac
        for word; do case $word in *.deb) word=${{word##*/}}; echo "${{word%%_*}}" >>{folder}/has ;; esac; done""")


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def install(machine: Machine, more: str = "") -> subprocess.CompletedProcess[str]:
    return machine.shell(f"{SOURCES}{more} system_packages")


def test_an_apt_that_is_at_work_is_waited_for_and_that_is_said_once(packages: Machine, tmp_path: Path) -> None:
    apt(packages, tmp_path, f'[ "$(grep -c update {tmp_path}/calls)" -gt 3 ] || {{ echo "{BUSY}" >&2; exit 100; }}')
    result = install(packages)
    assert result.returncode == 0, result.stderr
    assert [call.split()[0] for call in calls(tmp_path)] == ["update"] * 4 + ["-o"]
    assert result.stdout.count("another apt is at work here: waiting for it, 5 minutes at most") == 1
    assert "DPkg::Lock::Timeout=300 install" in calls(tmp_path)[-1]


def test_an_apt_that_never_ends_is_waited_for_five_minutes(packages: Machine, tmp_path: Path) -> None:
    apt(packages, tmp_path, f'echo "{BUSY}" >&2; exit 100')
    result = install(packages)
    assert result.returncode == 1
    assert "held by process 812" in result.stderr
    assert "apt-get update failed: see above" in result.stderr
    assert len(calls(tmp_path)) == 300 / 5 + 1


def test_any_other_mistake_of_apt_is_not_waited_for(packages: Machine, tmp_path: Path) -> None:
    apt(packages, tmp_path, 'echo "E: the repository has no Release file" >&2; exit 100')
    result = install(packages)
    assert result.returncode == 1
    assert "no Release file" in result.stderr
    assert calls(tmp_path) == ["update"]


def test_optional_packages_are_waited_for_too_and_their_failure_stops_nothing(packages: Machine, tmp_path: Path) -> None:
    (tmp_path / "has").write_text("python3\npython3-venv\npython3-numpy\n")
    apt(packages, tmp_path, f'echo "{BUSY}" >&2; exit 100')
    result = install(packages, "lock_s=10;")
    assert result.returncode == 0, result.stderr
    assert "another apt is at work here" in result.stdout
    assert "going on with what is known of the packages" in result.stdout
    assert calls(tmp_path)[-1].endswith("python3-picamera2 python3-lgpio")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What --offline names: a wheel, and .deb files beside and below it."""
    (tmp_path / "wheels/archives").mkdir(parents=True)
    for name in ("tqdm-4-py3-none-any.whl", "python3-numpy_2_arm64.deb", "archives/python3-venv_3_arm64.deb", "archives/python3-picamera2_1%3a0_all.deb"):
        (tmp_path / "wheels" / name).touch()
    return tmp_path / "wheels"


def offline(machine: Machine, wheels: Path, has: str) -> subprocess.CompletedProcess[str]:
    (wheels.parent / "has").write_text(has)
    (wheels.parent / "cache").mkdir()
    return install(machine, f"wheels={wheels}; offline_debs={wheels.parent}/cache/debs;")


def test_deb_files_of_an_offline_folder_are_installed_without_a_network(packages: Machine, tmp_path: Path, folder: Path) -> None:
    result = offline(packages, folder, "python3\n")
    assert result.returncode == 0, result.stderr
    call, = calls(tmp_path)
    assert "DPkg::Lock::Timeout=300 -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts=/dev/null install --yes" in call
    assert sorted(word.rpartition("/")[2] for word in call.split() if word.endswith(".deb")) == [
        "python3-numpy_2_arm64.deb", "python3-picamera2_1%3a0_all.deb", "python3-venv_3_arm64.deb"]
    assert "python3-picamera2 is missing" not in result.stdout
    assert "python3-lgpio is missing: real pins cannot be used" in result.stdout
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_deb_file_that_was_taken_out_after_a_failure_is_not_tried_again(packages: Machine, tmp_path: Path, folder: Path) -> None:
    packages.has("apt-get", f"""case "$*" in *bad*) exit 1 ;; esac; printf 'python3\\npython3-venv\\npython3-numpy\\n' >{tmp_path}/has""")
    bad, cache = folder / "bad_1_all.deb", tmp_path / "cache"
    bad.touch()
    assert offline(packages, folder, "").returncode == 1
    assert list(cache.iterdir()) == []
    (cache / "debs").mkdir()
    bad.rename(cache / "debs" / bad.name)  # what a power cut leaves
    assert install(packages, f"wheels={folder}; offline_debs={cache}/debs;").returncode == 0


def test_an_offline_folder_that_lacks_what_is_needed_says_what(packages: Machine, folder: Path) -> None:
    result = offline(packages, folder, "")
    assert result.returncode == 1
    assert "python3 is missing: sudo apt install python3 once with a network, or put its .deb files into" in result.stderr
