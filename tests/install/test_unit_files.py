# SPDX-License-Identifier: Apache-2.0
"""The files that an installation puts in place agree with the program, with each other and with the linters."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from edge.commands.parser import parser
from edge.errors import ModelError, SettingsError
from edge.settings import CameraSettings


@pytest.fixture
def unit(project: Path) -> list[tuple[str, str]]:
    """The lines of maskgate.service as key and value."""
    lines = (project / "systemd" / "maskgate.service").read_text().splitlines()
    return [(key, value) for key, _, value in (line.partition("=") for line in lines if re.match(r"[A-Z]\w+=", line))]


def test_shellcheck_is_silent(project: Path) -> None:
    scripts = ["setup.sh", ".ci/run", "tests/pi/guest/files/usr/local/sbin/header", *(str(path.relative_to(project)) for path in (project / "tests").rglob("*.sh"))]
    shellcheck = Path(sys.executable).parent / "shellcheck"
    result = subprocess.run([shellcheck, "--external-sources", "--check-sourced", *scripts], cwd=project, capture_output=True, text=True, check=False)
    assert result.stdout + result.stderr == ""


@pytest.mark.parametrize("key", ["ExecStart", "ExecStopPost"])
def test_the_unit_s_commands_are_ones_that_maskgate_knows(unit: list[tuple[str, str]], key: str) -> None:
    program, *arguments = shlex.split(dict(unit)[key])
    assert program == "/opt/maskgate/current/bin/maskgate"
    assert str(parser().parse_args(arguments).config) == "/etc/maskgate/maskgate.toml"


def test_a_silent_camera_is_named_before_the_watchdog_bites(unit: list[tuple[str, str]]) -> None:
    assert CameraSettings().silence_s < float(dict(unit)["WatchdogSec"])


def test_what_does_not_mend_itself_is_not_started_again(unit: list[tuple[str, str]]) -> None:
    assert dict(unit)["RestartPreventExitStatus"].split() == [str(error.exit_code) for error in (SettingsError, ModelError)]


def test_the_user_s_groups_are_made_by_sysusers(project: Path, unit: list[tuple[str, str]]) -> None:
    text = (project / "systemd" / "maskgate.sysusers").read_text()
    for group in dict(unit)["SupplementaryGroups"].split():
        assert re.search(rf"^g {group}\s", text, re.MULTILINE)
        assert f"m {dict(unit)['User']} {group}\n" in text


def test_every_option_has_its_drop_in_and_its_line_in_the_help(project: Path) -> None:
    options = {path.stem for path in (project / "systemd" / "options").glob("*.conf")}
    assert options == {"network", "reboot", "hardware-watchdog"}
    text = (project / "setup.sh").read_text()
    assert all(re.search(rf"^    {option} ", text, re.MULTILINE) for option in options)
    service = (project / "setup" / "service.sh").read_text()
    assert "for option in network reboot hardware-watchdog" in service


def test_without_an_option_nothing_reaches_the_network(unit: list[tuple[str, str]]) -> None:
    assert ("PrivateNetwork", "yes") in unit
    assert ("IPAddressDeny", "any") in unit
    assert "AF_INET" not in dict(unit)["RestrictAddressFamilies"]


def test_the_pins_are_given_more_time_than_python_needs_to_start(unit: list[tuple[str, str]]) -> None:
    assert float(dict(unit)["TimeoutStopSec"]) >= 30  # ExecStopPost's too; ten were not enough on a busy, slow machine
