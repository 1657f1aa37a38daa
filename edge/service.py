# SPDX-License-Identifier: Apache-2.0
"""What the unit tells systemd: READY after the first decided frame, alive after each later one, and one line of status.

    service = Service.from_environment()
    for decision in decisions:
        service.decided(f"{decision.state}")
    service.stopping()

The watchdog is fed by decided frames and by nothing else: a camera that hangs, a model that hangs and a loop that
hangs all starve it, and systemd starts the unit again. Outside a service (no `NOTIFY_SOCKET`) every call does nothing.
The messages are those of sd_notify(3); a datagram on a socket is all there is to it, so no library is needed.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping

FEEDS_PER_WATCHDOG = 24
"""How often the watchdog is fed within WatchdogSec (6 s): four small datagrams a second. With so many, a camera that falls silent is
noticed after [camera] silence_s, and ends the program with an exit code that says so, before the watchdog kills it without a word."""


def notify(address: str, *lines: str) -> bool:
    """Send `lines` (`READY=1`, `STATUS=…`) to the socket at `address`; a leading `@` names an abstract socket, "" none.

    Never blocks and never raises: where the service manager ought to have listened and did not, its watchdog acts.

    Returns:
        Whether the lines were taken, or there was nobody to tell.
    """
    if not address:
        return True
    target = "\0" + address[1:] if address.startswith("@") else address
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.sendto("\n".join(lines).encode(), target)
        return True
    return False


class Service:
    """This process as the service manager sees it."""

    def __init__(self, address: str = "", watchdog_s: float = 0.0, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`address`: the manager's socket, "" for none. `watchdog_s`: WatchdogSec in seconds, 0 for none."""
        self._address = address
        self._feed_every_s = watchdog_s / FEEDS_PER_WATCHDOG
        self._feed_at = float("-inf") if watchdog_s > 0 else float("inf")
        self._clock = clock
        self._ready = False
        self._status = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Service:
        """The service that systemd started this process as; one that tells nobody anything where it did not."""
        usec = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog_s = int(usec) / 1e6 if usec.isdecimal() and meant else 0.0
        return cls(environment.get("NOTIFY_SOCKET", ""), watchdog_s)

    @property
    def managed(self) -> bool:
        """Whether a service manager started this process, and will start it again."""
        return bool(self._address)

    def decided(self, status: str) -> None:
        """A fresh frame was judged, all the way. Call it for no other reason, and never from a timer."""
        now = self._clock()
        lines = [] if self._ready else ["READY=1"]
        if now >= self._feed_at:
            lines.append("WATCHDOG=1")
        # A manager that is busy takes no more than fit its queue: what it did not take is said again with the next frame.
        if self._send(lines, status):
            self._ready = True
            if "WATCHDOG=1" in lines:
                self._feed_at = now + self._feed_every_s

    def status(self, status: str) -> None:
        """Say in one line what is going on (`systemctl status` shows it), without a sign of life."""
        self._send([], status)

    def stopping(self) -> None:
        """The end was asked for and has begun."""
        self._send(["STOPPING=1"], "stopping")

    def _send(self, lines: list[str], status: str) -> bool:
        if status != self._status:
            lines = [*lines, "STATUS=" + status.replace("\n", " ")]
        taken = not lines or notify(self._address, *lines)
        if taken:
            self._status = status
        return taken
