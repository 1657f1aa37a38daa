# SPDX-License-Identifier: Apache-2.0
"""A machine with a real systemd, from sysbox.sh, and MaskGate installed in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

INPUT = "/srv/maskgate"
PINS = "/var/lib/maskgate/pins.jsonl"
DROP_IN = f"""[Service]
ExecStart=
ExecStart=/opt/maskgate/current/bin/maskgate run --config /etc/maskgate/maskgate.toml --pins {PINS}
ExecStopPost=
ExecStopPost=/opt/maskgate/current/bin/maskgate pins safe --config /etc/maskgate/maskgate.toml --pins {PINS}
"""


class Box:
    """A machine with systemd, from sysbox.sh."""

    def __init__(self, suite: str, source: Path) -> None:
        """`source`: the checkout that it shows at /src."""
        self.suite = suite
        self.source = source

    def _sysbox(self, verb: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        script = Path(__file__).with_name("sysbox.sh")
        return subprocess.run([script, verb, self.suite, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=800,
                              # Python's own compiling as it imports is enough for a machine that lives for minutes.
                              env={**os.environ, "PIP_NO_COMPILE": "1"})

    def up(self) -> None:
        result = self._sysbox("up", str(self.source))
        assert result.returncode == 0, result.stderr

    def down(self) -> None:
        self._sysbox("down")

    def run(self, *command: str, stdin: str = "") -> str:
        """A command's output; a failure of it fails the test."""
        result = self._sysbox("run", *command, stdin=stdin)
        assert result.returncode == 0, f"{' '.join(command)}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

    def fails(self, *command: str) -> str:
        """The output of a command that is expected to fail; success fails the test."""
        result = self._sysbox("run", *command)
        assert result.returncode != 0, f"{' '.join(command)} worked\n{result.stdout}{result.stderr}"
        return result.stdout + result.stderr

    def write(self, path: str, text: str) -> None:
        self.run("install", "-D", "-m", "644", "/dev/stdin", path, stdin=text)

    def property(self, name: str) -> str:
        return self.run("systemctl", "show", "--value", f"--property={name}", "maskgate").strip()

    def pins(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.run("cat", PINS).splitlines()]


def until(true: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for it; returns the seconds it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, f"not within {seconds:g} s: {what}"
        time.sleep(0.3)
    return time.monotonic() - started


def install(box: Box, settings: str) -> None:
    """As a user would, over settings that are there already."""
    box.write("/etc/systemd/system/maskgate.service.d/pins.conf", DROP_IN)
    box.write("/etc/maskgate/maskgate.toml", settings)
    box.run("/src/setup.sh", "install")


def need_containers() -> None:
    """Skips, with the reason, where no container can be made."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a container is made")
    missing = [package for program, package in (("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container"),
                                                ("pgrep", "procps"), ("apt-get", "apt (this is no Debian)")) if not shutil.which(program)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install them")


def copy_checkout(project: Path, source: Path) -> None:
    """The checkout as a user has it: without what was built or downloaded in it."""
    shutil.copytree(project, source, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.egg-info", ".*_cache", "runs", "out"))
