# SPDX-License-Identifier: Apache-2.0
"""Releases come into use in one step, and whatever goes wrong, the one that ran before runs again."""

from __future__ import annotations

import runpy
import subprocess
from pathlib import Path

import pytest
from setup_machine import Machine

PLACES = """
. setup/common.sh; . setup/unit.sh
base={base}; opt=$base/opt; etc=$base/etc; command=$base/maskgate; service=$base/units/maskgate.service
sysusers=$base/sysusers; tmpfiles=$base/tmpfiles; rules=$base/rules; drop_ins=$service.d; backoff=$drop_ins/10-backoff.conf
preflight() {{ say preflight; }}; system_packages() {{ :; }}
make_release() {{ # a stand-in: what a release has, without Python
    if [ -e "$release/complete" ]; then say "release ${{release##*/}} is there"; return; fi
    mkdir -p "$release/bin" "$release/share/maskgate"
    cp -R systemd "$release/share/maskgate/"
    sed -i "s/^Description=.*/Description=${{release##*/}}/" "$release/share/maskgate/systemd/maskgate.service"
    printf '#!/bin/sh\\n[ "$1 $2" != "config check" ] || exit {check}\\n' >"$release/bin/maskgate"
    chmod +x "$release/bin/maskgate"
    {building}
    touch "$release/complete"
}}
release_name() {{ echo {name}; }}
"""


class Unit:
    """A unit whose systemd starts every release but those that are broken."""

    def __init__(self, machine: Machine, base: Path) -> None:
        self.machine, self.base = machine, base
        (base / "etc").mkdir(parents=True)
        (base / "etc/maskgate.toml").write_text("[camera]\n")
        machine.has("id", "echo 0")
        for tool in ("chmod", "sync"):
            machine.has(tool, f'exec /bin/{tool} "$@"')
        for tool in ("systemd-sysusers", "systemd-tmpfiles", "chgrp"):
            machine.has(tool, "exit 0")
        machine.has("journalctl", "echo the reason")
        machine.has("systemctl", f"""
            case "$*" in
                --version) echo systemd 257 ;;
                "restart maskgate.service")
                    echo "$(readlink {base}/opt/current) $(grep Description= {base}/units/maskgate.service)" >>{base}/starts
                    case "$(readlink {base}/opt/current)" in *broken*) exit 1 ;; esac ;;
                is-active*) [ -e {base}/starts ] && echo active ;;
            esac""")

    def shell(self, name: str, verb: str, *, building: str = ":", check: int = 0) -> subprocess.CompletedProcess[str]:
        return self.machine.shell(PLACES.format(base=self.base, name=name, building=building, check=check) + verb)

    def link(self, name: str) -> str:
        path = self.base / "opt" / name
        return path.readlink().name if path.is_symlink() else ""

    def started(self) -> list[str]:
        """Releases that systemd was told to start, each with the unit file that belonged to it."""
        lines = [line.split() for line in (self.base / "starts").read_text().splitlines()]
        assert all(Path(release).name == unit.partition("=")[2] for release, unit in lines), lines
        return [Path(release).name for release, _ in lines]


@pytest.fixture
def unit(machine: Machine, tmp_path: Path) -> Unit:
    return Unit(machine, tmp_path / "unit")


def test_a_new_release_comes_into_use_and_the_one_before_stays(unit: Unit) -> None:
    for name in ("r1", "r2", "r3"):
        result = unit.shell(name, "unit_install")
        assert result.returncode == 0, result.stderr
    assert (unit.link("current"), unit.link("previous")) == ("r3", "r2")
    assert sorted(path.name for path in (unit.base / "opt/releases").iterdir()) == ["r2", "r3"]
    assert unit.started() == ["r1", "r2", "r3"]


def test_the_same_release_again_changes_no_link(unit: Unit) -> None:
    for name in ("r1", "r2", "r2"):
        result = unit.shell(name, "unit_install")
    assert "r2 is there" in result.stdout
    assert (unit.link("current"), unit.link("previous")) == ("r2", "r1")


@pytest.mark.parametrize(("building", "check"), [("fail 'pip failed: see above'", 0), (":", 1)])
def test_a_release_that_cannot_be_built_or_refuses_the_settings_is_never_used(unit: Unit, building: str, check: int) -> None:
    unit.shell("r1", "unit_install")
    result = unit.shell("r2", "unit_upgrade", building=building, check=check)
    assert result.returncode in (1, 2)
    assert (unit.link("current"), unit.link("previous")) == ("r1", "")
    assert unit.started() == ["r1"]
    assert (unit.base / "etc/maskgate.toml").read_text() == "[camera]\n"


def test_a_release_whose_service_does_not_come_up_gives_way_to_the_one_that_ran(unit: Unit) -> None:
    for name in ("r1", "r2"):
        unit.shell(name, "unit_install")
    result = unit.shell("broken", "unit_upgrade")
    assert result.returncode == 1
    assert "the reason" in result.stderr
    assert "the upgrade was undone, and r2 runs as before" in result.stderr
    assert (unit.link("current"), unit.link("previous")) == ("r2", "r1")
    assert unit.started() == ["r1", "r2", "broken", "r2"]
    assert not (unit.base / "opt/releases/broken").exists()


def test_a_first_release_that_does_not_start_stays_installed_and_says_what_to_do(unit: Unit) -> None:
    result = unit.shell("broken", "unit_install")
    assert result.returncode == 1
    assert "its service does not start" in result.stderr
    assert unit.link("current") == "broken"


def test_rollback_goes_back_and_forth_with_the_unit_files(unit: Unit) -> None:
    for name in ("r1", "r2"):
        unit.shell(name, "unit_install")
    for now, before in (("r1", "r2"), ("r2", "r1")):
        result = unit.shell("any", "unit_rollback")
        assert result.returncode == 0, result.stderr
        assert (unit.link("current"), unit.link("previous")) == (now, before)
    assert unit.started() == ["r1", "r2", "r1", "r2"]


def test_a_rollback_to_what_does_not_start_is_undone(unit: Unit) -> None:
    unit.shell("broken", "unit_install")
    unit.shell("r2", "unit_install")
    result = unit.shell("any", "unit_rollback")
    assert result.returncode == 1
    assert "the rollback was undone" in result.stderr
    assert (unit.link("current"), unit.link("previous")) == ("r2", "broken")
    assert unit.started()[-1] == "r2"


def test_there_must_be_something_to_go_back_to_and_something_to_upgrade(unit: Unit) -> None:
    assert "not installed here: sudo ./setup.sh install" in unit.shell("r1", "unit_upgrade").stderr
    unit.shell("r1", "unit_install")
    assert "no release to go back to" in unit.shell("any", "unit_rollback").stderr


def test_the_growing_delay_is_only_for_a_systemd_that_knows_it(unit: Unit) -> None:
    drop_in = unit.base / "units/maskgate.service.d/10-backoff.conf"
    unit.shell("r1", "unit_install")
    assert drop_in.is_file()
    systemctl = (unit.machine.tools / "systemctl").read_text().partition("\n")[2]
    unit.machine.has("systemctl", systemctl.replace("systemd 257", "systemd 252"))
    unit.shell("r1", "unit_install")
    assert not drop_in.exists()


def test_an_option_is_a_drop_in_that_an_upgrade_keeps_and_uninstalling_removes(unit: Unit) -> None:
    drop_in = unit.base / "units/maskgate.service.d/20-reboot.conf"
    unit.shell("r1", "unit_install")
    assert unit.shell("any", "unit_option reboot on").returncode == 0
    assert "reboot             on" in unit.shell("any", "unit_option").stdout
    unit.shell("r2", "unit_install")
    assert "StartLimitAction=reboot" in drop_in.read_text()
    unit.shell("any", "unit_option reboot off")
    assert not drop_in.exists()
    unit.shell("any", "unit_option reboot on; unit_uninstall")
    assert not drop_in.exists()
    assert (unit.base / "etc/maskgate.toml").exists()
    assert not (unit.base / "opt").exists()


def test_what_a_new_release_s_defaults_mean_is_said_and_nothing_else(project: Path) -> None:
    report = runpy.run_path(str(project / "setup" / "new_defaults.py"))["report"]
    old = {"[a] same": 1, "[a] kept": 1.0, "[a] left_out": "x", "[a] gone": 1, "[a] follows": 1}
    new = {"[a] same": 1, "[a] kept": 2.0, "[a] left_out": "y", "[a] new": True, "[a] follows": 2}
    assert report(old, new, {"[a] same": 5, "[a] kept": 1.0, "[a] follows": 2}) == [
        "changed default: [a] kept = 2.0 (was 1.0; your settings say 1.0, which stays)",
        'changed default: [a] left_out = "y" (was "x"; your settings leave it out, so it counts from now on)',
        "new setting: [a] new = true",
        "gone: [a] gone"]


@pytest.mark.parametrize(("folder", "word"), [("/", "leave --image out"), ("nowhere", "no such folder"), ("empty", "no etc/os-release")])
def test_an_image_must_be_one(unit: Unit, folder: str, word: str) -> None:
    (unit.machine.folder / "empty").mkdir()
    result = unit.shell("r1", f"unit_install --image {folder}")
    assert result.returncode == 2
    assert word in result.stderr
