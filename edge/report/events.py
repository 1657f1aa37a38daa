# SPDX-License-Identifier: Apache-2.0
"""Events: what happened at the door, one JSON object a line. docs/events.schema.json is made from these classes."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import msgspec

from edge import __version__
from edge.door.state import Decision, Passage, Person
from edge.errors import DISK_BROKEN, DISK_FULL, SettingsError
from edge.frame import Frame
from edge.look import Look

LabelName = Literal["mask", "incorrect", "no_mask"]


class StartEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="event", tag="start"):
    """A run begins: its first line, by which times of day are reckoned, and which unit it is."""

    t: float
    """Seconds of frame time, as in the line after it."""
    time: str
    """The same moment as time of day: ISO 8601 in UTC, by the unit's clock."""
    version: str
    """Of MaskGate."""
    host: str
    """The unit's name in the network."""


class FaceEvent(msgspec.Struct, kw_only=True, frozen=True):
    """One person at the moment of a state change."""

    track: int
    box: tuple[float, float, float, float]
    """x, y, width, height in pixels of the frame."""
    label: LabelName
    p: float
    """Smoothed probability of `label`."""


class StateEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="event", tag="state"):
    """The door changed its state (the first of a run says the state at the start)."""

    t: float
    """Seconds of frame time."""
    state: Literal["idle", "checking", "unsure", "passed", "violation", "fault"]
    previous: Literal["idle", "checking", "unsure", "passed", "violation", "fault"]
    faces: list[FaceEvent]


class PassageEvent(msgspec.Struct, kw_only=True, frozen=True, tag_field="event", tag="passage"):
    """A person left."""

    t: float
    """When it was told; a little after `left`."""
    track: int
    entered: float
    left: float
    verdict: Literal["unsure", "passed", "violation"]
    confidence: float
    looks: int


MOST_BYTES = 64 * 2**20
"""Size at which an event file in the service's own folder is set aside: some 300,000 events. Together with the one set aside before it,
that is a sixtieth of a card of 8 GB."""


class Events:
    """Writes events to a file (appended) or, for `-`, to the standard output. Each line is flushed whole."""

    def __init__(self, target: str, *, ours: bool = False) -> None:
        """Open the target.

        Args:
            ours: the file lies where the service keeps its things. Then a disk that is full or broken is not the mistake of whoever
                named the file: every event tries to open it anew and raises the OSError until the disk is well again. And the file does
                not grow for ever: at `MOST_BYTES` it becomes FILE.1.

        Raises:
            SettingsError: the file is a pipe, or cannot be written.
        """
        self._target, self._ours, self._begun, self._torn = target, ours, False, False
        self._started = False
        self._file: IO[bytes] | None = None
        try:
            if target != "-" and Path(target).is_fifo():  # it would wait for a reader, and end with him
                raise SettingsError(f"Event file {target}: this is a pipe; expected a file, or `-`.", hint="`maskgate run --events - | program` pipes events.")
            if target != "-":
                self._open()
        except OSError as error:
            if ours and error.errno in (*DISK_FULL, *DISK_BROKEN):
                return
            raise SettingsError(f"Event file {target}: cannot be written ({error.strerror}).",
                                hint="Name a file in a folder that exists and may be written, or `-`.") from error

    def __call__(self, frame: Frame, looks: Sequence[Look], decision: Decision) -> None:
        if decision.state is not decision.previous or not self._begun:
            self._begun = True
            self._tell(StateEvent(t=round(decision.t, 3), state=decision.state.value, previous=decision.previous.value,
                                  faces=[_face(person) for person in decision.people]))
        self.passages(decision.t, decision.passages)

    def passages(self, t: float, passages: Sequence[Passage]) -> None:
        """Tell finished visits; also those that the end of a clip cuts short."""
        for passage in passages:
            self._tell(PassageEvent(t=round(t, 3), track=passage.track, entered=round(passage.entered, 3), left=round(passage.left, 3),
                                    verdict=passage.verdict.value,  # type: ignore[arg-type]  # the policy gives no other
                                    confidence=round(passage.confidence, 4), looks=passage.looks))

    def _tell(self, event: StateEvent | PassageEvent) -> None:
        if not self._started:  # not in `__init__`: a disk may be well only later
            self._write(StartEvent(t=event.t, time=datetime.now(UTC).isoformat(timespec="seconds"), version=__version__, host=socket.gethostname()))
            self._started = not self._torn
        self._write(event)

    def _open(self) -> IO[bytes]:
        if self._file is None:
            path = Path(self._target)
            self._torn = _ends_torn(path)
            # Unbuffered: a line that a full disk refuses is lost, and not held back to fail once more at the end.
            self._file = path.open("ab", buffering=0)
        return self._file

    def _write(self, event: StartEvent | StateEvent | PassageEvent) -> None:
        line = msgspec.json.encode(event) + b"\n"
        if self._target == "-":
            sys.stdout.write(line.decode())
            sys.stdout.flush()
            return
        file = self._open()
        # A disk may fill up, or the power fail, in the middle of a line: the next one does not continue it.
        data = b"\n" + line if self._torn else line
        self._torn = file.write(data) < len(data)
        if self._ours and file.tell() >= MOST_BYTES:
            self._set_aside(file)

    def _set_aside(self, file: IO[bytes]) -> None:
        """The file takes the place of the one that was set aside before; the next event begins another."""
        with suppress(OSError):  # a disk that has just gone read-only is told with the next event
            Path(self._target).replace(f"{self._target}.1")
            self._file = None  # first: what cannot be closed well is closed all the same
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()


def _ends_torn(path: Path) -> bool:
    """Whether a file ends in the middle of a line."""
    with suppress(OSError):  # empty, or for us to write only
        if path.is_file():
            with path.open("rb") as file:
                file.seek(-1, os.SEEK_END)
                return file.read() != b"\n"
    return False


def _face(person: Person) -> FaceEvent:
    x, y, w, h = (round(value, 1) for value in person.box)
    return FaceEvent(track=person.track, box=(x, y, w, h), label=person.label.value,
                     p=round(person.probabilities.of(person.label), 4))
