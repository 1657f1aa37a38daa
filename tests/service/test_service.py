# SPDX-License-Identifier: Apache-2.0
"""What systemd hears, on a real socket of its kind."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service import Service, notify


class Manager:
    """The manager's end: a datagram socket, and what has arrived on it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[list[str]]:
        """The messages since the last call, each as its lines."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify") if request.param == "path" else f"@maskgate-test-{os.getpid()}")
    yield manager
    manager.close()


def test_ready_is_said_with_the_first_decided_frame_and_once(manager: Manager) -> None:
    service = Service(manager.address)
    service.status("waiting for the first frame")
    assert manager.heard() == [["STATUS=waiting for the first frame"]]
    service.decided("idle")
    assert manager.heard() == [["READY=1", "STATUS=idle"]]
    service.decided("idle")
    assert manager.heard() == []


def test_the_watchdog_is_fed_by_decided_frames_at_a_fraction_of_its_time_and_by_nothing_else(manager: Manager) -> None:
    clock = Clock()
    service = Service(manager.address, watchdog_s=30.0, clock=clock)
    service.decided("idle")
    manager.heard()
    fed = []
    for _ in range(80):  # ten seconds at eight frames a second
        clock.now += 0.125
        service.decided("idle")
        service.status("idle")
        fed += [clock.now - 100.0 for message in manager.heard() if "WATCHDOG=1" in message]
    assert fed == [1.25, 2.5, 3.75, 5.0, 6.25, 7.5, 8.75, 10.0]
    clock.now += 60
    service.status("no frames")
    service.stopping()
    assert not any("WATCHDOG=1" in message for message in manager.heard())


def test_the_first_decided_frame_feeds_the_watchdog_too(manager: Manager) -> None:
    Service(manager.address, watchdog_s=10.0).decided("idle")
    assert manager.heard() == [["READY=1", "WATCHDOG=1", "STATUS=idle"]]


def test_status_is_sent_on_change_only_and_as_one_line(manager: Manager) -> None:
    service = Service(manager.address)
    for status in ["idle", "idle", "checking", "checking", "two\nlines", "idle"]:
        service.decided(status)
    assert [line for message in manager.heard() for line in message if line.startswith("STATUS=")] == [
        "STATUS=idle", "STATUS=checking", "STATUS=two lines", "STATUS=idle",
    ]


def test_what_a_busy_manager_did_not_take_is_said_again(manager: Manager) -> None:
    clock = Clock()
    service = Service(manager.address, watchdog_s=30.0, clock=clock)
    while notify(manager.address, "STATUS=of others"):  # until its queue is full
        pass
    service.decided("idle")
    assert {*map(tuple, manager.heard())} == {("STATUS=of others",)}
    clock.now += 0.1
    service.decided("idle")
    service.decided("idle")
    assert manager.heard() == [["READY=1", "WATCHDOG=1", "STATUS=idle"]]


def test_only_a_process_that_a_manager_started_waits_to_be_seen() -> None:
    assert Service("/run/notify").managed
    assert not Service.from_environment({}).managed


def test_stopping_is_said(manager: Manager) -> None:
    Service(manager.address).stopping()
    assert manager.heard() == [["STOPPING=1", "STATUS=stopping"]]


def test_the_environment_says_where_and_how_often(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())}
    Service.from_environment(environment).decided("idle")
    assert ["READY=1", "WATCHDOG=1", "STATUS=idle"] in manager.heard()


@pytest.mark.parametrize("environment", [{"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}])
def test_another_process_s_watchdog_is_left_alone(environment: dict[str, str], manager: Manager) -> None:
    clock = Clock()
    service = Service.from_environment({"NOTIFY_SOCKET": manager.address, **environment})
    service._clock = clock
    service.decided("idle")
    manager.heard()
    clock.now += 3600
    service.decided("idle")
    assert manager.heard() == []


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-here", "/" + "x" * 200])
def test_with_nobody_to_tell_nothing_fails(address: str) -> None:
    service = Service.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000"})
    service.decided("idle")
    service.stopping()
    notify(address, "READY=1")
