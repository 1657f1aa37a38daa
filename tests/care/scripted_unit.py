# SPDX-License-Identifier: Apache-2.0
"""`maskgate run` as a service with scripted rims: what the camera shows and the machine says is given, what the program leaves behind is read."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from care_stand_ins import scene
from numpy.typing import NDArray

from edge.care import ending, watch
from edge.care.vitals import Vitals
from edge.commands.main import main
from edge.frame import Frame
from edge.settings import TrustSettings
from edge.testing import MASKED, ReplayedCamera, ScriptedClassifier, ScriptedDetector, face_at
from edge.vision import Vision

Picture = NDArray[np.uint8]
FPS = 10
WELL = Vitals(temperature_c=50.0, memory_mb=900.0, disk_mb=5000.0, writable=True, clocks_s=1000.0)
DARK = {"green": 0, "amber": 0, "red": 0, "buzzer": 0, "relay": 0}


class UnforeseenError(Exception):
    """A mistake in the program: none of the named errors."""


class Live(ReplayedCamera):
    """A camera by the clock."""

    live = True


def film(pictures: Iterable[Picture], then: BaseException | None = None) -> Live:
    """A live camera that shows these pictures from t = 100 s on, `FPS` of them a second."""
    return Live((Frame(picture, 100 + i / FPS, i) for i, picture in enumerate(pictures)), then)


def world(seconds: float) -> list[Picture]:
    """Pictures of a room in which something moves."""
    return [scene(i % 3) for i in range(round(seconds * FPS))]


def flat(seconds: float, level: float) -> list[Picture]:
    """Pictures of nothing but noise around a brightness of `level`, 0 to 255."""
    pictures = [np.clip(np.random.default_rng(i).normal(level, 2, (480, 640, 3)), 0, 255).astype(np.uint8) for i in range(4)]
    return [pictures[i % 4] for i in range(round(seconds * FPS))]


@dataclass
class Run:
    """What one run of the program left behind."""

    code: int
    pins: list[dict[str, Any]]
    faults: list[str]
    """Lines of the log about faults, in order."""
    statuses: list[str]
    fed: int
    """How often the watchdog was fed."""
    health: dict[str, Any]

    def levels(self, t: float) -> dict[str, int]:
        """Every output at a moment of frame time, before the panel was closed."""
        return DARK | {change["pin"]: change["value"] for change in self.pins if change["t"] <= t + 1e-6 and not change.get("why")}

    @property
    def left(self) -> dict[str, int]:
        """Every output after the end of the program."""
        return {change["pin"]: change["value"] for change in self.pins}

    def part(self, name: str) -> dict[str, Any]:
        return next(part for part in self.health["parts"] if part["part"] == name)

    def showed_fault(self) -> bool:
        """Whether red was ever lit. Nobody is bare in these runs: it can only be the state `fault`, which begins with red."""
        return any(change["pin"] == "red" and change["value"] for change in self.pins)


@dataclass
class Unit:
    """A unit in whose picture somebody masked is always found, and whose camera, machine and service manager are scripted."""

    folder: Path
    heard: list[str]
    """Every line for the service manager."""
    caplog: pytest.LogCaptureFixture
    monkeypatch: pytest.MonkeyPatch
    vitals: list[Vitals] = field(default_factory=lambda: [WELL])
    """One a frame; the last one holds."""
    looks: int = 0
    """Frames in which faces were searched, in the last run."""

    def run(self, camera: Live | BaseException, *, source: str = "picamera", toml: str = "[door]\nmode = \"refuse\"\n", events: str = "") -> Run:
        """`maskgate run` with this camera, or with this error where the camera is opened."""
        def opened(settings: object, *, fast: bool = False) -> Live:
            if isinstance(camera, BaseException):
                raise camera
            return camera

        self.monkeypatch.setattr("edge.camera.open_camera", opened)
        detector = ScriptedDetector([[face_at(200, 150, 120)]])
        trust = TrustSettings(light_min=0, light_max=255, sharpness_min=0)
        self.monkeypatch.setattr("edge.vision.open_vision", lambda settings: Vision(detector, ScriptedClassifier([[MASKED]]), trust))
        return self.start(source, toml, events, detector)

    def start(self, source: str, toml: str = "", events: str = "", detector: ScriptedDetector | None = None) -> Run:
        """`maskgate run` with the real camera and models, unless `run` has put others in their place."""
        settings, pins = self.folder / "unit.toml", self.folder / "pins.jsonl"
        settings.write_text(toml)
        pins.unlink(missing_ok=True)
        self.caplog.clear()
        self.heard.clear()
        words = ["run", "--config", str(settings), "--source", source, "--panel", "mock", "--pins", str(pins), *(["--events", events] if events else [])]
        with self.caplog.at_level(logging.INFO), self.caplog.at_level(logging.INFO, "maskgate"):
            try:
                code = main(words)
            except UnforeseenError:
                code = 1  # Python's own, behind the traceback
        self.looks = detector.calls if detector else 0
        health = self.folder / "health.json"
        return Run(code, [json.loads(line) for line in pins.read_text().splitlines()] if pins.exists() else [],
                   [record.getMessage() for record in self.caplog.records if record.name == "maskgate.health"],
                   [line.removeprefix("STATUS=") for line in self.heard if line.startswith("STATUS=")], self.heard.count("WATCHDOG=1"),
                   json.loads(health.read_text()) if health.exists() else {})


def make_unit(folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Unit:
    """A unit that is well, as a service in `folder`; shows a fault for less than a second before it ends."""
    heard: list[str] = []

    def taken(address: str, *lines: str) -> bool:
        heard.extend(lines)
        return True

    monkeypatch.setattr("edge.service.notify", taken)
    monkeypatch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "8")    # so short that every decided frame feeds it
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    monkeypatch.setattr(watch, "EVERY_S", 0.0)
    monkeypatch.setattr(ending, "SHOWN_RUNNING_S", 0.2)
    monkeypatch.setattr(ending, "SHOWN_STARTING_S", 0.6)
    unit = Unit(folder, heard, caplog, monkeypatch)
    monkeypatch.setattr("edge.care.vitals.read_vitals", lambda folder=None: unit.vitals.pop(0) if len(unit.vitals) > 1 else unit.vitals[0])
    return unit
