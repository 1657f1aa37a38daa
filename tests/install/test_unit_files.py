# SPDX-License-Identifier: Apache-2.0
"""The files that an installation puts in place agree with the program, with each other and with the linters."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from edge.camera.newest import GIVE_BACK_S
from edge.camera.pace import TICK_S
from edge.care.ending import SHOWN_RUNNING_S
from edge.commands.parser import parser
from edge.commands.pins import MORE_TIME
from edge.errors import ModelError, SettingsError
from edge.service import FEEDS_PER_WATCHDOG
from edge.settings import CameraSettings


@pytest.fixture
def unit(project: Path) -> list[tuple[str, str]]:
    """The lines of maskgate.service as key and value."""
    lines = (project / "systemd" / "maskgate.service").read_text().splitlines()
    return [(key, value) for key, _, value in (line.partition("=") for line in lines if re.match(r"[A-Z]\w+=", line))]


def test_a_mac_s_bash_which_takes_an_empty_array_for_an_unset_variable_finds_none(project: Path) -> None:
    text = "\n".join((project / name).read_text() for name in ("setup.sh", "setup/common.sh", "setup/desktop.sh", "setup/offline.sh"))
    arrays = re.findall(r"(\w+)=\(\)", text)
    assert arrays
    for array in arrays:
        value = '"${' + array + '[@]}"'
        assert text.count(value) == text.count("${" + array + "[@]+" + value + "}") > 0, array


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
    watchdog_s = float(dict(unit)["WatchdogSec"])
    last_fed_s = watchdog_s / FEEDS_PER_WATCHDOG  # before the last picture, at most
    assert CameraSettings().silence_s + last_fed_s + TICK_S <= watchdog_s - 0.5


def test_the_slowest_pace_feeds_the_watchdog_three_times_over(unit: list[tuple[str, str]]) -> None:
    slowest_s = 2.0  # a frame a second, and a hot unit judges every other one
    assert 3 * slowest_s <= float(dict(unit)["WatchdogSec"])


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


PROMISED_S, PINS_SAFE_S = 8.0, 2.0
"""docs/design.md; and what ExecStopPost takes on a small Pi."""


def test_a_program_that_hangs_or_does_not_end_is_dark_within_the_time_promised(project: Path, unit: list[tuple[str, str]]) -> None:
    said = dict(unit)
    for key in ("WatchdogSec", "TimeoutStopSec"):
        assert float(said[key]) + PINS_SAFE_S <= PROMISED_S
    assert said["WatchdogSignal"] == "SIGKILL"  # nothing that a hung program could ignore, and no core file to wait for
    assert "eight seconds" in (project / "docs" / "design.md").read_text()


def test_a_fault_is_shown_to_its_end_before_the_program_is_killed(unit: list[tuple[str, str]]) -> None:
    assert float(dict(unit)["TimeoutStopSec"]) >= SHOWN_RUNNING_S + GIVE_BACK_S + 1.0


def test_the_pins_are_given_more_time_than_a_busy_board_needs(unit: list[tuple[str, str]]) -> None:
    assert dict(unit)["NotifyAccess"] == "exec"  # else systemd would not listen to ExecStopPost
    assert int(MORE_TIME.partition("=")[2]) / 1e6 >= 30  # ten were not enough on a busy, slow machine
