# SPDX-License-Identifier: Apache-2.0
"""setup.sh on the unit, as far as it can be seen without one; tests/pi tries the rest."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

import pytest
from setup_machine import Machine

from edge.settings import Settings
from edge.settings_file import load_settings
from edge.settings_text import settings_file


@pytest.fixture
def unit(machine: Machine) -> Machine:
    """A 64-bit machine whose user is not root."""
    machine.has("id", "echo 1000")
    machine.has("dpkg", "echo arm64")
    machine.has("dpkg-query", "exit 1")
    machine.has("tar", "exit 1")
    return machine


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_a_dry_run_needs_no_root_and_says_what_would_run(unit: Machine, verb: str) -> None:
    before = sorted(unit.folder.rglob("*"))
    result = unit.setup(verb, "--dry-run")
    assert result.returncode == int("would stop here" in result.stdout), "this machine may be one that nothing can be installed on"
    assert result.stderr == ""
    assert "would run: systemctl" in result.stdout
    assert "/opt/maskgate" in result.stdout
    assert result.stdout.endswith("==> nothing was changed\n")
    assert sorted(unit.folder.rglob("*")) == before


def test_an_installation_s_dry_run_names_packages_release_settings_and_service(unit: Machine) -> None:
    text = unit.setup("install", "--dry-run").stdout
    for thing in ["python3-picamera2", "python3-lgpio", "--system-site-packages /opt/maskgate/releases/", "--no-deps",
                  "/etc/maskgate", "/etc/systemd/system/maskgate.service", "systemctl enable", "systemctl restart", "maskgate.rules",
                  "maskgate.tmpfiles", "maskgate doctor"]:
        assert thing in text


def test_settings_and_user_are_removed_by_purge_only(unit: Machine) -> None:
    kept, purged = (unit.setup("uninstall", "--dry-run", *more).stdout for more in ([], ["--purge"]))
    for folder in ("/etc/maskgate", "/var/lib/maskgate"):
        assert f"rm -rf {folder}\n" in purged
    assert "userdel maskgate" in purged
    assert "rm -rf /etc/maskgate" not in kept
    assert "userdel" not in kept


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("verb", ["demo", "test", "test-pi", "wheels", "card", "install --source 0", "upgrade", "rollback", "option network on", "uninstall"])
def test_whoever_asks_a_verb_for_help_is_shown_it_and_nothing_is_done(unit: Machine, verb: str, option: str) -> None:
    before = sorted(unit.folder.rglob("*"))
    result = unit.setup(*verb.split(), option)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == unit.setup("--help").stdout
    assert sorted(unit.folder.rglob("*")) == before


@pytest.mark.parametrize("verb", ["install", "rollback", "uninstall", "option network on"])
def test_without_root_the_command_to_type_is_said(unit: Machine, verb: str) -> None:
    result = unit.setup(*verb.split())
    assert result.returncode == 1
    assert result.stderr == f"setup.sh: this needs root: sudo ./setup.sh {verb}\n"


@pytest.mark.parametrize("arguments", ["install --dry", "install --source", "install --dry-run --panel bogus", "install now", "install --offline nowhere", "install --image nowhere",
                                       "upgrade --source x", "rollback --purge", "option colour on", "option network maybe", "wheels",
                                       "wheels a b", "wheels --os buster x", "wheels --arch armhf x"])
def test_an_unknown_or_unfinished_argument_is_refused(unit: Machine, arguments: str) -> None:
    unit.has("id", "echo 0")
    result = unit.setup(*arguments.split())
    assert result.returncode == 2
    assert arguments.split()[-1].removeprefix("--") in result.stderr or arguments.split()[0] in result.stderr
    assert result.stderr.startswith("setup.sh: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", ["install --source --dry-run", "install --panel --source 0", "upgrade --offline --dry-run", "wheels --os --arch"])
def test_an_option_is_not_taken_for_the_value_of_the_one_before(unit: Machine, arguments: str) -> None:
    unit.has("id", "echo 0")
    result = unit.setup(*arguments.split())
    assert result.returncode == 2
    assert result.stderr == f"setup.sh: {arguments.split()[1]} needs a value: ./setup.sh --help\n"


def test_a_32_bit_userland_is_refused(unit: Machine) -> None:
    unit.has("dpkg", "echo armhf")
    dry = unit.setup("install", "--dry-run")
    assert dry.returncode == 1, "it is what a script asks beforehand"
    assert "FAILURE  this is no 64-bit system" in dry.stdout
    assert "would stop here: " in dry.stdout
    assert dry.stderr == ""
    unit.has("id", "echo 0")
    result = unit.setup("install")
    assert result.returncode == 1
    assert "to mend first: see FAILURE above" in result.stderr
    assert "packages" not in result.stdout


def test_a_release_is_named_after_version_and_content(unit: Machine) -> None:
    def name() -> str:
        return unit.shell(". setup/common.sh; . setup/unit.sh; constraints=constraints/trixie.txt; release_name").stdout

    before = name()
    assert before.startswith("0.")
    assert name() == before
    (unit.folder / "edge" / "__init__.py").write_text("changed = True\n")
    assert name() != before


@pytest.mark.parametrize("source", ["rtsp://user:pa\"ss\\word&1@door/stream", "/var/lib/a clip.mp4", "0"])
def test_source_and_panel_reach_the_first_settings_file_and_nothing_else_changes(unit: Machine, source: str, tmp_path: Path) -> None:
    unit.has("mv", 'exec /bin/mv "$@"')
    default = settings_file(Settings())
    (tmp_path / "maskgate.toml").write_text(default)
    result = unit.shell(f""". setup/common.sh; . setup/unit.sh; scratch={shlex.quote(str(tmp_path))}
        set_text camera source {shlex.quote(source)}; set_text panel kind mock; scratch=$(mktemp -d)""")
    assert result.returncode == 0, result.stderr
    settings = load_settings(tmp_path / "maskgate.toml")
    assert settings.camera.source == source
    assert settings.panel.kind == "mock"
    changed = [line for line in (tmp_path / "maskgate.toml").read_text().splitlines() if line not in default.splitlines()]
    assert len(changed) == 2


def test_a_step_that_fails_is_named_again_below_the_reason(unit: Machine) -> None:
    result = unit.shell('. setup/common.sh; begin "the third step"; quietly sh -c "echo the reason; exit 1"')
    assert result.returncode == 1
    assert result.stderr.splitlines() == ["the reason", 'setup.sh: stopped at "the third step"; mend it and run the same command again']


def test_a_step_that_works_is_quiet(unit: Machine) -> None:
    result = unit.shell('. setup/common.sh; begin "the third step"; quietly sh -c "echo a lot"')
    assert (result.returncode, result.stdout, result.stderr) == (0, "==> the third step\n", "")


@pytest.mark.parametrize(("own", "cache"), [("", "/somewhere/fetched"), ("PIP_CACHE_DIR=/mine ", "/mine")])
def test_packages_are_kept_in_our_own_folder_until_the_release_is_made(unit: Machine, own: str, cache: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    pip = tmp_path / "bin/pip"
    pip.write_text('#!/bin/sh\necho "$PIP_CACHE_DIR" >&3\n')
    pip.chmod(0o755)
    script = f". setup/common.sh; . setup/unit.sh; opt=/somewhere release={tmp_path}; {own}pip package"
    assert unit.shell(script).stdout.strip() == cache


BUILD = """
. setup/common.sh; . setup/unit.sh
opt={opt}; release=$opt/releases/r1; constraints=constraints/trixie.txt
inside() {{
    case "$*" in
        *venv*) mkdir -p "$release/bin"; for tool in pip maskgate; do printf '#!/bin/sh\\nexit {code}\\n' >"$release/bin/$tool"; /bin/chmod +x "$release/bin/$tool"; done ;;
        *numpy*) echo 2.2.4 ;;
        *) "$@" ;;
    esac
}}
tar() {{ cat >/dev/null; }}; keep_own_files() {{ :; }}; sync() {{ :; }}
mkdir -p "$opt/fetched"
make_release
"""


@pytest.mark.parametrize(("code", "left"), [(1, {"releases", "fetched"}), (0, {"releases", "releases/r1", "releases/r1/complete"})], ids=["fails", "works"])
def test_half_a_release_takes_no_room_on_the_card(unit: Machine, code: int, left: set[str], tmp_path: Path) -> None:
    opt = tmp_path / "opt"
    result = unit.shell(BUILD.format(opt=opt, code=code))
    assert result.returncode == code, result.stderr
    assert {str(path.relative_to(opt)) for path in opt.rglob("*") if "bin" not in path.parts} == left


def test_a_release_that_hangs_when_it_is_tried_keeps_nobody_waiting_for_ever(unit: Machine, tmp_path: Path) -> None:
    began = time.monotonic()
    result = unit.shell(BUILD.format(opt=tmp_path / "opt", code=0).replace("make_release", """
        pip() { printf '#!/bin/sh\\nexec sleep 40\\n' >"$release/bin/maskgate"; }; trial_s=1
        make_release"""))
    assert time.monotonic() - began < 20
    assert result.returncode == 1
    assert "does not run here, or not within 1 s" in result.stderr
    assert not (tmp_path / "opt/releases/r1").exists()
