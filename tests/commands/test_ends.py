# SPDX-License-Identifier: Apache-2.0
"""How `maskgate` ends: by Ctrl-C, without a reader, on a full disk, after a usage error; in one line at most beside its own."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.commands import doctor, run
from edge.commands.interrupt import stop_on_signals
from edge.commands.main import main
from edge.commands.parser import EXIT_CODES


def process(*words: object, **more: object) -> subprocess.Popen[str]:
    """A command in a process of its own, with its output held back as Python does towards files."""
    return subprocess.Popen([sys.executable, "-m", "edge", *map(str, words)], stderr=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload, no-any-return]


def test_main_loads_so_little_that_no_ctrl_c_comes_before_it() -> None:
    code = "import sys, edge.commands.main; print([name for name in sys.modules if name in ('argparse', 'logging') or name.startswith('edge.')])"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=50).stdout
    assert loaded.strip() == "['edge.commands', 'edge.commands.interrupt', 'edge.commands.streams', 'edge.errors', 'edge.commands.main']"


def interrupted(arguments: object) -> int:
    raise KeyboardInterrupt


def test_ctrl_c_is_130_and_0_for_a_unit_that_is_meant_to_be_stopped(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "run", interrupted)
    monkeypatch.setattr(run, "run", interrupted)
    assert main(["doctor"]) == 130
    assert main(["run"]) == 0
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_while_the_commands_are_loaded_is_130(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("edge.commands.parser.parser", lambda: interrupted(None))
    assert main(["run"]) == 130
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("own_handler", [False, True])
def test_a_ctrl_c_inside_an_import_waits_until_the_module_is_whole(own_handler: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_load.py").write_text("import signal, time\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(0.2)\nloaded = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def loads(arguments: object) -> int:
        if own_handler:
            stop_on_signals()
        import slow_to_load  # type: ignore[import-not-found]

        assert slow_to_load.loaded
        time.sleep(10)
        return 3

    monkeypatch.setattr(doctor, "run", loads)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["doctor"]) == 130
    finally:
        sys.modules.pop("slow_to_load", None)
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.mark.parametrize(("command", "code"), [("doctor", 130), ("run", 0)])
def test_a_ctrl_c_that_python_drops_comes_again(command: str, code: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    class Dying:
        def __del__(self) -> None:
            raise KeyboardInterrupt

    def loses_one(arguments: object) -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # as `run` does after the first
        Dying()
        time.sleep(10)
        return 3

    monkeypatch.setattr({"doctor": doctor, "run": run}[command], "run", loses_one)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert main([command]) == code
    finally:
        signal.signal(signal.SIGINT, before)
    assert capfd.readouterr() == ("", "")


def test_a_doctor_that_is_stopped_after_a_check_says_no_more_and_is_not_well() -> None:
    with process("doctor", stdout=subprocess.PIPE) as visit:
        assert visit.stdout is not None
        assert visit.stderr is not None
        visit.stdout.readline()
        visit.send_signal(signal.SIGINT)
        assert visit.wait(timeout=30) == 130
        assert visit.stderr.read() == ""


@pytest.mark.parametrize("words", [("config", "show"), ("doctor", "--faults")])
def test_a_full_disk_behind_the_output_is_told_and_ends_with_1(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full, process(*words, stdout=full) as command:
        assert command.wait(timeout=50) == 1
        assert command.stderr is not None
        assert command.stderr.readline().startswith("maskgate: the output cannot be written (No space left on device)")
        assert "Traceback" not in command.stderr.read()


def test_a_disk_that_fails_under_a_file_is_told_with_its_name_and_not_taken_for_the_output(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def fails(arguments: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO), "/opt/x.py")

    monkeypatch.setattr(doctor, "run", fails)
    assert main(["doctor"]) == 1
    assert capfd.readouterr().err.startswith("maskgate: /opt/x.py: the disk that it lies on fails (Input/output error).\n")


def test_a_reader_that_has_seen_enough_ends_it_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with process("config", "reference", stdout=writing) as command:
        os.close(writing)
        assert command.wait(timeout=50) == 0
        assert command.stderr is not None
        assert command.stderr.read() == ""


def test_a_terminal_without_our_signs_gets_question_marks() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with process("doctor", "--faults", stdout=subprocess.PIPE, env=environment) as command:
        assert command.stdout is not None
        assert "?" in command.stdout.read()
        assert command.wait(timeout=50) == 0
    done = subprocess.run([sys.executable, "-m", "edge", "check", "né.jpg"], capture_output=True, text=True, timeout=50, env=environment, check=False)
    assert done.returncode == 3
    assert "n?.jpg: no such file" in done.stderr


@pytest.mark.parametrize(("words", "usage", "meant"), [
    (["run", "--sorce", "0"], "usage: maskgate run ", "unrecognized arguments: --sorce 0 (did you mean --source?)"),
    (["config", "show", "--confg=x"], "usage: maskgate config show ", "(did you mean --config?)"),
    (["demo", "here"], "usage: maskgate demo ", "unrecognized arguments: here\n"),
])
def test_a_usage_error_shows_how_that_command_is_used(words: list[str], usage: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(usage)
    assert meant in said


def test_readme_and_help_know_the_same_exit_codes(project: Path) -> None:
    readme = (project / "README.md").read_text(encoding="utf-8")
    in_help = [line.split()[0] for line in EXIT_CODES.splitlines()[1:]]
    assert in_help == ["0", "1", "2", "3", "4", "5", "130"]
    assert [line.split("|")[1].strip() for line in readme.split("## Exit codes")[1].splitlines() if line.startswith("| ") and "code" not in line] == in_help


PINS_TEST = """
import sys
from edge.panel import gpio
write = gpio.Output.write
def told(self, on):
    write(self, on)
    print(self.name, int(on), flush=True)
gpio.Output.write = told
from edge.commands.main import main
sys.exit(main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_a_pins_test_turns_the_outputs_off(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('[panel]\nkind = "mock"\n')
    with subprocess.Popen([sys.executable, "-c", PINS_TEST, "doctor", "--config", str(tmp_path / "m.toml"), "--pins-test", "--yes"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as doctor_process:
        assert doctor_process.stdout is not None
        lines = []
        for line in doctor_process.stdout:
            lines.append(line)
            if line == "amber 1\n":  # lit for a second from here on
                doctor_process.send_signal(number)
        assert doctor_process.wait(timeout=50) == 130
    last = dict(line.split() for line in lines if line[0].isalpha() and line.split()[-1] in "01")
    assert last == {"green": "0", "amber": "0", "red": "0", "buzzer": "0", "relay": "0"}


@pytest.mark.parametrize("words", [["demo", "--help"], ["doctor", "--faults"], ["model", "show"], ["aim", "--help"]])
def test_a_closed_standard_output_is_no_traceback(words: list[str]) -> None:
    ended = subprocess.run(["sh", "-c", '"$@" >&-', "sh", sys.executable, "-m", "edge", *words], stderr=subprocess.PIPE, text=True, check=False, timeout=50)
    assert ended.returncode == 0
    assert ended.stderr == ""
