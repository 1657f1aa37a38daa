# SPDX-License-Identifier: Apache-2.0
"""health.json: how every part of the unit is, for whoever looks from outside. Written whole, or not at all.

    {"written": "2026-11-21T16:30:05+00:00", "version": "0.1.0", "host": "door-1", "ok": false, "parts": [
      {"part": "picture", "ok": false, "since": "2026-11-21T16:29:58+00:00", "fault": "lens-covered",
       "why": "Something covers the lens", "do": "Uncover and wipe the lens."}, …]}

Times of day are reckoned anew with every writing, so that they come right once the clock has been set.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from edge import __version__
from edge.care.health import Health
from edge.whole import whole

log = logging.getLogger("maskgate.health")
NAME = "health.json"


class HealthFile:
    """One file; a folder that cannot be written is said once, and stops nothing."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._failed = False

    def write(self, parts: Iterable[Health], now: float, wall: float) -> None:
        """Write every part.

        Args:
            now: the time by the clock of `Health.since`, in seconds.
            wall: the same moment as seconds since 1970.
        """
        text = in_json(parts, now, wall)
        try:
            with whole(self.path) as part:
                part.write_text(text, encoding="utf-8")
                part.chmod(0o644)  # for all whatever the umask: it holds no secret, and `maskgate doctor` is not always root
        except OSError as error:
            if not self._failed:
                log.warning("%s: cannot be written (%s)", self.path, error.strerror)
            self._failed = True


def in_json(parts: Iterable[Health], now: float, wall: float) -> str:
    """The text of the file."""
    rows = [{"part": health.part.value, "ok": health.ok, "since": _iso(wall - (now - health.since)),
             **({"fault": health.fault.code, "why": health.why, "do": health.fault.hint} if health.fault else {})} for health in parts]
    return json.dumps({"written": _iso(wall), "version": __version__, "host": socket.gethostname(), "ok": all(row["ok"] for row in rows), "parts": rows}, indent=1) + "\n"


def _iso(wall: float) -> str:
    return datetime.fromtimestamp(round(wall), UTC).isoformat()
