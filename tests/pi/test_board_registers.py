# SPDX-License-Identifier: Apache-2.0
"""The panel on a Raspberry Pi 3's own chip, driver and kernel, emulated: what its registers hold in each state.

One command: `./setup.sh test-pi --all` (or `-m machine`). In the relay's wiring here a low level pulls, as with most
relay boards, so that "off" is not the same level everywhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from board_machine import INPUT, OUTPUT, Board

pytestmark = [pytest.mark.pi, pytest.mark.machine, pytest.mark.slow, pytest.mark.timeout(1800)]

GREEN, AMBER, RED, BUZZER, RELAY = 17, 27, 22, 23, 24
OUTPUTS = (GREEN, AMBER, RED, BUZZER, RELAY)
REST = {GREEN: 0, AMBER: 0, RED: 0, BUZZER: 0, RELAY: 1}
BOOT_S, STEP_S = 300.0, 180.0
NEEDS = {"mmdebstrap": "mmdebstrap", "qemu-system-aarch64": "qemu-system-arm", "cpio": "cpio", "unzip": "unzip", "fdtput": "device-tree-compiler"}


@pytest.fixture(scope="module")
def board(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    if os.geteuid() != 0:
        pytest.skip("needs root: a system for arm64 is unpacked")
    missing = [package for program, package in NEEDS.items() if not shutil.which(program)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install them")
    folder, wheels = tmp_path_factory.mktemp("board"), tmp_path_factory.mktemp("wheels")
    subprocess.run([project / "setup.sh", "wheels", "--os", "bookworm", "--arch", "aarch64", wheels], check=True, timeout=900)
    subprocess.run([project / "tests/pi/board.sh", "make", wheels, folder], check=True, timeout=1500)
    with Board(folder) as board:
        yield board


def test_every_state_is_in_the_chip_s_registers_and_after_a_kill_the_safe_one(board: Board) -> None:
    def levels() -> dict[int, int]:
        return {pin: board.level(pin) for pin in OUTPUTS}

    def functions() -> set[int]:
        return {board.function(pin) for pin in OUTPUTS}

    def step(name: str, limit_s: float = STEP_S) -> None:
        board.wait_for(f"STEP {name}\n", limit_s)

    step("before", BOOT_S)
    assert functions() == {INPUT}
    for name, expected in (
            ("open", REST), ("violation", {**REST, RED: 1, BUZZER: 1}), ("passed", {**REST, GREEN: 1, RELAY: 0})):
        board.go()
        step(name)
        assert functions() == {OUTPUT}, name
        assert levels() == expected, name
    board.go()
    step("closed")
    assert levels() == REST
    board.go()
    step("held by another")
    assert levels() == {**REST, GREEN: 1, RELAY: 0}
    board.go()
    step("killed")
    print(f"after kill -9, before anything is done about it: functions {functions()}, levels {levels()}")
    board.go()
    step("safe")
    # Driven to rest, then given back with a pull the same way: at no moment since was anything on.
    assert levels() == REST
