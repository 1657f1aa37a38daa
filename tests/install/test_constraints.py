# SPDX-License-Identifier: Apache-2.0
"""The pins: every need of the unit is named once, exactly, and the wheels are there for a Pi."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TARGETS = {"bookworm": ("3.11", "1.24.2"), "trixie": ("3.13", "2.2.4")}
GLIBC_WHEELS = ["manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"]
"""What pip takes on glibc 2.36 (Bookworm), as far as our packages are made for it."""


def pins(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    found = dict(line.split("==") for line in lines)  # a line without an exact version fails here
    assert len(found) == len(lines)
    return {name.lower().replace("_", "-"): version for name, version in found.items()}


def needs(project: Path, extras: tuple[str, ...] = ()) -> set[str]:
    table = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    lines = sum((table["optional-dependencies"][extra] for extra in extras), table["dependencies"])
    return {re.match(r"[A-Za-z0-9._-]+", line).group().lower() for line in lines}  # type: ignore[union-attr]


@pytest.mark.parametrize("target", TARGETS)
def test_a_unit_gets_its_needs_and_no_more(project: Path, target: str) -> None:
    found = pins(project / "constraints" / f"{target}.txt")
    # colorzero is what gpiozero needs; Trixie has no wheel of lgpio.
    assert set(found) == needs(project) | {"colorzero"} | ({"lgpio"} if target == "bookworm" else set())
    assert found["numpy"] == TARGETS[target][1]


def test_a_desktop_s_pins_cover_all_extras(project: Path) -> None:
    assert needs(project, ("train", "dev")) <= set(pins(project / "constraints" / "desktop.txt"))


def test_no_pin_names_an_address(project: Path) -> None:
    assert not any(re.search(r"://|--|\.whl", file.read_text().replace("--no-deps", "").replace("--exclude-editable", ""))
                   for file in (project / "constraints").glob("*.txt"))


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_the_unit_s_set_fits_together_and_has_wheels_for_a_pi(project: Path, tmp_path: Path, target: str) -> None:
    if sys.version_info[:2] > tuple(int(part) for part in TARGETS[target][0].split(".")):
        pytest.skip("pip asks the Python that it runs in, not --python-version, which of a package's conditional needs hold")
    file = project / "constraints" / f"{target}.txt"
    # With dependencies, so that the resolver compares them all, although the unit is installed without.
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--retries", "1", "--only-binary=:all:", "--target", str(tmp_path),
               "--implementation", "cp", "--python-version", TARGETS[target][0], "--requirement", str(file)]
    command += [word for wheel in GLIBC_WHEELS for word in ("--platform", wheel)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if re.search("NewConnectionError|name resolution|Max retries", result.stderr) and not os.environ.get("CI"):
        pytest.skip("needs the package registry, which was not reached")
    assert result.returncode == 0, result.stderr
