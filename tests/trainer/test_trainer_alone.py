# SPDX-License-Identifier: Apache-2.0
"""One training at a time in a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from trainer_pictures import picture, tiny_faces

from trainer.alone import alone, in_turn
from trainer.data.manifest import Sample, read_manifest, write_manifest
from trainer.errors import TrainerError
from trainer.leave_out import leave_out
from trainer.main import main
from trainer.recipe import Recipe

HOLDER = "import sys, time\nfrom pathlib import Path\nfrom trainer.alone import alone\nwith alone(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(50)\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for label in ("mask", "incorrect", "no_mask"):
        picture(tmp_path / f"set/{label}/a.jpg")
    assert main(["data", "build", str(tmp_path / "set"), "--data", str(tmp_path)]) == 0
    return tmp_path


def test_a_second_fit_in_a_runs_folder_is_told_before_anything_is_prepared(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, recipe = data / "run", data / "own.toml"
    recipe.write_text('[model]\nweights = "none"\n')
    with alone(run):
        assert main(["fit", str(recipe), "--data", str(data), "--cache", str(data / "cache"), "--run", str(run)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"maskgate-train: {run}: another training is going on in it.\n")
    assert len(told.splitlines()) == 2
    assert not (data / "cache").exists()
    assert [path.name for path in run.iterdir()] == ["lock"]


def test_a_second_table_waits_for_nobody_either(tmp_path: Path) -> None:
    with alone(tmp_path / "web"), pytest.raises(TrainerError, match="another training is going on"):
        leave_out(tiny_faces(4), Recipe(), ["web"], Path(), tmp_path, say=lambda text: None)


def test_a_folder_is_free_again_when_whoever_held_it_was_killed(project: Path, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=project) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TrainerError, match="another training"), alone(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(timeout=20)
    with alone(tmp_path):
        pass
    with alone(tmp_path):  # and when it has ended
        pass


def test_a_file_system_without_locks_keeps_nobody_from_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", none)
    with alone(tmp_path):
        pass


def test_a_system_without_locks_and_terminals_that_hang_up_trains_too(project: Path, tmp_path: Path) -> None:
    code = ("import signal, sys\ndel signal.SIGHUP\nsys.modules['fcntl'] = None\nfrom pathlib import Path\nfrom trainer.alone import alone\nfrom trainer.main import main\n"
            "with alone(Path(sys.argv[1])):\n    sys.exit(main(['data', 'list', '--data', sys.argv[1]]))")
    (tmp_path / "manifest.csv").write_text("path,x,y,w,h,label,source,group,split\na.jpg,,,,,mask,web,a,train\n")
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False, timeout=50, cwd=project)
    assert (done.returncode, done.stdout.split()[:3], done.stderr) == (0, ["web", "1", "mask;"], "")


def test_a_second_build_says_that_it_waits_and_keeps_what_the_first_has_added(project: Path, data: Path) -> None:
    manifest = data / "manifest.csv"
    picture(data / "second/mask/second.jpg")
    command = [sys.executable, "-m", "trainer.main", "data", "build", str(data / "second"), "--data", str(data)]
    with in_turn(manifest):
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project)
        assert second.stdout is not None
        assert second.stdout.readline() == f"{manifest}: another process is adding to it; waiting for that.\n"
        write_manifest(manifest, [*read_manifest(manifest), Sample(path="c.jpg", box=None, label="mask", source="first", group="c")])
    second.communicate(timeout=50)
    assert second.returncode == 0
    assert {s.source for s in read_manifest(manifest)} == {"set", "first", "second"}
