# SPDX-License-Identifier: Apache-2.0
"""A unit that is well, made of files in a folder and of scripted answers; tests break one thing of it at a time."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.camera import Camera
from edge.care.doctor import Context, Result, diagnose
from edge.care.doctor.context import Machine, Ran, Space
from edge.care.faults import FAULTS
from edge.care.health import HealthList
from edge.care.health_file import in_json
from edge.errors import MaskGateError
from edge.frame import Frame
from edge.look import Face
from edge.settings import CameraSettings
from edge.settings_file import load_settings
from edge.testing import ReplayedCamera, ScriptedDetector

NOW = 1_795_262_400.0  # 2026-11-21
FILES = {
    "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_CODENAME=trixie\n',
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "/proc/mounts": "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\nproc /proc proc rw 0 0\n",
    "/etc/fstab": "PARTUUID=1-02 / ext4 defaults,noatime 0 1\n",
    "/proc/cmdline": "console=tty1 root=PARTUUID=1-02 rootwait\n",
    "/proc/meminfo": "MemTotal: 1900000 kB\nMemAvailable: 1300000 kB\n",
    "/sys/class/thermal/thermal_zone0/temp": "48312\n",
    "/sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
    "/sys/fs/ext4/mmcblk0p2/errors_count": "0\n",
    "/sys/block/mmcblk0/device/life_time": "0x01 0x01\n",
    "/sys/block/mmcblk0/device/pre_eol_info": "0x01\n",
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nmaskgate:x:990:990::/:/usr/sbin/nologin\n",
    "/etc/group": "video:x:44:maskgate\ngpio:x:986:pi,maskgate\nrender:x:105:maskgate\n",
    "/dev/gpiochip0": "",
    "/boot/firmware/config.txt": "camera_auto_detect=1\n",
    "/etc/maskgate/maskgate.toml": "",
}
UNIT = {"LoadState": "loaded", "ActiveState": "inactive", "SubState": "dead", "Result": "success", "NRestarts": "0",
        "ExecMainStatus": "0", "UnitFileState": "enabled", "StatusText": ""}
"""Stopped, as it is when the camera and the pins are to be looked at. `systemctl start` is then all that is missing."""


def package(version: str, **said: object) -> Ran:
    return Ran(0, "\n" + json.dumps({"version": version, "file": "/opt/maskgate/x.py", **said}))


def died(message: str, code: int = 1) -> Ran:
    return Ran(code, err=f"Traceback (most recent call last):\n  File \"<string>\", line 3\n{message}\n")


class LiveCamera(ReplayedCamera):
    live = True


@cache
def scene(seed: int = 1, brightness: float = 120.0) -> NDArray[np.uint8]:
    """A picture with edges, light and noise, and nobody in it."""
    draw = np.random.default_rng(seed)
    picture = np.kron(draw.integers(-60, 60, (12, 16)), np.ones((40, 40)))[:, :, None] + brightness + draw.normal(0, 3, (480, 640, 3))
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


class FakeUnit:
    """A Raspberry Pi with MaskGate installed; every part of it can be broken."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.unit = dict(UNIT)
        self.answers: dict[str, Ran] = {
            "CODE numpy": package("2.2.4"), "CODE cv2": package("4.14.0", yunet=True), "CODE ai_edge_litert.interpreter": package(""),
            "CODE msgspec": package("0.19"), "CODE gpiozero": package("2.0.1"), "CODE lgpio": package("0.2.2.0", empty=False),
            "CODE picamera2": package("0.3.31"),
            "try_models": self.tried(),
            "timedatectl": Ran(0, "yes\n"),
            "systemd-analyze security": Ran(0, "→ Overall exposure level for maskgate.service: 1.6 OK\n"),
            "list-units": Ran(0, "ssh.service loaded active running OpenBSD Secure Shell server\n"),
            "gpioinfo": Ran(0, 'gpiochip0 - 54 lines:\n\tline  17:\t"GPIO17" \tinput\n\tline  22:\t"GPIO22" \tinput\n'),
            "journalctl": Ran(0, "2026-11-21 maskgate: started\n"),
        }
        self.faces: list[Face] = []
        self.asked: list[str] = []
        self.replies: dict[str, bool] = {}
        self.camera: ReplayedCamera | MaskGateError = LiveCamera([Frame(scene(i % 4), i / 15, i, {"ExposureTime": 9000}) for i in range(32)])
        self.context = Context(root=root, machine=Machine("aarch64", 64, (3, 13, 5), 0), command=self.command, now=lambda: NOW,
                               space=lambda path: Space(9000.0, 500_000), open_camera=self.open_camera, sleep=lambda seconds: None,
                               open_faces=lambda settings: ScriptedDetector([self.faces]))
        for path, text in FILES.items():
            self.write(path, text)

    @staticmethod
    def tried(faces: dict[str, Any] | None = None, masks: dict[str, Any] | None = None) -> Ran:
        faces = {"ms": 9.0, "found": 1, "besides": 0, "score": 0.92} | (faces or {})
        masks = {"ms": 2.0, "name": "maskgate-mask", "sha256": "ab" * 32, "sane": True} | (masks or {})
        return Ran(0, json.dumps({"faces": faces}) + "\n" + json.dumps({"masks": masks}) + "\n")

    def tell(self, code: str) -> None:
        """The running program says in its health.json that something is wrong."""
        health = HealthList(100.0)
        health.bad(FAULTS[code], 103.0)
        self.write("/run/maskgate/health.json", in_json(health.values, 110.0, NOW))

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def delete(self, path: str) -> None:
        (self.root / path.lstrip("/")).unlink()

    def set(self, **sections: dict[str, Any]) -> None:
        """Change settings by section, as the file would."""
        settings = self.context.settings
        self.context.settings = replace(settings, **{name: replace(getattr(settings, name), **values) for name, values in sections.items()})

    def load(self, text: str, mode: int = 0o640) -> None:
        """Put a settings file there, right or wrong."""
        self.write("/etc/maskgate/maskgate.toml", text)
        path = self.root / "etc/maskgate/maskgate.toml"
        path.chmod(mode)
        self.context.config = path
        try:
            self.context.settings = load_settings(path)
        except MaskGateError as error:
            self.context.settings_error = error

    def command(self, command: Sequence[str], limit_s: float) -> Ran:
        assert 0 < limit_s <= 30, "every wait has a bound"
        words = " ".join(["CODE", command[-1]] if "-c" in command else command)
        if words.startswith("systemctl show"):
            return Ran(0, "".join(f"{key}={value}\n" for key, value in self.unit.items()))
        return next((ran for start, ran in self.answers.items() if start in words), Ran(127, err="no such command"))

    def open_camera(self, settings: CameraSettings) -> Camera:
        if isinstance(self.camera, MaskGateError):
            raise self.camera
        return self.camera

    def ask(self, question: str) -> bool:
        self.asked.append(question)
        return next((reply for part, reply in self.replies.items() if part in question), True)

    def visit(self) -> dict[str, Result]:
        """Every result by the name of its check."""
        return {result.name: result for result in diagnose(self.context)}

    def result_of(self, name: str) -> Result:
        """One check alone."""
        module = next(module for module in sys.modules.values() if getattr(module, "NAME", "") == name and module.__name__.startswith("edge.care.doctor."))
        result, = diagnose(self.context, [module.check])
        return result
