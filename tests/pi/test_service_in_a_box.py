# SPDX-License-Identifier: Apache-2.0
"""The service as installed, under a real systemd: it starts on a clip, and no output stays on whatever kills it.

One command: `./setup.sh test-pi`. The machine is a container, made by sysbox.sh; its pins are gpiozero's mock pins,
and the pins file holds what every output did, across restarts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.vision import MODELS

pytestmark = [pytest.mark.pi, pytest.mark.slow, pytest.mark.timeout(900)]

OUTPUTS = {"green", "amber", "red", "buzzer", "relay"}
INPUT = "/srv/maskgate"
PINS = "/var/lib/maskgate/pins.jsonl"
WATCHDOG_S = 10.0
DROP_IN = f"""[Service]
ExecStart=
ExecStart=/opt/maskgate/current/bin/maskgate run --config /etc/maskgate/maskgate.toml --pins {PINS}
ExecStopPost=
ExecStopPost=/opt/maskgate/current/bin/maskgate pins safe --config /etc/maskgate/maskgate.toml --pins {PINS}
"""


class Box:
    """A machine with systemd, from sysbox.sh."""

    def __init__(self, suite: str) -> None:
        self._suite = suite

    def _sysbox(self, verb: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        script = Path(__file__).with_name("sysbox.sh")
        return subprocess.run([script, verb, self._suite, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=800)

    def up(self, folder: Path) -> None:
        result = self._sysbox("up", str(folder))
        assert result.returncode == 0, result.stderr

    def down(self) -> None:
        self._sysbox("down")

    def run(self, *command: str, stdin: str = "") -> str:
        """A command's output; a failure of it fails the test."""
        result = self._sysbox("run", *command, stdin=stdin)
        assert result.returncode == 0, f"{' '.join(command)}: {result.returncode}\n{result.stdout}{result.stderr}"
        return result.stdout

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


def lit(changes: list[dict[str, object]]) -> set[object]:
    """The outputs that are on after these changes."""
    last = {change["pin"]: change["value"] for change in changes}
    return {pin for pin, value in last.items() if value}


def install(box: Box, settings: str) -> None:
    """As a user would, over settings that are there already."""
    box.write("/etc/systemd/system/maskgate.service.d/pins.conf", DROP_IN)
    box.write("/etc/maskgate/maskgate.toml", settings)
    box.run("/src/setup.sh", "install")


@pytest.fixture(scope="session")
def clip(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Minutes of the demo's walk, so that the service does not come to its end while a test looks at it."""
    import cv2

    out = tmp_path_factory.mktemp("clip") / "clip.mp4"
    reader = cv2.VideoCapture(str(project / "edge" / "demo" / "door.mp4"))
    frames = []
    while True:
        good, frame = reader.read()
        if not good:
            break
        frames.append(frame)
    assert frames, "edge/demo/door.mp4 holds no frames"
    rate_fps = reader.get(cv2.CAP_PROP_FPS)
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), rate_fps, (frames[0].shape[1], frames[0].shape[0]))
    for _ in range(int(180 * rate_fps / len(frames)) + 1):
        for frame in frames:
            writer.write(frame)
    writer.release()
    return out


@pytest.fixture(scope="session", params=["trixie", "bookworm"])
def box(request: pytest.FixtureRequest, project: Path, clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A machine on which MaskGate was installed, with a clip for a camera and mock pins."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a container is made")
    missing = [package for program, package in (("mmdebstrap", "mmdebstrap"), ("systemd-nspawn", "systemd-container"),
                                                ("pgrep", "procps"), ("apt-get", "apt (this is no Debian)")) if not shutil.which(program)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: apt-get install them")
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(project, source, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.egg-info", ".*_cache", "runs", "out"))
    shutil.copy(clip, source / "clip.mp4")
    settings = ""
    if not (MODELS / "face.onnx").is_file():  # until our own detector ships
        shutil.copy(request.getfixturevalue("shared") / "weights" / "face_detection_yunet_2023mar.onnx", source / "face.onnx")
        settings = f'[faces]\nmodel = "{INPUT}/face.onnx"\n'
    box = Box(request.param)
    box.up(source)
    try:
        for file in ("clip.mp4", "face.onnx"):
            if (source / file).exists():
                box.run("install", "-D", "-m", "644", f"/src/{file}", f"{INPUT}/{file}")
        install(box, f'{settings}[camera]\nsource = "{INPUT}/clip.mp4"\n[panel]\nkind = "mock"\n')
        yield box
    finally:
        box.down()


def test_the_installed_service_is_ready_and_says_what_it_sees(box: Box) -> None:
    assert box.property("ActiveState") == "active"
    until(lambda: box.property("StatusText") in {"idle", "checking", "unsure", "passed", "violation"}, 20, "a state as status")
    assert box.run("systemctl", "is-enabled", "maskgate").strip() == "enabled"


def test_the_unit_file_is_verified_without_a_word(box: Box) -> None:
    result = box.run("sh", "-c", "systemd-analyze verify --man=no /etc/systemd/system/maskgate.service 2>&1")
    assert result == ""


def test_the_sandbox_scores_at_most_two(box: Box) -> None:
    score = box.run("sh", "-c", "systemd-analyze security --no-pager maskgate | tail -n 1")
    assert float(score.split(":")[1].split()[0]) <= 2.0, score


def test_apt_s_numpy_is_the_one_in_use(box: Box) -> None:
    assert box.run("/opt/maskgate/current/bin/python", "-c", "import numpy; print(numpy.__file__)").startswith("/usr/lib/python3/")


def test_installing_again_keeps_settings_and_release(box: Box) -> None:
    before = box.run("sh", "-c", "cat /etc/maskgate/maskgate.toml; readlink /opt/maskgate/current")
    text = box.run("/src/setup.sh", "install")
    assert "are kept" in text
    assert "is there" in text
    assert box.run("sh", "-c", "cat /etc/maskgate/maskgate.toml; readlink /opt/maskgate/current") == before


def test_stopping_is_clean_and_leaves_every_output_off(box: Box) -> None:
    started = time.monotonic()
    box.run("systemctl", "stop", "maskgate")
    assert time.monotonic() - started < 5
    assert box.property("Result") == "success"
    assert not lit(box.pins())
    box.run("systemctl", "start", "maskgate")


@pytest.mark.parametrize(("signal", "result", "within_s"), [("KILL", "signal", 5.0), ("STOP", "watchdog", WATCHDOG_S + 5.0)])
def test_after_a_sudden_death_every_output_goes_off_and_the_service_comes_back(
        box: Box, signal: str, result: str, within_s: float) -> None:
    until(lambda: box.property("ActiveState") == "active" and bool(lit(box.pins())), 60, "an output that is on")
    restarts, process = int(box.property("NRestarts")), box.property("MainPID")
    box.run("kill", f"-{signal}", process)
    known = len(box.pins())

    def rests() -> bool:
        return {change["pin"] for change in box.pins()[known:] if change.get("why") == "safe"} == OUTPUTS

    took_s = until(rests, within_s, "every output driven to its safe level")
    after = box.pins()[known:]
    safe = next(i for i, change in enumerate(after) if change.get("why") == "safe")
    assert [change["value"] for change in after[safe:safe + len(OUTPUTS)]] == [0] * len(OUTPUTS)
    until(lambda: box.property("ActiveState") == "active" and box.property("MainPID") != process, 30, "the service back")
    assert int(box.property("NRestarts")) == restarts + 1
    # Nothing was driven between the safe levels and the new process's own beginning.
    assert all(change.get("why") for change in box.pins()[known + safe:][:2 * len(OUTPUTS)])
    journal = box.run("journalctl", "--unit=maskgate", "--no-pager", "--output=cat", "--lines=60")
    assert {"signal": "status=9/KILL", "watchdog": "Watchdog timeout"}[result] in journal
    print(f"SIG{signal}: every output off after {took_s:.1f} s")


def test_broken_settings_keep_the_service_down_with_the_reason_in_the_journal_and_all_off(box: Box) -> None:
    good = box.run("cat", "/etc/maskgate/maskgate.toml")
    box.write("/etc/maskgate/maskgate.toml", good + "colour = 1\n")
    try:
        box.run("sh", "-c", "! systemctl restart maskgate")
        time.sleep(4)  # longer than RestartSec
        assert box.property("ActiveState") == "failed"
        assert box.property("ExecMainStatus") == "2"
        assert "colour" in box.run("journalctl", "--unit=maskgate", "--no-pager", "--output=cat", "--lines=30")
        assert not lit(box.pins())
    finally:
        box.write("/etc/maskgate/maskgate.toml", good)
        box.run("systemctl", "restart", "maskgate")


def test_uninstalling_leaves_the_settings_and_purging_nothing(box: Box) -> None:
    def there() -> str:
        return box.run("sh", "-c", "ls -d /opt/maskgate /usr/local/bin/maskgate /etc/systemd/system/maskgate.service /etc/maskgate 2>/dev/null || true")

    settings = box.run("cat", "/etc/maskgate/maskgate.toml")
    try:
        box.run("/src/setup.sh", "uninstall")
        assert there() == "/etc/maskgate\n"
        assert box.property("LoadState") == "not-found"
        box.run("/src/setup.sh", "uninstall", "--purge")
        assert there() == ""
        box.run("sh", "-c", "! id maskgate")
    finally:
        install(box, settings)
