# SPDX-License-Identifier: Apache-2.0
"""The very wheels and models of a unit, run as a Pi 3's and a Pi 4's processor: they decide as this machine does.

One command: `./setup.sh test-pi --all` (or `-m machine`). arm64.sh makes the systems and emulates the processors. What
this cannot show: how fast a board is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.pi, pytest.mark.machine, pytest.mark.slow, pytest.mark.timeout(3600)]

SCRIPT = Path(__file__).with_name("arm64.sh")
CLIP, EVERY = "edge/demo/door.mp4", 15
"""One look a second of the clip."""
PYTHON = {"trixie": "3.13", "bookworm": "3.11"}
BOX_PX = 3.0
PROBABILITY = 0.05
"""Most difference between two processors' arithmetic; int8 kernels round differently by a step or two."""

Looks = list[dict[str, Any]]


def looks_of(text: str) -> Looks:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def here(project: Path) -> Looks:
    """What this machine says."""
    done = subprocess.run([sys.executable, project / "tests/pi/looks.py", project / CLIP, str(EVERY)], capture_output=True, text=True, check=True)
    return looks_of(done.stdout)


@pytest.fixture(scope="module", params=["trixie", "bookworm"])
def suite(request: pytest.FixtureRequest, project: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Debian for arm64 with what a unit installs, from the registry's aarch64 wheels."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a system for arm64 is made")
    needs = {"mmdebstrap": "mmdebstrap", "qemu-aarch64-static": "qemu-user-static", "arch-test": "arch-test"}
    missing = [package for program, package in needs.items() if not shutil.which(program)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install them")
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run([project / "setup.sh", "wheels", "--os", request.param, "--arch", "aarch64", wheels], check=True, timeout=900)
    numpy = next(line for line in (project / "constraints" / f"{request.param}.txt").read_text().splitlines() if line.startswith("numpy=="))
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_aarch64",
                    "--python-version", PYTHON[request.param], "--dest", wheels, numpy], check=True, timeout=300)
    subprocess.run([SCRIPT, "make", request.param, wheels], check=True, timeout=3000)
    return str(request.param)


@pytest.mark.parametrize("processor", ["cortex-a53", "cortex-a72"])
def test_on_a_board_s_processor_wheels_and_models_give_this_machine_s_decisions(suite: str, processor: str, here: Looks) -> None:
    done = subprocess.run([SCRIPT, "run", suite, processor, "sh", "-c",
                           f"uname -m; cd /src && PYTHONPATH=/src PYTHONDONTWRITEBYTECODE=1 /opt/unit/bin/python tests/pi/looks.py {CLIP} {EVERY}"],
                          capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("aarch64\n")
    there = looks_of(done.stdout)
    assert [look["frame"] for look in there] == [look["frame"] for look in here]
    assert any(look["looks"] for look in here)
    differences = [0.0]
    for ours, theirs in zip(here, there, strict=True):
        assert len(ours["looks"]) == len(theirs["looks"]), f"frame {ours['frame']}"
        for mine, its in zip(ours["looks"], theirs["looks"], strict=True):
            assert max(abs(a - b) for a, b in zip(mine["box"], its["box"], strict=True)) <= BOX_PX
            differences.append(max(abs(a - b) for a, b in zip(mine["probabilities"], its["probabilities"], strict=True)))
            assert mine["probabilities"].index(max(mine["probabilities"])) == its["probabilities"].index(max(its["probabilities"]))
    print(f"{suite}, {processor}: {len(there)} frames, probabilities differ by {max(differences):.4f} at most")
    assert max(differences) <= PROBABILITY
