# SPDX-License-Identifier: Apache-2.0
"""setup.sh on a desktop: what it says when something is missing, and that it does nothing twice."""

from __future__ import annotations

import re

import pytest
from setup_machine import Machine

OLD = 'case "$*" in *--version*) echo Python 3.9.2;; *"(3, 11)"*) exit 1;; *) exit 0;; esac'
NARROW = 'case "$*" in *"2**32"*) exit 1;; *) exit 0;; esac'
# A Python that answers every question with yes, and makes a .venv of itself; what pip was asked for goes to ./pip-calls.
GOOD = """
case "$*" in
    *--version*) echo Python 3.11.2 ;;
    *"-m venv"*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; printf '#!/bin/sh\\necho demo "$@"\\n' >.venv/bin/maskgate; chmod +x .venv/bin/* ;;
    *"-m pip install"*) echo "$*" >>pip-calls ;;
    *"import pip"*) [ -d .venv ] ;;
esac
"""


@pytest.fixture
def desktop(machine: Machine) -> Machine:
    """A machine on which nothing is missing."""
    machine.has("python3", GOOD)
    for tool in ("cp", "chmod"):
        machine.has(tool, f'exec /bin/{tool} "$@"')
    return machine


def last_words(machine: Machine, *arguments: str, **environment: str) -> str:
    """What setup.sh says when it stops: one line, and no other on that stream."""
    result = machine.setup(*arguments, **environment)
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stderr.startswith("setup.sh: ")
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_help_lists_every_verb_and_is_what_a_bare_call_prints(machine: Machine) -> None:
    text = machine.setup("--help").stdout
    verbs = set(re.findall(r"^    ([a-z -]+\| [a-z |-]+|[a-z-]+)\)$", (machine.folder / "setup.sh").read_text(), re.MULTILINE))
    known = {verb.strip() for group in verbs for verb in group.split("|")}
    assert known == {"demo", "test", "test-pi", "wheels", "card", "install", "upgrade", "rollback", "option", "uninstall"}
    assert all(re.search(rf"^  {verb} ", text, re.MULTILINE) for verb in known)
    assert machine.setup().stdout == text


def test_an_unknown_verb_is_named(machine: Machine) -> None:
    result = machine.setup("instal")
    assert result.returncode == 2
    assert "instal" in result.stderr
    assert "--help" in result.stderr


def test_no_python_is_said(machine: Machine) -> None:
    assert "install Python 3.11" in last_words(machine, "demo")


def test_an_old_python_is_named_with_its_version(machine: Machine) -> None:
    machine.has("python3", OLD)
    assert "Python 3.9.2 is too old" in last_words(machine, "demo")


def test_a_newer_python_beside_an_old_one_is_taken(desktop: Machine) -> None:
    desktop.has("python3", OLD)
    desktop.has("python3.12", GOOD)
    assert "\ndemo demo\n" in desktop.setup("demo").stdout


def test_a_32_bit_system_is_refused(machine: Machine) -> None:
    machine.has("python3", NARROW)
    assert "32-bit" in last_words(machine, "demo")


def test_the_python_that_the_caller_names_must_suit(desktop: Machine) -> None:
    desktop.has("old", OLD)
    assert "PYTHON=old is Python 3.9.2; expected" in last_words(desktop, "demo", PYTHON="old")
    assert "PYTHON=nothing is no Python; expected" in last_words(desktop, "demo", PYTHON="nothing")


def test_a_named_python_of_another_version_makes_venv_anew_and_one_of_the_same_keeps_it(desktop: Machine) -> None:
    desktop.has("python3.13", GOOD.replace("3.11.2", "3.13.1"))
    desktop.has("another", GOOD)
    desktop.setup("demo")
    kept = desktop.setup("demo", PYTHON="another")
    assert "keeping .venv (Python 3.11.2)" in kept.stdout
    anew = desktop.setup("demo", PYTHON="python3.13")
    assert ".venv is Python 3.11.2: making it anew" in anew.stdout
    assert "making .venv with Python 3.13.1" in anew.stdout
    assert len((desktop.folder / "pip-calls").read_text().splitlines()) == 2
    assert "making it anew" not in desktop.setup("demo").stdout


def test_a_missing_python3_venv_comes_with_the_command_that_installs_it(desktop: Machine) -> None:
    desktop.has("python3", 'case "$*" in *ensurepip*) exit 1;; *version_info*) echo 3.11;; esac')
    assert "sudo apt install python3.11-venv" in last_words(desktop, "demo")


def test_a_full_disk_is_said_before_anything_is_made(desktop: Machine) -> None:
    desktop.has("df", "printf 'Filesystem 1M Used Available\\n/dev/x 900 700 200 78%% /\\n'")
    assert "200 MB free" in last_words(desktop, "demo")
    assert not (desktop.folder / ".venv").exists()


def test_no_network_is_said_below_what_pip_said(desktop: Machine) -> None:
    desktop.has("python3", GOOD.replace('echo "$*" >>pip-calls', "echo 'NewConnectionError: name resolution'; exit 1"))
    result = desktop.setup("demo")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("setup.sh: no network")
    assert not (desktop.folder / ".venv" / "maskgate-unit").exists()


def test_the_demo_installs_no_more_than_the_unit_s_set_and_only_once(desktop: Machine) -> None:
    first, second = desktop.setup("demo", "--events", "-"), desktop.setup("demo")
    assert "\ndemo demo --events -\n" in first.stdout
    assert "\ndemo demo\n" in second.stdout
    calls = (desktop.folder / "pip-calls").read_text().splitlines()
    assert len(calls) == 1
    assert "--constraint constraints/desktop.txt --editable ." in calls[0]
    assert "[train" not in calls[0]


def test_a_changed_pin_is_installed(desktop: Machine) -> None:
    desktop.setup("demo")
    with (desktop.folder / "constraints" / "desktop.txt").open("a") as pins:
        pins.write("numpy==9.9.9\n")
    desktop.setup("demo")
    assert len((desktop.folder / "pip-calls").read_text().splitlines()) == 2


def test_arguments_of_test_go_to_pytest_and_leave_the_linters_out(desktop: Machine) -> None:
    desktop.has("python3", GOOD + 'case "$*" in *"-m pytest"*) echo "pytest got: $*" ;; esac')
    result = desktop.setup("test", "tests/door", "-x")
    assert result.returncode == 0, result.stderr
    assert "pytest got: -m pytest tests/door -x\n" in result.stdout
    assert "ruff" not in result.stdout
    assert "train,dev" in (desktop.folder / "pip-calls").read_text()


@pytest.mark.parametrize(("environment", "given"), [({}, "-m pytest"), ({"CI": "true"}, "-m pytest -m not pi")])
def test_the_whole_test_lints_first_goes_on_after_a_complaint_and_then_fails(
        desktop: Machine, environment: dict[str, str], given: str) -> None:
    desktop.has("python3", GOOD + 'case "$*" in *"-m pytest"*) echo "pytest got: $*" ;; esac')
    desktop.setup("test", "-x")
    for name, status in (("ruff", 1), ("mypy", 0)):
        linter = desktop.folder / ".venv" / "bin" / name
        linter.write_text(f"#!/bin/sh\necho {name} ran\nexit {status}\n")
        linter.chmod(0o755)
    result = desktop.setup("test", **environment)
    assert re.search(rf"ruff ran(.|\n)*mypy ran(.|\n)*pytest got: {given}\n", result.stdout)
    assert result.returncode == 1
