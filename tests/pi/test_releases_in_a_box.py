# SPDX-License-Identifier: Apache-2.0
"""Upgrades under a real systemd: what works comes into use, what does not leaves the release running that ran before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from box import Box, until

pytestmark = [pytest.mark.pi, pytest.mark.slow, pytest.mark.timeout(900)]


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """The checkout that the box sees, with one place changed."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    try:
        yield
    finally:
        path.write_text(text)


def release(box: Box, link: str = "current") -> str:
    return box.run("sh", "-c", f"readlink /opt/maskgate/{link} || true").strip()


def program(box: Box) -> str:
    """The release that the running service was started from: where its modules lie."""
    return box.run("sh", "-c", f"grep -o '/opt/maskgate/releases/[^/]*' /proc/{box.property('MainPID')}/maps | sort -u").strip()


def test_upgrade_broken_upgrades_and_rollback(box: Box) -> None:
    first, settings = release(box), box.run("cat", "/etc/maskgate/maskgate.toml")

    with changed(box.source / "edge" / "settings.py", '"Time until somebody is gone"', '"Time until somebody has gone"'):
        said = box.run("/src/setup.sh", "upgrade")
        second = release(box)
        assert second != first
        assert release(box, "previous") == first
        assert second.rpartition("/")[2] in said
        assert program(box) == second

        # Packages that cannot be had: nothing was stopped, let alone changed.
        process = box.property("MainPID")
        pins = box.source / "constraints" / f"{box.run('sh', '-c', '. /etc/os-release; echo $VERSION_CODENAME').strip()}.txt"
        with changed(pins, "tqdm==", "tqdm==0.0.0.dev"):
            assert "pip failed" in box.fails("/src/setup.sh", "upgrade")
        assert (release(box), box.property("MainPID"), box.property("ActiveState")) == (second, process, "active")

        # A program that dies at once: found out when its service does not come up, and undone.
        with changed(box.source / "edge" / "commands" / "run.py", "def run(arguments: argparse.Namespace) -> int:\n",
                     'def run(arguments: argparse.Namespace) -> int:\n    raise SystemExit("broken on purpose")\n'):
            said = box.fails("/src/setup.sh", "upgrade")
        assert "broken on purpose" in said
        assert "the upgrade was undone" in said
        assert (release(box), release(box, "previous"), box.property("ActiveState")) == (second, first, "active")
        assert program(box) == second

    # Back and forth, by the copy of setup.sh that is on the unit itself.
    for now, before in ((first, second), (second, first), (first, second)):
        box.run("/opt/maskgate/current/share/maskgate/setup.sh", "rollback")
        assert (release(box), release(box, "previous"), box.property("ActiveState")) == (now, before, "active")
        assert program(box) == now
    assert box.run("cat", "/etc/maskgate/maskgate.toml") == settings


def test_an_upgrade_that_is_interrupted_or_cut_off_leaves_the_release_that_ran(box: Box) -> None:
    """With a program that never decides a frame, so that there is time to do it in."""
    if box.suite != "trixie":
        pytest.skip("the same script on every system: minutes are saved")
    before, older = release(box), release(box, "previous")

    def begin() -> str:
        """An upgrade, waiting for the service; returns its unit, in which all of its processes are."""
        box.run("systemd-run", "--quiet", "--unit=upgrade", "--collect", "--setenv=PIP_NO_COMPILE=1", "--property=StandardOutput=file:/root/upgrade.log",
                "--property=StandardError=inherit", "/src/setup.sh", "upgrade")
        until(lambda: release(box) != before and box.property("ActiveState") == "activating", 300, "the new release tried")
        return "upgrade.service"

    with changed(box.source / "edge" / "commands" / "run.py", "def run(arguments: argparse.Namespace) -> int:\n",
                 "def run(arguments: argparse.Namespace) -> int:\n    import time\n    time.sleep(600)\n"):
        unit = begin()
        assert "another setup.sh is at work here: install" in box.fails("/src/setup.sh", "rollback")
        box.run("systemctl", "kill", "--signal=KILL", unit)
        assert release(box) != before
        said = box.run("/opt/maskgate/current/share/maskgate/setup.sh", "rollback")
        assert "an earlier upgrade was cut off" in said
        assert (release(box), release(box, "previous"), box.property("ActiveState")) == (before, older, "active")
        assert program(box) == before

        box.run("systemctl", "kill", "--signal=INT", begin())
        until(lambda: box.run("sh", "-c", f"systemctl is-active {unit} || true").strip() != "active", 120, "setup.sh ended")
        assert "the upgrade was undone" in box.run("cat", "/root/upgrade.log")
    assert (release(box), release(box, "previous"), box.property("ActiveState")) == (before, older, "active")
    assert program(box) == before
