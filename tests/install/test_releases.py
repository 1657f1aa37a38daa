# SPDX-License-Identifier: Apache-2.0
"""Releases come into use in one step, and whatever goes wrong, the one that ran before runs again."""

from __future__ import annotations

import base64
import hashlib
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from unit_stand_in import Unit


def test_a_new_release_comes_into_use_and_the_one_before_stays(unit: Unit) -> None:
    for name in ("r1", "r2", "r3"):
        result = unit.shell(name, "unit_install")
        assert result.returncode == 0, result.stderr
    assert (unit.link("current"), unit.link("previous")) == ("r3", "r2")
    assert sorted(path.name for path in (unit.base / "opt/releases").iterdir()) == ["r2", "r3"]
    assert unit.started() == ["r1", "r2", "r3"]


def test_the_same_release_again_changes_no_link(unit: Unit) -> None:
    for name in ("r1", "r2", "r2"):
        result = unit.shell(name, "unit_install")
    assert "r2 is there" in result.stdout
    assert (unit.link("current"), unit.link("previous")) == ("r2", "r1")


def package(site: Path, **files: str) -> None:
    """What pip leaves of a package: its files, and the hash of each."""
    (site / "a-1.dist-info").mkdir(parents=True)
    rows = ["a-1.dist-info/RECORD,,", "a.pyc,,"]
    for name, content in files.items():
        (site / f"{name}.py").write_text(content)
        rows.append(f"{name}.py,sha256={base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip('=')},1")
    (site / "a-1.dist-info/RECORD").write_text("\n".join(rows) + "\n")


def test_a_release_s_damaged_files_are_those_that_are_gone_or_changed(project: Path, tmp_path: Path) -> None:
    damaged = runpy.run_path(str(project / "setup" / "damaged.py"))["damaged"]
    site = tmp_path / "lib/python3.13/site-packages"
    assert damaged(tmp_path) == []
    package(site, good="1", gone="2", changed="3")
    assert damaged(tmp_path) == []
    (site / "gone.py").unlink()
    (site / "changed.py").write_text("\0")
    assert damaged(tmp_path) == ["gone.py", "changed.py"]
    (site / "a-1.dist-info/RECORD").write_bytes(b"\xff")
    assert damaged(tmp_path) == ["a-1.dist-info/RECORD"]


def test_installing_the_same_again_makes_a_damaged_release_anew_and_leaves_it_alone_meanwhile(unit: Unit) -> None:
    install = f'inside() {{ [ "$1" != /usr/bin/python3 ] || set -- {sys.executable} "${{@:2}}"; "$@"; }}; unit_install'
    assert unit.shell("r1", install).returncode == 0
    package(unit.base / "opt/releases/r1/lib/python3.11/site-packages", a="1")
    assert "r1 is there" in unit.shell("r1", install).stdout
    (unit.base / "opt/releases/r1/lib/python3.11/site-packages/a.py").write_text("2")
    result = unit.shell("r1", install)
    assert result.returncode == 0, result.stderr
    assert "release r1 is damaged (a.py): another takes its place" in result.stdout
    assert (unit.link("current"), unit.link("previous")) == ("r1.2", "r1")
    assert "r1.2 is there" in unit.shell("r1", install).stdout
    assert unit.link("current") == "r1.2"


@pytest.mark.parametrize(("building", "check"), [("fail 'pip failed: see above'", 0), (":", 1)])
def test_a_release_that_cannot_be_built_or_refuses_the_settings_is_never_used(unit: Unit, building: str, check: int) -> None:
    unit.shell("r1", "unit_install")
    result = unit.shell("r2", "unit_upgrade", building=building, check=check)
    assert result.returncode in (1, 2)
    assert (unit.link("current"), unit.link("previous")) == ("r1", "")
    assert unit.started() == ["r1"]
    assert (unit.base / "etc/maskgate.toml").read_text() == "[camera]\n"


def test_a_release_whose_service_does_not_come_up_gives_way_to_the_one_that_ran(unit: Unit) -> None:
    for name in ("r1", "r2"):
        unit.shell(name, "unit_install")
    result = unit.shell("broken", "unit_upgrade")
    assert result.returncode == 1
    assert "the reason" in result.stderr
    assert "the upgrade was undone, and r2 runs as before" in result.stderr
    assert (unit.link("current"), unit.link("previous")) == ("r2", "r1")
    assert unit.started() == ["r1", "r2", "broken", "r2"]
    assert not (unit.base / "opt/releases/broken").exists()


def test_a_first_release_that_does_not_start_stays_installed_and_says_what_to_do(unit: Unit) -> None:
    result = unit.shell("broken", "unit_install")
    assert result.returncode == 1
    assert "its service does not start" in result.stderr
    assert unit.link("current") == "broken"


DOCTOR = r"""printf '%s\n' "[ \"\$1\" != doctor ] || printf '✓ os: Trixie\n✗ camera: none is there\n    → check the ribbon\n! disk: small\n    → take a larger one\n2 failures\n'" >>"$release/bin/maskgate" """


def test_a_first_release_that_does_not_start_is_looked_over_and_what_is_wrong_is_shown_before_the_end(unit: Unit) -> None:
    seen = f"""; echo '[ "$1" != doctor ] || echo doctor >>{unit.base}/orders' >>"$release/bin/maskgate" """
    said = unit.shell("broken", "unit_install", building=DOCTOR + seen).stderr
    assert (unit.base / "orders").read_text().split() == ["stop", "doctor", "start"]  # the service would have the camera
    assert [line.strip() for line in said.splitlines()[-3:-1]] == ["✗ camera: none is there", "→ check the ribbon"]
    assert "its service does not start: see above" in said.splitlines()[-1]
    assert "larger" not in said


def test_a_self_check_that_hangs_does_not_keep_an_installation_from_its_end(unit: Unit) -> None:
    result = unit.shell("broken", "doctor_s=1; unit_install", building=r"""echo '[ "$1" != doctor ] || exec sleep 40' >>"$release/bin/maskgate" """)
    assert result.returncode == 1
    assert "it finds no failure" in result.stderr
    assert "its service does not start" in result.stderr


def test_a_self_check_that_hangs_after_an_installation_does_not_keep_it_from_its_end(unit: Unit) -> None:
    result = unit.shell("r1", "doctor_s=1; unit_install", building=r"""echo '[ "$1" != doctor ] || exec sleep 40' >>"$release/bin/maskgate" """)
    assert result.returncode == 0, result.stderr
    assert "it did not come to its end within 1 s" in result.stdout


def test_what_the_self_check_finds_after_an_installation_is_no_failure_of_it(unit: Unit) -> None:
    result = unit.shell("r1", "unit_install", building=r"""echo '[ "$1" != doctor ] || exit 1' >>"$release/bin/maskgate" """)
    assert result.returncode == 0, result.stderr
    assert "it found something to mend" in result.stdout


def test_rollback_goes_back_and_forth_with_the_unit_files(unit: Unit) -> None:
    for name in ("r1", "r2"):
        unit.shell(name, "unit_install")
    for now, before in (("r1", "r2"), ("r2", "r1")):
        result = unit.shell("any", "unit_rollback")
        assert result.returncode == 0, result.stderr
        assert (unit.link("current"), unit.link("previous")) == (now, before)
    assert unit.started() == ["r1", "r2", "r1", "r2"]


def test_a_rollback_to_what_does_not_start_is_undone(unit: Unit) -> None:
    unit.shell("broken", "unit_install")
    unit.shell("r2", "unit_install")
    result = unit.shell("any", "unit_rollback")
    assert result.returncode == 1
    assert "the rollback was undone" in result.stderr
    assert (unit.link("current"), unit.link("previous")) == ("r2", "broken")
    assert unit.started()[-1] == "r2"


def test_there_must_be_something_to_go_back_to_and_something_to_upgrade(unit: Unit) -> None:
    assert "not installed here: sudo ./setup.sh install" in unit.shell("r1", "unit_upgrade").stderr
    unit.shell("r1", "unit_install")
    assert "no release to go back to" in unit.shell("any", "unit_rollback").stderr


@pytest.mark.parametrize("verb", ["unit_rollback", "unit_option reboot on", "unit_uninstall", "unit_uninstall --purge"])
@pytest.mark.parametrize(("file", "line", "word"), [("cmdline", "boot=overlay", "do_overlayfs 1"), ("mounts", "/dev/sda2 / ext4 ro 0 0", "remount,rw")])
def test_where_nothing_lasts_every_verb_refuses_to_change_anything(unit: Unit, verb: str, file: str, line: str, word: str) -> None:
    for name in ("r1", "r2"):
        unit.shell(name, "unit_install")
    (unit.base / "seen/proc").mkdir(parents=True)
    (unit.base / "seen/proc" / file).write_text(line + "\n")
    before = sorted(unit.base.rglob("*"))
    result = unit.shell("any", verb)
    assert result.returncode == 1
    assert word in result.stdout
    assert "nothing was changed: see FAILURE above" in result.stderr
    assert sorted(unit.base.rglob("*")) == before
    assert unit.link("current") == "r2"
    dry = unit.shell("any", f"{verb} --dry-run")
    assert (dry.returncode, dry.stderr) == (1, "")
    assert "would stop here" in dry.stdout


@pytest.mark.parametrize(("verb", "why"), [
    ("unit_upgrade", "MaskGate is not installed here: sudo ./setup.sh install"), ("unit_rollback", "there is no release to go back to"),
    ("unit_option network on", "MaskGate is not installed: sudo ./setup.sh install")])
def test_a_dry_run_says_and_ends_as_the_real_one_where_nothing_is_installed(unit: Unit, verb: str, why: str) -> None:
    real, dry = unit.shell("r1", verb), unit.shell("r1", f"{verb} --dry-run")
    assert (real.returncode, dry.returncode) == (1, 1)
    assert f"setup.sh: {why}\n" in real.stderr
    assert f"    would stop here: {why}\n" in dry.stdout
    assert "preflight" not in dry.stdout
    assert dry.stdout.endswith("==> nothing was changed\n")


def test_a_dry_run_of_a_rollback_that_would_refuse_the_settings_ends_as_that_would(unit: Unit) -> None:
    unit.shell("r1", "unit_install")
    unit.shell("r2", "unit_install")
    assert unit.shell("any", "unit_rollback --dry-run").returncode == 0
    older = unit.base / "opt/releases/r1/bin/maskgate"
    older.write_text("#!/bin/sh\nexit 2\n")
    dry = unit.shell("any", "unit_rollback --dry-run")
    assert dry.returncode == 1
    assert "would stop here: r1 does not know some of these settings" in dry.stdout
    assert unit.link("current") == "r2"


@pytest.mark.parametrize("verb", ["unit_install", "unit_upgrade", "unit_rollback"])
def test_a_dry_run_of_what_would_go_well_ends_with_0(unit: Unit, verb: str) -> None:
    for name in ("r1", "r2"):
        assert unit.shell(name, "unit_install").returncode == 0
    dry = unit.shell("r3", f"{verb} --dry-run")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert unit.link("current") == "r2"


def test_udev_is_waited_for_but_not_for_ever(unit: Unit) -> None:
    unit.machine.has("udevadm", f'echo "$@" >>{unit.base}/udev; [ "$1" != trigger ] || exec sleep 40')
    result = unit.shell("r1", "settle_s=1; unit_install")
    assert result.returncode == 0, result.stderr
    assert "trigger --settle --subsystem-match=gpio" in (unit.base / "udev").read_text()
    assert "udev is slow: going on" in result.stdout
    unit.machine.has("udevadm", "exit 0")
    assert "udev is slow" not in unit.shell("r1", "unit_install").stdout


@pytest.mark.parametrize("kind", ["relative", "with a slash"])
def test_only_old_releases_are_forgotten_whatever_their_names_and_however_the_links_are_written(unit: Unit, kind: str) -> None:
    for name in ("r1", "r2"):
        unit.shell(name, "unit_install")
    releases = unit.base / "opt/releases"
    for name in ("r[12]", "r*", "r?", "an old one"):
        (releases / name).mkdir()
    for link, name in (("current", "r2"), ("previous", "r1")):
        (unit.base / "opt" / link).unlink()
        (unit.base / "opt" / link).symlink_to(f"releases/{name}" if kind == "relative" else f"{releases}/{name}/")
    assert unit.shell("any", "forget_old_releases").returncode == 0
    assert sorted(path.name for path in releases.iterdir()) == ["r1", "r2"]
    # The same release again is known as such, and a new one knows what was before it.
    assert unit.shell("r2", "unit_install").returncode == 0
    assert (unit.link("current"), unit.link("previous")) == ("r2", "r1")
    assert unit.shell("r*", "unit_install").returncode == 0
    assert (unit.link("current"), unit.link("previous")) == ("r*", "r2")
    assert sorted(path.name for path in releases.iterdir()) == ["r*", "r2"]


def test_without_a_release_in_use_none_is_forgotten(unit: Unit) -> None:
    unit.shell("r1", "unit_install")
    (unit.base / "opt/current").unlink()
    assert unit.shell("any", "forget_old_releases").returncode == 0
    assert (unit.base / "opt/releases/r1").exists()


def test_what_a_new_release_s_defaults_mean_is_said_and_nothing_else(project: Path) -> None:
    report = runpy.run_path(str(project / "setup" / "new_defaults.py"))["report"]
    old = {"[a] same": 1, "[a] kept": 1.0, "[a] left_out": "x", "[a] gone": 1, "[a] follows": 1}
    new = {"[a] same": 1, "[a] kept": 2.0, "[a] left_out": "y", "[a] new": True, "[a] follows": 2}
    assert report(old, new, {"[a] same": 5, "[a] kept": 1.0, "[a] follows": 2}) == [
        "changed default: [a] kept = 2.0 (was 1.0; your settings say 1.0, which stays)",
        'changed default: [a] left_out = "y" (was "x"; your settings leave it out, so it counts from now on)',
        "new setting: [a] new = true",
        "gone: [a] gone"]


def test_kept_settings_that_begin_with_a_byte_order_mark_are_compared_too(project: Path, tmp_path: Path) -> None:
    for name, content in {"old": b"[a]\nx = 1\n", "new": b"[a]\nx = 2\n", "kept": b"\xef\xbb\xbf[a]\nx = 1\n"}.items():
        (tmp_path / name).write_bytes(content)
    said = subprocess.run([sys.executable, project / "setup/new_defaults.py", *(tmp_path / name for name in ("old", "new", "kept"))],
                          capture_output=True, text=True, check=False, timeout=50)
    assert said.stdout == "    changed default: [a] x = 2 (was 1; your settings say 1, which stays)\n", said.stderr


@pytest.mark.parametrize(("folder", "word"), [("/", "leave --image out"), ("nowhere", "no such folder"), ("empty", "no etc/os-release")])
def test_an_image_must_be_one(unit: Unit, folder: str, word: str) -> None:
    (unit.machine.folder / "empty").mkdir()
    result = unit.shell("r1", f"unit_install --image {folder}")
    assert result.returncode == 2
    assert word in result.stderr


def test_folders_and_clips_are_meant_from_where_the_caller_stands(unit: Unit, tmp_path: Path) -> None:
    (tmp_path / "a place/wheels").mkdir(parents=True)
    (tmp_path / "a place/clip.mp4").touch()
    result = unit.shell("r1", f"""called_from='{tmp_path}/a place'; source= panel= image= purge=
        read_arguments install --offline wheels --image root --source clip.mp4; printf '%s\n' "$wheels" "$image" "$source"
        for source in 0 picamera rtsp://clip.mp4 /srv/clip.mp4; do read_arguments install --source "$source"; echo "$source"; done""")
    assert result.returncode == 0, result.stderr
    place = f"{tmp_path}/a place"
    assert result.stdout.splitlines() == [f"{place}/wheels", f"{place}/root", f"{place}/clip.mp4", "0", "picamera", "rtsp://clip.mp4", "/srv/clip.mp4"]


def test_an_upgrade_without_root_is_told_its_own_name(unit: Unit) -> None:
    assert unit.shell("r1", "unit_install").returncode == 0
    unit.machine.has("id", "echo 1000")
    assert "this needs root: sudo ./setup.sh upgrade" in unit.shell("r2", "unit_upgrade").stderr
