# SPDX-License-Identifier: Apache-2.0
"""Care: looks after the unit while it runs: one call a frame, one list of health, told on change.

    care = Care(source=settings.camera.source, read=read_vitals, tell=HealthFile(folder).write)
    if care.wants(frame):                  # while hot, half of the frames are left out
        fault = care.look(frame)           # None, or why nobody can be judged by this frame
    care.status("idle")                    # one line for the service manager

`ending.py` comes in where a fault ends the program.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edge.camera.source import is_device, is_live, is_stream, webcam_node
from edge.care.faults import FAULTS, Fault, Part, fault_of
from edge.care.health import Health, HealthList
from edge.care.pace import Pace
from edge.care.picture import PictureWatch
from edge.care.vitals import EVERY_S, GROWN, Vitals, judge_vitals
from edge.door import Memory
from edge.door.state import Decision, DoorState
from edge.errors import DISK_BROKEN, DISK_FULL, CameraFrozen, MaskGateError, MemoryGrown
from edge.frame import Frame

REFUSED_S = 600.0
"""A disk that has refused a write although it says that it has room (no more files may be made, a quota, a file as long as may be) is not well
before so long without another refusal. Else health would call it well every `EVERY_S`, and the log would tell of it with every event."""


class FrameClock:
    """Frame time between two frames: the time of the last one plus what has gone by since. Before the first frame it counts from 0.

    The panel's thread reads it while the loop sets it, so all that it keeps is one number.
    """

    def __init__(self) -> None:
        self._ahead_s = time.monotonic()
        """By how much the monotonic clock is ahead of frame time."""

    def set(self, t: float) -> None:
        self._ahead_s = time.monotonic() - t

    def now(self) -> float:
        return time.monotonic() - self._ahead_s


class Care:
    """Everything that is watched in one run."""

    def __init__(self, *, source: str = "", read: Callable[[], Vitals] | None = None,
                 tell: Callable[[Iterable[Health], float, float], None] | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is watched before `begin`.

        Args:
            source: the setting [camera] source, with a credential revealed. It tells whether a camera is a device that may be unplugged,
                and whether it is a camera at all.
            read: reads the vitals, every `EVERY_S`; None: they are not watched.
            tell: called with every part, now and the time of day, on change and every `EVERY_S`; see `health_file.py`.
            clock: seconds, for `Health.since`.
        """
        self._source, self._read, self._tell, self._clock = source, read, tell, clock
        self.health = HealthList(clock())
        self.frames = 0
        """Frames looked at."""
        self.frame_clock = FrameClock()
        self._picture = PictureWatch(live=False)
        self._pace = Pace()
        self._live = False
        self._vitals: Vitals | None = None
        self._read_at = float("-inf")
        self._storage_said_well = True
        """By the last reading."""
        self._refused_at = float("-inf")
        """When a disk that said it was well last refused a write."""

    def begin(self, *, live: bool) -> None:
        """The camera is open. `live` False: a file, whose pictures are what they are and are all judged."""
        self._picture, self._live = PictureWatch(live=live), live

    def wants(self, frame: Frame) -> bool:
        """Whether this frame is to be judged at all."""
        return not self._live or self._pace.wants(frame.t, hot=self.health.has(FAULTS["over-temperature"]))

    def look(self, frame: Frame) -> Fault | None:
        """Look at a frame that is about to be judged, and now and then at the machine.

        Returns:
            The fault because of which nobody can be judged; None: judging goes on.

        Raises:
            CameraFrozen: the picture has stood still for so long that only opening the camera anew can help.
            MemoryGrown: only a new start gives the machine its memory back.
        """
        self.frames += 1
        now = self._clock()
        changed = self._look_at_machine(now)
        changed |= self.health.note(Part.PACE, FAULTS["judging-slow"] if self._pace.slow else None, now)
        fault = self._picture.step(frame.t, frame.image)
        if fault and fault.exit_code is not None:
            raise CameraFrozen("The camera has delivered the same picture for half a minute.")
        if self.health.note(Part.PICTURE, fault, now) or changed:
            self._say(now)
        return self.health.blinding

    def _look_at_machine(self, now: float) -> bool:
        if self._read is None or now - self._read_at < EVERY_S:
            return False
        self._read_at = now
        vitals, before = self._read(), self._vitals
        hot = self.health.has(FAULTS["over-temperature"])
        for part, fault in judge_vitals(vitals, before, hot=hot).items():
            if fault and fault.exit_code is not None:
                raise MemoryGrown(f"The program holds {vitals.own or 0:.0%} of the machine's memory, expected less than {GROWN:.0%}.")
            if part is Part.STORAGE:
                self._storage_said_well = fault is None
                if fault is None and now - self._refused_at < REFUSED_S:
                    continue
            self.health.note(part, fault, now)
        self._vitals = vitals
        return True

    def status(self, state: str) -> str:
        """One line: the door's state, and what is wrong, with what to do about it."""
        wrong = [health for health in self.health.values if health.fault]
        blinding = self.health.blinding
        said = [] if blinding and state == DoorState.FAULT else [state]
        return "; ".join(said + [f"{health.fault.code}: {health.why} | {health.fault.hint}" for health in wrong if health.fault])

    @contextmanager
    def storing(self) -> Iterator[None]:
        """Around whatever writes to a disk: one that is full or broken is noted, and stops no door."""
        try:
            yield
        except OSError as error:
            if error.errno not in (*DISK_FULL, *DISK_BROKEN):
                raise
            now = self._clock()
            if self._storage_said_well:
                self._refused_at = now
            if self.health.bad(FAULTS["disk-full" if error.errno in DISK_FULL else "disk-read-only"], now, error.strerror or ""):
                self._say(now)

    def failed(self, error: Exception) -> Fault | None:
        """The program ends with `error`: note the fault of the unit behind it. None where there is none, such as a wrong setting."""
        delivered = self.frames > 0
        fault = fault_of(error, delivered=delivered, device_there=device_there(self._source), stream=is_stream(self._source))
        if fault is None or (fault.part is Part.CAMERA and not is_live(self._source)):
            return None     # a clip that is missing or cut short is no fault of the unit
        now = self._clock()
        # What an error without a name says may hold a password, and health.json is for everybody.
        detail = str(error).splitlines()[0].rstrip(".") if isinstance(error, MaskGateError) else type(error).__name__
        if self.health.bad(fault, now, detail):
            self._say(now)
        return fault

    def _say(self, now: float) -> None:
        if self._tell:
            self._tell(self.health.values, now, time.time())


def out_of_order(memory: Memory, t: float, fault: Fault) -> tuple[Memory, Decision]:
    """The door's memory and the decision while nobody can be judged. The next judged frame ends it at once."""
    decision = Decision(t=t, state=DoorState.FAULT, previous=memory.state, people=(), reason=fault.what)
    return replace(memory, state=DoorState.FAULT, since=float("-inf")), decision


def device_there(source: str) -> bool:
    """Whether the device node of a source is there; True where there is none to look for."""
    return source == "picamera" or not is_device(source) or Path(webcam_node(source)).exists()
