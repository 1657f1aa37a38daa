# SPDX-License-Identifier: Apache-2.0
"""The doctor finds each planted fault, blames the right part, and names the right remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from care_stand_ins import FakeUnit, LiveCamera, died, package, scene

from edge.care.doctor.context import Machine, Ran, Space
from edge.errors import CameraBusy, CameraNotFound, CameraStopped, CardError
from edge.frame import Frame


@pytest.fixture
def unit(tmp_path: Path) -> FakeUnit:
    return FakeUnit(tmp_path)


def test_a_unit_that_is_well_has_nothing_to_be_told_but_that_it_is_stopped(unit: FakeUnit) -> None:
    results = unit.visit()
    assert len(results) == 21
    assert {name: (result.found, result.remedy) for name, result in results.items() if result.level != "ok"} == {
        "service": ("it does not run (inactive)", "`sudo systemctl start maskgate`")}


def test_a_running_unit_that_is_well_has_nothing_to_be_told(unit: FakeUnit) -> None:
    unit.unit |= {"ActiveState": "active", "SubState": "running", "StatusText": "idle"}
    unit.camera = CameraBusy("Pi camera: another program uses it.")     # itself
    unit.answers["gpioinfo"] = Ran(0, 'gpiochip0 - 54 lines:\n\tline  17:\t"GPIO17" \toutput consumer="lg"\n')
    assert {result.level for result in unit.visit().values()} == {"ok"}


def frames(picture: Callable[[int], np.ndarray], rate_fps: float = 15.0, **metadata: object) -> LiveCamera:
    return LiveCamera([Frame(picture(i % 4), i / rate_fps, i, metadata) for i in range(32)])


def flat(level: float) -> Callable[[int], np.ndarray]:
    return lambda seed: np.clip(np.random.default_rng(seed).normal(level, 3, (480, 640, 3)), 0, 255).astype(np.uint8)


Plant = Callable[[FakeUnit], object]
ABI = "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96 from C header, got 88 from PyObject"
PLANTED: list[tuple[str, Plant, str, str, str, str]] = [
    # what is planted, how, the check that finds it, how bad, what it says, what the remedy names
    ("a 32-bit system", lambda u: setattr(u.context, "machine", Machine("aarch64", 32, (3, 13, 5), 0)), "system", "failure", "32-bit", "64-bit"),
    ("an old Python", lambda u: setattr(u.context, "machine", Machine("aarch64", 64, (3, 9, 2), 0)), "system", "failure", "3.11", "Trixie"),
    ("another distribution", lambda u: u.write("/etc/os-release", 'PRETTY_NAME="Arch"\n'), "system", "warning", "Arch", "Trixie"),
    ("pip's numpy over apt's", lambda u: u.answers.update({"CODE picamera2": died(ABI)}), "packages", "failure", "another numpy than the 2.2.4", "uninstall numpy"),
    ("cv2 that loads and complains of numpy", lambda u: u.answers.update({"CODE cv2": package("4.11.0", yunet=True)._replace(err="_ARRAY_API not found\n")}),
     "packages", "failure", "another numpy", "uninstall numpy"),
    ("no libcamera", lambda u: u.answers.update({"CODE picamera2": died("ModuleNotFoundError: No module named 'libcamera'")}),
     "packages", "failure", "libcamera is missing", "apt install python3-libcamera"),
    ("no runtime", lambda u: u.answers.update({"CODE ai_edge_litert.interpreter": died("ModuleNotFoundError: No module named 'ai_edge_litert'")}),
     "packages", "failure", "ai_edge_litert is missing", "setup.sh install"),
    ("an empty lgpio", lambda u: u.answers.update({"CODE lgpio": package("", empty=True)}), "packages", "failure", "empty shell", "python3-lgpio"),
    ("a package that crashes", lambda u: u.answers.update({"CODE cv2": Ran(-4)}), "packages", "failure", "crashes", "another processor"),
    ("a slow card", lambda u: u.answers.update({"CODE cv2": Ran(124)}), "packages", "warning", "in time", "again"),
    ("apt's old OpenCV", lambda u: u.answers.update({"CODE cv2": package("4.6.0", yunet=True)}), "opencv", "failure", "4.6.0", "opencv-python-headless>=4.8"),
    ("OpenCV without YuNet", lambda u: u.answers.update({"CODE cv2": package("4.10.0", yunet=False)}), "opencv", "failure", "FaceDetectorYN", "setup.sh install"),
    ("a typing mistake in the settings", lambda u: u.load("[door]\nmood = 1\n"), "settings", "failure", "mood is no setting", "maskgate config check"),
    ("settings that the card does not give", lambda u: setattr(u.context, "settings_error", CardError("maskgate.toml: cannot be read just now.")), "settings", "failure",
     "cannot be read just now", "flash a new card"),
    ("a door that refuses without a relay", lambda u: u.load('[door]\nmode = "refuse"\n[panel]\nrelay_pin = ""\n'), "settings", "warning", "keeps nobody out", "wire a relay"),
    ("a password for all to read", lambda u: u.load('[camera]\nsource = "rtsp://me:hunter22@cam/1"\n', 0o644), "settings", "warning", "password", "chmod 640"),
    ("a damaged mask model", lambda u: u.answers.update(try_models=u.tried(masks={"error": "Mask model x: damaged", "hint": "Reinstall MaskGate"})),
     "models", "failure", "damaged", "Reinstall"),
    ("a runtime for another processor", lambda u: u.answers.update(try_models=u.tried()._replace(code=-4)), "models", "failure", "SIGILL", "another processor"),
    ("a blind face detector", lambda u: u.answers.update(try_models=u.tried(faces={"found": 0})), "models", "warning", "0 times", "maskgate check"),
    ("a mask model that says one thing", lambda u: u.answers.update(try_models=u.tried(masks={"sane": False})), "models", "failure", "same of everything", "[masks] model"),
    ("a loose ribbon", lambda u: setattr(u, "camera", CameraNotFound("Pi camera: libcamera finds no camera.", hint="Check the ribbon")),
     "camera", "failure", "finds no camera", "ribbon"),
    ("the legacy camera", lambda u: (setattr(u, "camera", CameraNotFound("No camera.")), u.write("/boot/firmware/config.txt", "start_x=1\n")),
     "camera", "failure", "legacy", "start_x"),
    ("cameras not looked for", lambda u: (setattr(u, "camera", CameraNotFound("No camera.")), u.write("/boot/firmware/config.txt", "camera_auto_detect=0\n")),
     "camera", "failure", "not looked for", "camera_auto_detect=1"),
    ("a camera in use", lambda u: setattr(u, "camera", CameraBusy("Webcam /dev/video0: another program uses it.")), "camera", "failure", "another program", "fuser"),
    ("a silent camera", lambda u: setattr(u, "camera", LiveCamera([], then=CameraStopped("Pi camera: no frame for 5 s."))), "camera", "failure", "no frame", "ribbon"),
    ("a cap on the lens", lambda u: setattr(u, "camera", frames(flat(1))), "camera", "failure", "black", "cap"),
    ("a hand on the lens", lambda u: setattr(u, "camera", frames(flat(90))), "camera", "failure", "covers the lens", "Uncover"),
    ("a dark site", lambda u: setattr(u, "camera", frames(lambda i: (scene(i, 60) // 4).astype(np.uint8))), "camera", "warning", "too dark", "light"),
    ("a lens out of focus", lambda u: setattr(u, "camera", frames(lambda i: blurred(scene(i)))), "camera", "warning", "not sharp", "maskgate aim"),
    ("a slow camera", lambda u: setattr(u, "camera", frames(scene, 4.0)), "camera", "warning", "4.0 frames a second", "light"),
    ("a long exposure", lambda u: setattr(u, "camera", frames(scene, ExposureTime=66000)), "camera", "warning", "66 ms", "light"),
    ("no GPIO chip", lambda u: u.delete("/dev/gpiochip0"), "gpio", "failure", "no GPIO chip", "mock"),
    ("one pin used twice", lambda u: u.set(panel={"red_pin": 17}), "gpio", "failure", "both GPIO17", "wiring"),
    ("SPI on our pin", lambda u: (u.set(panel={"red_pin": 8}), u.answers.update(gpioinfo=Ran(0, '\tline   8:\t"SPI_CE0_N" \toutput consumer="spi0 CS0"\n'))),
     "gpio", "failure", "held by spi0", "switch spi off"),
    ("a pin taken, as libgpiod 1.6 says it", lambda u: u.answers.update(gpioinfo=Ran(0, '\tline  22:     "GPIO22"      "fan"  output  active-high [used]\n')),
     "gpio", "failure", "red: GPIO22 (position 15 of the header) is held by fan", "stop fan"),
    ("a full disk", lambda u: setattr(u.context, "space", lambda path: Space(12.0, 1000)), "disk", "failure", "12 MB", "vacuum"),
    ("no inodes", lambda u: setattr(u.context, "space", lambda path: Space(9000.0, 3)), "disk", "failure", "inodes", "vacuum"),
    ("a root gone read-only", lambda u: u.write("/proc/mounts", "/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n"), "card", "failure", "read-only", "new card"),
    ("a file system with errors", lambda u: u.write("/sys/fs/ext4/mmcblk0p2/errors_count", "7\n"), "card", "failure", "7 errors", "new card"),
    ("a worn card", lambda u: u.write("/sys/block/mmcblk0/device/life_time", "0x0a 0x02\n"), "card", "warning", "90 to 100 %", "new card"),
    ("a card at its end", lambda u: u.write("/sys/block/mmcblk0/device/pre_eol_info", "0x03\n"), "card", "failure", "near its end", "new card"),
    ("events on an overlay", lambda u: (u.write("/proc/mounts", "overlayroot / overlay rw 0 0\n"), u.write("/proc/cmdline", "overlayroot=tmpfs\n"),
                                        u.set(report={"events": "/var/log/e.jsonl"})), "root", "warning", "after a reboot", "recurse=0"),
    ("little memory", lambda u: u.write("/proc/meminfo", "MemAvailable: 30000 kB\n"), "memory", "failure", "30 MB", "desktop"),
    ("a hot processor", lambda u: u.write("/sys/class/thermal/thermal_zone0/temp", "77000\n"), "temperature", "warning", "77 °C", "heat sink"),
    ("a processor that is slowed", lambda u: u.write("/sys/class/thermal/thermal_zone0/temp", "83000\n"), "temperature", "failure", "83 °C", "heat sink"),
    ("a weak supply, now", lambda u: u.write("/sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n"), "power", "failure", "just now", "power supply"),
    ("a weak supply, as vcgencmd says", lambda u: (u.delete("/sys/devices/platform/soc/soc:firmware/get_throttled"),
                                                   u.answers.update(vcgencmd=Ran(0, "throttled=0x50000\n"))), "power", "warning", "since the last boot", "power supply"),
    ("a clock in the past", lambda u: setattr(u.context, "now", lambda: 0.0), "clock", "failure", "1970", "date -s"),
    ("a clock that nobody has set", lambda u: u.answers.update(timedatectl=Ran(0, "no\n")), "clock", "warning", "no network", "set-ntp"),
    ("a service that has given up", lambda u: u.unit.update(ActiveState="failed", Result="exit-code", ExecMainStatus="2"),
     "service", "failure", "given up", "maskgate config check"),
    ("a service that ends again and again", lambda u: u.unit.update(ActiveState="activating", SubState="auto-restart", ExecMainStatus="3"),
     "service", "failure", "again and again", "camera"),
    ("an upgrade that was cut off", lambda u: (u.unit.update(ActiveState="active", SubState="running"), u.write("/opt/maskgate/trying", "upgrade\n")),
     "service", "warning", "cut off", "setup.sh upgrade"),
    ("a service that is not enabled", lambda u: u.unit.update(ActiveState="active", SubState="running", UnitFileState="disabled"),
     "service", "warning", "next boot", "systemctl enable"),
    ("a lens that the running program says is covered", lambda u: (u.unit.update(ActiveState="active", SubState="running"), u.tell("lens-covered")),
     "service", "failure", "Something covers the lens", "Uncover"),
    ("a full disk that the running program tells of", lambda u: (u.unit.update(ActiveState="active", SubState="running"), u.tell("disk-full")),
     "service", "warning", "The disk is full", "Make room"),
    ("an opened sandbox", lambda u: u.answers.update({"systemd-analyze security": Ran(
        0, "→ Overall exposure level for maskgate.service: 8.2 EXPOSED\n")}), "sandbox", "warning", "8.2", "systemctl revert"),
    ("a user without its groups", lambda u: u.write("/etc/group", "video:x:44:maskgate\ngpio:x:986:pi\n"), "groups", "failure", "gpio", "usermod -aG gpio maskgate"),
    ("no user", lambda u: u.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"), "groups", "failure", "does not exist", "systemd-sysusers"),
    ("pigpiod", lambda u: u.answers.update({"list-units": Ran(0, "pigpiod.service loaded active running Pigpio\n")}), "conflicts", "failure", "pigpiod", "disable --now pigpiod"),
    ("motion", lambda u: u.answers.update({"list-units": Ran(0, "motion.service loaded active running Motion\n")}), "conflicts", "warning", "camera", "disable --now motion"),
]


def blurred(picture: np.ndarray) -> np.ndarray:
    import cv2

    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 12), np.uint8)


@pytest.mark.parametrize(("plant", "name", "level", "found", "remedy"), [row[1:] for row in PLANTED], ids=[row[0] for row in PLANTED])
def test_a_planted_fault_is_found_with_its_remedy(unit: FakeUnit, plant: Plant, name: str, level: str, found: str, remedy: str) -> None:
    plant(unit)
    result = unit.result_of(name)
    assert result.name == name
    assert (str(result.level), found in result.found, remedy in result.remedy) == (level, True, True), result


def test_a_clip_below_dev_is_no_camera_of_this_machine(unit: FakeUnit) -> None:
    unit.load('[camera]\nsource = "/dev/shm/door.mp4"\n')
    unit.write("/etc/group", "gpio:x:986:maskgate\n")
    unit.answers["list-units"] = Ran(0, "motion.service loaded active running Motion\n")
    assert {str(unit.result_of(name).level) for name in ("groups", "conflicts")} == {"ok"}


def test_every_check_finds_something_that_is_planted(unit: FakeUnit) -> None:
    beside = {"files", "light and distance", "pins"}    # planted in test_doctor_parts.py
    assert {row[2] for row in PLANTED} | beside == set(unit.visit())


def test_a_fault_in_one_place_is_not_found_in_ten_others(unit: FakeUnit) -> None:
    unit.write("/sys/class/thermal/thermal_zone0/temp", "83000\n")
    assert [name for name, result in unit.visit().items() if result.level == "failure"] == ["temperature"]


def test_a_check_that_breaks_does_not_keep_the_others_from_looking(unit: FakeUnit, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.care.doctor import Context, diagnose, disk, memory

    def broken(context: Context) -> None:
        raise RuntimeError("unheard of")

    broken.__module__ = "edge.care.doctor.odd"
    results = list(diagnose(unit.context, [disk.check, broken, memory.check]))  # type: ignore[list-item]
    assert [(result.name, str(result.level)) for result in results] == [("disk", "ok"), ("odd", "failure"), ("memory", "ok")]


def test_every_remedy_and_every_finding_is_one_line(unit: FakeUnit) -> None:
    unit.load("[door]\nmood = 1\nmode = 3\n")
    unit.context.settings_error.args = ("first\nsecond",)  # type: ignore[union-attr]
    for result in unit.visit().values():
        assert "\n" not in result.found + result.remedy
        assert bool(result.remedy) is (result.level != "ok"), result
