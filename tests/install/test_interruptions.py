# SPDX-License-Identifier: Apache-2.0
"""setup.sh that fails, is interrupted, cut off or run twice at once: a release on trial never stays by accident."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time

import pytest
from unit_stand_in import Unit


@pytest.fixture
def two(unit: Unit) -> Unit:
    """r2 runs, and r1 is what a rollback goes to."""
    for name in ("r1", "r2"):
        assert unit.shell(name, "unit_install").returncode == 0
    return unit


def as_before(unit: Unit) -> bool:
    """Links, unit file and marker as `two` has them."""
    return ((unit.link("current"), unit.link("previous")) == ("r2", "r1") and not (unit.base / "opt/trying").exists()
            and "Description=r2\n" in (unit.base / "units/maskgate.service").read_text())


def ends(process: subprocess.Popen[str]) -> str:
    """What it says on stderr until it ends."""
    return process.communicate(timeout=40)[1]


@pytest.mark.parametrize("building", ['rm "$release/share/maskgate/systemd/maskgate.rules"', 'rm -r "$release/share/maskgate/systemd/options"'],
                         ids=["a file of the service", "the network's option"])
def test_an_upgrade_whose_files_cannot_be_placed_is_undone_and_can_be_tried_again(two: Unit, building: str) -> None:
    network = "wants_network() { true; }; "
    result = two.shell("r3", network + "unit_upgrade", building=building)
    assert result.returncode == 1
    assert "the upgrade was undone, and r2 runs as before" in result.stderr
    assert as_before(two)
    assert two.started() == ["r1", "r2", "r2"]
    assert two.shell("r3", network + "unit_upgrade").returncode == 0
    assert (two.link("current"), two.link("previous")) == ("r3", "r2")


def test_a_rollback_whose_files_cannot_be_placed_is_undone(two: Unit) -> None:
    rules = two.base / "opt/releases/r1/share/maskgate/systemd/maskgate.rules"
    rules.rename(rules.with_suffix(".away"))
    result = two.shell("any", "unit_rollback")
    assert result.returncode == 1
    assert "the rollback was undone, and r2 runs as before" in result.stderr
    assert as_before(two)
    rules.with_suffix(".away").rename(rules)
    assert two.shell("any", "unit_rollback").returncode == 0
    assert (two.link("current"), two.link("previous")) == ("r1", "r2")


@pytest.mark.parametrize(("then", "code"), [("exit 1", 1), ("kill -KILL $PPID; exit 1", -signal.SIGKILL)], ids=["the disk is full", "the power is cut"])
def test_a_file_of_the_service_that_is_half_written_never_takes_the_place_of_a_whole_one(two: Unit, then: str, code: int) -> None:
    before = {path: path.read_bytes() for path in (two.base / "units/maskgate.service", two.base / "rules", two.base / "units/maskgate.service.d/10-backoff.conf")}
    installs = (two.machine.tools / "install").resolve()
    for file in before:
        two.machine.has("install", f"""
            for to; do :; done
            case "$to" in {file} | {file}.*) echo '[Unit' >"$to"; {then} ;; esac
            exec {installs} "$@"
            """)
        assert two.shell("r3", "unit_upgrade").returncode == code
        assert file.read_bytes() in (before[file], before[file].replace(b"r2", b"r3"))
    two.machine.has("install", f'exec {installs} "$@"')
    assert two.shell("r3", "unit_upgrade").returncode == 0
    for file in before:
        assert (file.stat().st_mode & 0o777, file.stat().st_uid) == (0o644, os.getuid())
        assert not file.with_name(f"{file.name}.new").exists()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupted_upgrade_is_undone(two: Unit, name: str) -> None:
    process = two.begin("slow", "unit_upgrade")
    os.killpg(process.pid, getattr(signal, name))  # Ctrl-C and a lost connection reach the whole group
    said = ends(process)
    assert process.returncode == 128 + getattr(signal, name)
    assert "interrupted" in said
    assert "the upgrade was undone, and r2 runs as before" in said
    assert as_before(two)
    assert two.started() == ["r1", "r2", "slow", "r2"]


def seen(terminal: int, until: str = "") -> str:
    """What stands on a terminal when this appears on it, or when nobody writes to it any more; ends the test after 20 s."""
    text, end = "", time.monotonic() + 20
    while not until or until not in text:
        assert select.select([terminal], [], [], max(end - time.monotonic(), 0))[0], f"it goes on and on: {text}"
        assert time.monotonic() < end, f"it goes on and on: {text[-500:]}"
        try:
            text += os.read(terminal, 65536).decode()
        except OSError:  # Linux's way of saying that the other end is closed
            break
    return text


def test_on_a_terminal_an_upgrade_that_fails_is_undone_and_ends(two: Unit) -> None:
    process, terminal = two.on_a_terminal("broken", "unit_upgrade")
    said = seen(terminal)
    assert process.wait(10) == 1
    assert "the upgrade was undone, and r2 runs as before" in said
    assert "Killed" not in said
    assert as_before(two)


def test_on_a_terminal_an_interrupted_upgrade_is_undone_and_ends(two: Unit) -> None:
    process, terminal = two.on_a_terminal("slow", "unit_upgrade")
    said = seen(terminal, "until the first frame is decided")
    for _ in range(3):
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
    said += seen(terminal)
    assert process.wait(10) == 130
    assert "the upgrade was undone, and r2 runs as before" in said
    assert as_before(two)


def test_what_a_killed_setup_sh_leaves_behind_on_a_terminal_does_not_keep_the_next_from_its_work(two: Unit) -> None:
    process, terminal = two.on_a_terminal("r3", "unit_upgrade", building="quietly sleep 3")
    seen(terminal, " 1 s")
    process.kill()
    process.wait(10)
    time.sleep(4)
    assert two.shell("any", "unit_option reboot on").returncode == 0
    seen(terminal)  # nobody counts seconds any more


def test_who_interrupts_the_look_for_the_reason_leaves_a_service_that_tries_on(unit: Unit) -> None:
    process, terminal = unit.on_a_terminal("broken", "unit_install", building=r"""echo '[ "$1" != doctor ] || exec sleep 30' >>"$release/bin/maskgate" """)
    said = seen(terminal, "looking for the reason")
    time.sleep(1)
    assert (unit.base / "orders").read_text().split() == ["stop"]
    os.killpg(process.pid, signal.SIGINT)
    said += seen(terminal)
    assert process.wait(10) == 130
    assert "interrupted" in said
    assert (unit.base / "orders").read_text().split() == ["stop", "start"]


@pytest.mark.parametrize(("name", "status"), [("INT", 130), ("TERM", 143), ("HUP", 129), ("PIPE", 141)])
def test_a_step_that_is_interrupted_is_named(unit: Unit, name: str, status: int) -> None:
    result = unit.machine.shell(f'. setup/common.sh; inside() {{ "$@"; }}; begin "the third step"; (sleep 0.3; kill -{name} $$) & quietly inside sleep 1; echo still here')
    assert result.returncode == status
    assert "still here" not in result.stdout
    assert result.stderr.splitlines() == ["setup.sh: interrupted", 'setup.sh: stopped at "the third step"; mend it and run the same command again']


def test_an_upgrade_that_loses_its_terminal_for_good_is_undone_although_nobody_reads(two: Unit) -> None:
    process = two.begin("slow", "unit_upgrade")
    for stream in (process.stdout, process.stderr):
        assert stream
        stream.close()
    os.killpg(process.pid, signal.SIGHUP)
    process.wait(40)
    assert as_before(two)
    assert two.started()[-1] == "r2"


def cut_off(unit: Unit, verb: str = "unit_upgrade", name: str = "slow") -> None:
    """As by a power cut, in the middle of a trial."""
    process = unit.begin(name, verb)
    os.killpg(process.pid, signal.SIGKILL)
    ends(process)
    assert unit.link("current") == name
    assert (unit.base / "opt/trying").read_text().splitlines()[1].endswith(f"/releases/{name}")
    unit.machine.has("systemctl", (unit.machine.tools / "systemctl").read_text().partition("\n")[2].replace("echo active", "echo activating"))


@pytest.mark.parametrize("verb", ["unit_install", "unit_upgrade", "unit_rollback"])
def test_what_is_said_to_be_done_is_on_the_card(two: Unit, verb: str) -> None:
    base = two.base
    two.machine.has("sync", f"""echo "$([ -e {base}/opt/trying ] && echo trying) $(tail -n 1 {base}/starts)" >>{base}/synced""")
    assert two.shell("r3", verb).returncode == 0
    # With the new service up, and while a power cut would still lead to a look at the trial.
    assert (base / "synced").read_text().splitlines()[-1].split() == ["trying", *two.starts().splitlines()[-1].split()]


@pytest.mark.parametrize("verb", ["unit_option reboot on", "unit_uninstall"])
def test_an_option_and_an_uninstallation_that_are_said_to_be_done_are_on_the_card(two: Unit, verb: str) -> None:
    two.machine.has("sync", f"find {two.base} >{two.base}/synced")
    assert two.shell("any", verb).returncode == 0
    drop_in = f"{two.base}/units/maskgate.service.d/20-reboot.conf\n"
    synced = (two.base / "synced").read_text()
    assert drop_in in synced if "option" in verb else f"{two.base}/opt\n" not in synced


def test_what_is_put_back_is_on_the_card_before_the_trial_is_forgotten(two: Unit) -> None:
    two.machine.has("sync", f"[ ! -e {two.base}/opt/trying ] || cp {two.base}/units/maskgate.service {two.base}/synced")
    assert two.shell("broken", "unit_upgrade").returncode == 1
    assert as_before(two)
    assert "Description=r2\n" in (two.base / "synced").read_text()


def test_a_first_installation_that_is_said_to_be_done_is_on_the_card(unit: Unit) -> None:
    unit.machine.has("sync", f"[ ! -e {unit.base}/starts ] || cp {unit.base}/units/maskgate.service {unit.base}/synced")
    assert unit.shell("r1", "unit_install").returncode == 0
    assert "Description=r1\n" in (unit.base / "synced").read_text()


def test_after_a_power_cut_a_rollback_leaves_what_was_tried_and_goes_no_further(two: Unit) -> None:
    cut_off(two)
    result = two.shell("any", "unit_rollback")
    assert result.returncode == 0, result.stderr
    assert "an earlier upgrade was cut off while slow was tried" in result.stdout
    assert "r2 is in use again" in result.stdout
    assert as_before(two)
    assert two.started()[-1] == "r2"


def test_after_a_power_cut_the_next_upgrade_has_something_to_go_back_to(two: Unit) -> None:
    cut_off(two)
    result = two.shell("broken", "unit_upgrade; exit")
    assert "an earlier upgrade was cut off while slow was tried" in result.stdout
    assert two.link("current") != "slow"
    # Nothing ran when it began, so what is broken stays, to be looked at; what was tried before it is forgotten.
    assert (two.link("current"), two.link("previous")) == ("broken", "r2")
    result = two.shell("any", "unit_rollback")
    assert result.returncode == 0, result.stderr
    assert two.link("current") == "r2"


def test_a_release_that_was_cut_off_and_came_up_by_itself_stays(two: Unit) -> None:
    cut_off(two)
    two.machine.has("systemctl", (two.machine.tools / "systemctl").read_text().partition("\n")[2].replace("echo activating", "echo active"))
    result = two.shell("any", "unit_rollback")
    assert "slow runs: it stays in use" in result.stdout
    assert (two.link("current"), two.link("previous")) == ("r2", "slow")  # a rollback was asked for, and is done
    assert not (two.base / "opt/trying").exists()


def test_a_dry_run_says_what_was_cut_off_and_changes_nothing(two: Unit) -> None:
    cut_off(two)
    said = two.shell("r3", "unit_upgrade --dry-run").stdout
    assert "slow was tried" in said
    assert "it would be undone: back to r2" in said
    assert two.link("current") == "slow"
    assert (two.base / "opt/trying").exists()


@pytest.mark.parametrize("verb", ["unit_install", "unit_upgrade", "unit_rollback", "unit_option reboot on", "unit_uninstall --purge"])
def test_a_second_setup_sh_is_refused_and_told_who_is_at_work(two: Unit, verb: str) -> None:
    process = two.begin("slow", "unit_upgrade")
    began = time.monotonic()
    result = two.shell("r4", verb)
    assert time.monotonic() - began < 10
    assert result.returncode == 1
    assert f"another setup.sh is at work here: install (process {process.pid}, since " in result.stderr
    assert "wait until it has ended" in result.stderr
    assert two.shell("r4", f"{verb} --dry-run").returncode == 0
    assert two.link("current") == "slow"
    os.killpg(process.pid, signal.SIGTERM)
    ends(process)
    assert two.shell("any", "unit_rollback").returncode == 0
