# SPDX-License-Identifier: Apache-2.0
"""Context: all that the checks know of the machine. Tests hand in a folder for `/`, a scripted runner and a clock.

    context = Context(settings, config)
    context.text("/proc/mounts")
    context.run(["systemctl", "is-active", "maskgate"])

Checks read the system only through it, never wait without a limit, and change nothing (`pins.py` does, and only when asked to).
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge.camera.source import is_device
from edge.errors import MaskGateError
from edge.settings import CameraSettings, FacesSettings, Settings

if TYPE_CHECKING:
    from edge.camera import Camera
    from edge.care.doctor.imports import Imported
    from edge.care.doctor.shots import Shots
    from edge.vision import Detector

COMMAND_S = 10.0
"""Longest wait for a command of the system."""
PYTHON_S = 30.0
"""Longest wait for a Python that loads OpenCV, Picamera2 or a model: a Zero 2 W with a cold card takes many seconds."""
KILLED_S = 2.0
"""Longest wait for the end of a command that was killed."""
STUCK = "its process cannot be ended, as where a card no longer answers"
UNIT = "maskgate.service"
MISSING, TOO_LONG = 127, 124
"""Exit codes of `Ran` where there is no such command, and where it took too long: those of a shell and of timeout(1)."""


class Ran(NamedTuple):
    """A command that has run, or could not."""

    code: int
    """Its exit code, minus the signal that killed it; 127: there is no such command; 124: it took too long."""
    out: str = ""
    err: str = ""
    """Where it took too long: `STUCK`, or nothing."""


class Space(NamedTuple):
    """A file system."""

    free_mb: float
    free_files: int
    """How many files can still be made; -1 where the file system knows no limit."""


class Machine(NamedTuple):
    """What this Python runs on."""

    architecture: str = platform.machine()
    """Of the kernel: `aarch64`, `armv7l`, `x86_64`."""
    bits: int = 64 if sys.maxsize > 2**32 else 32
    """Of this Python: a 64-bit kernel may carry a 32-bit system."""
    python: tuple[int, int, int] = sys.version_info[:3]
    user: int = os.getuid()


Run = Callable[[Sequence[str], float], Ran]


def run_command(command: Sequence[str], limit_s: float) -> Ran:
    """Run a command without a shell and without input; never raises, and once the command is loaded waits no longer than `limit_s` and `KILLED_S`.

    `subprocess.run` would wait without end for what it has killed: a process that waits for a dead card ends only with it.
    """
    try:
        child = subprocess.Popen(list(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                                 env={**os.environ, "LC_ALL": "C.UTF-8"})
    except OSError as error:
        return Ran(MISSING, err=str(error))
    try:
        out, err = child.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return Ran(TOO_LONG, err="" if _killed(child) else STUCK)
    except BaseException:  # Ctrl-C
        _killed(child)
        raise
    return Ran(child.returncode, out, err)


def _killed(child: subprocess.Popen[str]) -> bool:
    """Whether a kill has ended it; if not, it is left behind. What it still says is lost, and what it has started may live on."""
    child.kill()
    for pipe in (child.stdout, child.stderr):
        if pipe:
            pipe.close()
    try:
        child.wait(KILLED_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def space_at(path: Path) -> Space | None:
    """Free space of the file system that holds `path`; None where there is no such path."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return Space(found.f_bavail * found.f_frsize / 1e6, found.f_favail if found.f_files else -1)


def _camera(settings: CameraSettings) -> Camera:
    from edge.camera import open_camera

    return open_camera(settings, fast=True)


def _faces(settings: FacesSettings) -> Detector:
    from edge.vision import open_faces

    return open_faces(settings)


@dataclass
class Context:
    """One visit of the doctor."""

    settings: Settings = field(default_factory=Settings)
    """As far as they could be read; the defaults otherwise."""
    config: Path | None = None
    """The settings file, None: there is none, and the defaults hold."""
    settings_error: MaskGateError | None = None
    root: Path = Path("/")
    machine: Machine = field(default_factory=Machine)
    command: Run = run_command
    now: Callable[[], float] = time.time
    """Seconds since 1970 by the clock of the system."""
    space: Callable[[Path], Space | None] = space_at
    open_camera: Callable[[CameraSettings], Camera] = _camera
    open_faces: Callable[[FacesSettings], Detector] = _faces
    sleep: Callable[[float], None] = time.sleep
    pins_test: bool = False
    """Drive the outputs."""
    ask: Callable[[str], bool] | None = None
    """Puts a question to whoever stands before the unit; None: nobody is to be asked."""

    def text(self, path: str) -> str | None:
        """A small file of the system without white space around it; None where it cannot be read."""
        try:
            return self.at(path).read_text(encoding="utf-8", errors="replace").strip("\0\n\t ")
        except OSError:
            return None

    def at(self, path: str) -> Path:
        """Where a path of the system lies under `root`."""
        return self.root / path.lstrip("/")

    def find(self, pattern: str) -> list[Path]:
        """What there is of a pattern such as `/sys/class/thermal/thermal_zone*/temp`."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def run(self, command: Sequence[str], limit_s: float = COMMAND_S) -> Ran:
        return self.command(command, limit_s)

    def python(self, *arguments: str) -> Ran:
        """Another Python of this installation, so that a library that crashes takes only itself down."""
        return self.command([sys.executable, *arguments], PYTHON_S)

    @cached_property
    def model(self) -> str:
        """The board as the firmware calls it, "" elsewhere: `Raspberry Pi 4 Model B Rev 1.4`."""
        return self.text("/proc/device-tree/model") or ""

    @cached_property
    def unit(self) -> Mapping[str, str]:
        """What systemd knows of the service; empty without systemd. `LoadState` tells whether there is one."""
        ran = self.run(["systemctl", "show", UNIT, "--property",
                        "LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,UnitFileState,StatusText"])
        if ran.code != 0:
            return {}
        return dict(line.split("=", 1) for line in ran.out.splitlines() if "=" in line)

    @property
    def installed(self) -> bool:
        """Whether this machine has the service, running or not."""
        return self.unit.get("LoadState") not in (None, "", "not-found")

    @property
    def running(self) -> bool:
        """Whether the service holds camera and pins just now."""
        return self.unit.get("ActiveState") in ("active", "activating", "reloading", "deactivating")

    @property
    def camera_taken(self) -> bool:
        """Whether the camera is a device that the running service holds."""
        return self.running and is_device(self.settings.camera.source)

    @cached_property
    def lines_of_gpio(self) -> str:
        """What gpioinfo says of the first chip; "" where there is no gpioinfo (package gpiod)."""
        ran = self.run(["gpioinfo", "-c", "gpiochip0"])     # libgpiod 2
        return (ran if ran.code == 0 else self.run(["gpioinfo", "gpiochip0"])).out

    @cached_property
    def imports(self) -> Mapping[str, Imported]:
        """Every package that is needed, tried in a process of its own."""
        from edge.care.doctor.imports import try_imports

        return try_imports(self)

    @cached_property
    def shots(self) -> Shots:
        """A few frames of the camera, taken once for all checks."""
        from edge.care.doctor.shots import take_shots

        return take_shots(self)
