# SPDX-License-Identifier: Apache-2.0
"""How `maskgate-train` and `maskgate-convert` end: by Ctrl-C at any moment, by a signal while other processes work, with which code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.main import main as convert
from edge.errors import ModelError, SettingsError
from trainer.ending import EXIT_CODES, ending
from trainer.errors import TrainerError
from trainer.main import main as train

MAINS = (("trainer.main", "trainer.parser.parser", train), ("convert.main", "convert.command.run", convert))


@pytest.mark.parametrize("module", ["trainer.main", "convert.main"])
def test_main_loads_so_little_that_no_ctrl_c_comes_before_it(project: Path, module: str) -> None:
    code = f"import sys, {module}; print([name for name in sys.modules if name in ('argparse', 'numpy', 'msgspec') or name.partition('.')[0] in ('edge', 'trainer', 'convert')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50, cwd=project).stdout
    room = [] if module.startswith("trainer") else ["convert"]
    assert loaded.strip() == str([*room, "trainer", "edge", "edge.commands", "edge.commands.interrupt", "edge.commands.streams", "edge.errors", "trainer.errors", "trainer.ending", module])


@pytest.mark.parametrize(("module", "loading", "main"), MAINS, ids=["train", "convert"])
def test_ctrl_c_while_the_command_is_loaded_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str, loading: str, main: Callable[[list[str]], int]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, interrupted)
    assert main(["--help"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("module", ["trainer.main", "convert.main"])
def test_a_ctrl_c_in_the_midst_of_loading_is_no_traceback(project: Path, module: str) -> None:
    # The first library that is loaded sends it.
    code = ("import signal, sys\nclass Early:\n    def find_spec(self, name, *_):\n        if name == 'argparse':\n            sys.meta_path.remove(self)\n            signal.raise_signal(signal.SIGINT)\n"
            f"sys.meta_path.insert(0, Early())\nfrom {module} import main\nsys.argv[1:] = ['--help']\nsys.exit(main())")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=50, cwd=project)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 130)  # the help may be told before it comes again


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for child processes as Linux shows them")


@contextmanager
def preparing_faces(project: Path, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A training that is preparing faces, with a process group of its own, and the numbers of its child processes."""
    rng = np.random.default_rng(1)
    for label in ("mask", "incorrect", "no_mask"):
        (folder / f"set/{label}").mkdir(parents=True)
        for n in range(200):
            cv2.imwrite(str(folder / f"set/{label}/{n}.jpg"), rng.integers(0, 255, (320, 320, 3), dtype=np.uint8))
    assert train(["data", "build", str(folder / "set"), "--data", str(folder)]) == 0
    (folder / "own.toml").write_text('[model]\nweights = "none"\n')
    words = ["fit", str(folder / "own.toml"), "--data", str(folder), "--cache", str(folder / "cache"), "--run", str(folder / "run")]
    with subprocess.Popen([sys.executable, "-m", "trainer.main", *words], stderr=subprocess.PIPE, text=True, cwd=project, process_group=0) as training:
        try:
            children: list[str] = []
            while not (list(folder.glob("cache/*/making-*")) and len(children) == 3):  # two workers, and whoever clears up after them
                assert training.poll() is None
                children = Path(f"/proc/{training.pid}/task/{training.pid}/children").read_text().split()
                time.sleep(0.05)
            time.sleep(1.0)
            yield training, children
        finally:
            training.kill()


def must_have_ended(children: list[str]) -> None:
    until = time.monotonic() + 20
    while (left := [child for child in children if Path(f"/proc/{child}").exists()]) and time.monotonic() < until:
        time.sleep(0.1)
    assert not left


@needs_proc
@pytest.mark.parametrize(("number", "to_all"), [(signal.SIGTERM, False), (signal.SIGHUP, False), (signal.SIGTERM, True)],
                         ids=["SIGTERM", "SIGHUP", "SIGTERM to all its processes"])
def test_a_signal_while_faces_are_prepared_leaves_no_process_and_no_folder(project: Path, tmp_path: Path, number: signal.Signals, to_all: bool) -> None:
    with preparing_faces(project, tmp_path) as (training, children):
        if to_all:
            os.killpg(training.pid, number)
        else:
            training.send_signal(number)
        assert training.wait(timeout=90) == 128 + number
        assert training.stderr is not None
        assert "Traceback" not in training.stderr.read()
    must_have_ended(children)
    assert not [path for path in tmp_path.glob("cache/*/*") if path.is_dir()]


@needs_proc
def test_a_training_that_is_killed_leaves_no_process(project: Path, tmp_path: Path) -> None:
    with preparing_faces(project, tmp_path) as (training, children):
        training.kill()
        training.wait(timeout=20)
    must_have_ended(children)


def test_help_and_the_page_know_the_same_exit_codes_and_what_is_raised_has_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = dict(line.split(maxsplit=1) for line in EXIT_CODES.splitlines()[1:])
    section = (project / "docs/formats.md").read_text(encoding="utf-8").split("## Exit codes")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| ") and "code" not in line]
    assert dict(rows) == told
    for main in (train, convert):
        with pytest.raises(SystemExit) as ended:
            main(["--help"])
        assert ended.value.code == 0
        assert EXIT_CODES in capsys.readouterr().out
    raised = (TrainerError("x"), OSError(28, "x"), SettingsError("x"), ModelError("x"), KeyboardInterrupt())
    codes = [ending("x", lambda error=error: (_ for _ in ()).throw(error), own=False) for error in raised]  # type: ignore[misc]
    assert codes == [1, 1, 2, 4, 130]
    assert {str(code) for code in (0, *codes, 128 + signal.SIGTERM, 128 + signal.SIGHUP)} == set(told)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_the_output_is_told_in_two_lines(project: Path, tmp_path: Path, unbuffered: str) -> None:
    (tmp_path / "manifest.csv").write_text("path,x,y,w,h,label,source,group,split\na.jpg,,,,,mask,web,a,train\n")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "trainer.main", "data", "list", "--data", str(tmp_path)], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=50, cwd=project, env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == 1
    assert done.stderr.startswith("maskgate-train: A file, or the output: No space left on device.\n")
    assert len(done.stderr.splitlines()) == 2


def test_what_a_command_has_set_for_its_end_is_put_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)], sys.unraisablehook
    assert train(["data", "list", "--data", os.devnull]) == 1
    assert ([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)], sys.unraisablehook) == before
