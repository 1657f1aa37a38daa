# SPDX-License-Identifier: Apache-2.0
"""The machine that the tests of setup.sh run on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from setup_machine import Machine
from unit_stand_in import Unit

TOOLS = ["awk", "bash", "cat", "cksum", "cp", "cut", "date", "df", "dirname", "find", "flock", "grep", "head", "id", "install", "kill", "ln", "mkdir", "mktemp", "mv",
         "readlink", "rm", "rmdir", "sed", "sha256sum", "sh", "sleep", "sort", "tail", "timeout", "touch"]


@pytest.fixture
def machine(project: Path, tmp_path: Path) -> Machine:
    folder, tools = tmp_path / "checkout", tmp_path / "tools"
    folder.mkdir()
    tools.mkdir()
    for name in ["setup.sh", "pyproject.toml"]:
        shutil.copy2(project / name, folder)
    for name in ["setup", "constraints", "systemd"]:
        shutil.copytree(project / name, folder / name)
    for name in ["edge", "trainer", "convert"]:  # what a release is made of; here a stand-in is enough
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
    for name in ["README.md", "LICENSE"]:
        (folder / name).touch()
    for tool in TOOLS:
        where = shutil.which(tool)
        assert where, f"{tool} is not on the PATH of this machine"
        (tools / tool).symlink_to(os.path.realpath(where) if tool != "sh" else where)
    return Machine(folder, tools)


@pytest.fixture
def unit(machine: Machine, tmp_path: Path) -> Unit:
    return Unit(machine, tmp_path / "unit")
