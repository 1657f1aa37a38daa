# SPDX-License-Identifier: Apache-2.0
"""Newest: a live device read in a thread of its own; only its newest frame is kept, older ones are counted.

The device belongs to that thread alone: it is opened, read and closed there. So a device that hangs in its driver
hangs nobody else, and the thread does not keep the process alive.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

from edge.camera.pace import TICK_S
from edge.errors import CameraStopped
from edge.frame import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GIVE_BACK_S = 0.5
"""How long `close` waits for the device to be given back; a driver that hangs longer is left to its thread."""
OPEN_S = 30.0
"""How long a device may take to open. Picamera2 alone takes several seconds to import on a small Pi; this is for one that never answers."""


class Shot(NamedTuple):
    """One picture as a device hands it out."""

    image: NDArray[np.uint8]
    t: float
    """`time.monotonic()` of the moment it was taken, strictly increasing."""
    metadata: Mapping[str, Any]
    small: NDArray[np.uint8] | None = None


class Device(Protocol):
    """What a live source has to provide."""

    def read(self) -> Shot | None:
        """The next picture, or None after a while without one; then it is asked again. Raises a CameraError."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class Newest:
    """A live camera."""

    live = True

    def __init__(self, open_device: Callable[[], Device], *, name: str, silence_s: float, open_s: float = OPEN_S) -> None:
        """Open the device, and begin to read it.

        Args:
            open_device: called in the capture thread; raises a CameraError.
            name: what the operator calls the source, for messages.
            silence_s: longest wait for a frame.
            open_s: longest wait for the device to open.
        """
        self.dropped = 0
        self._name, self._silence_s = name, silence_s
        self._closed = False  # a plain flag: a signal handler may set it whatever lock is held
        self._changed = threading.Condition()
        self._ready = False
        self._frame: Frame | None = None
        self._error: BaseException | None = None
        self._heard = time.monotonic()
        self._thread = threading.Thread(target=self._capture, args=(open_device,), name="camera", daemon=True)
        self._thread.start()
        try:
            self._wait_until_open(open_s)
        except BaseException:
            self.close()
            raise

    def _wait_until_open(self, open_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._error, open_s)
        if self._error:
            raise self._error
        if not self._ready:
            raise CameraStopped(f"{self._name}: it did not open within {open_s:g} s.")

    def _capture(self, open_device: Callable[[], Device]) -> None:
        """The capture thread. Whatever goes wrong here is raised in `frames`."""
        try:
            with closing(open_device()) as device:
                with self._changed:
                    self._ready, self._heard = True, time.monotonic()
                    self._changed.notify()
                seq = 0
                while not self._closed:
                    shot = device.read()
                    if shot is not None:
                        self._keep(Frame(shot.image, shot.t, seq, shot.metadata, shot.small))
                        seq += 1
        except BaseException as error:  # noqa: BLE001  handed on, not swallowed
            with self._changed:
                self._error = error
                self._changed.notify()

    def _keep(self, frame: Frame) -> None:
        with self._changed:
            if self._frame is not None:
                self.dropped += 1
            self._frame, self._heard = frame, time.monotonic()
            self._changed.notify()

    def frames(self, waiting: Callable[[], None] | None = None) -> Iterator[Frame]:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._frame or self._error, TICK_S)
                frame, self._frame = self._frame, None
            if frame is not None:
                yield frame
                continue
            self._complain()
            if waiting:
                waiting()

    def _complain(self) -> None:
        if self._closed:
            return
        if self._error:
            raise self._error
        if time.monotonic() - self._heard > self._silence_s:
            raise CameraStopped(f"{self._name}: no frame for {self._silence_s:g} s.")

    def close(self) -> None:
        self._closed = True
        if self._thread is not threading.current_thread():
            self._thread.join(GIVE_BACK_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
