# SPDX-License-Identifier: Apache-2.0
"""Picamera: a camera on the ribbon of a Raspberry Pi. Only here is Picamera2 imported, and only when it is opened.

Two pictures come with each request: `main`, which is judged, and `lores`, the same scene scaled down by the camera's
own hardware, in which faces are searched.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edge.camera.newest import Newest, Shot
from edge.camera.pixels import to_bgr
from edge.errors import CameraBusy, CameraError, CameraNotFound, CameraStopped, CameraUnreadable
from edge.settings import CameraSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUFFERS = 4
"""One is ours, one is kept by Picamera2, two are the sensor's: enough for full speed, and little of a Zero 2 W's memory."""
LORES_LONG_SIDE_PX = 320
"""The detector's own default size, so that nothing is left to scale."""
SLICE_S = 0.25
"""One wait for a frame; between two of them a close is noticed."""
RIBBON = "Check the ribbon (contacts to the right side, both ends locked), then `rpicam-hello --list-cameras`."
NOT_INSTALLED = ("`sudo apt install python3-picamera2`, and a venv made with --system-site-packages; "
                 "on another computer name a webcam instead: source = \"0\".")


def open_picamera(settings: CameraSettings) -> Newest:
    """Open the first camera that libcamera finds.

    Raises:
        CameraNotFound: Picamera2 is not installed, or there is no camera.
        CameraBusy: another program holds the camera.
        CameraUnreadable: it cannot be set up, or gives a format that we cannot read.
    """
    return Newest(lambda: PiCamera(settings), name="Pi camera", silence_s=settings.silence_s)


class PiCamera:
    """The camera, for the capture thread alone."""

    def __init__(self, settings: CameraSettings) -> None:
        self._stale_s = settings.silence_s
        self._job: Any = None
        self._last_ns = -1
        self._old = 0
        picamera2 = _import_picamera2()
        if not picamera2.Picamera2.global_camera_info():  # Picamera2() itself would die with an IndexError
            raise CameraNotFound("Pi camera: libcamera finds no camera.", hint=RIBBON)
        try:
            self._camera = picamera2.Picamera2()
        except (RuntimeError, OSError) as error:
            raise _refused("it cannot be opened", error, CameraBusy) from error
        # Picamera2 would close the camera at exit, and hang there for good if the sensor is dead. We close it ourselves.
        atexit.unregister(self._camera.close)
        try:
            self._start(settings)
        except (RuntimeError, OSError, ValueError) as error:
            self.close()
            raise _refused("it cannot be set up", error, CameraUnreadable) from error
        except BaseException:
            self.close()
            raise

    def _start(self, settings: CameraSettings) -> None:
        size = (settings.width_px, settings.height_px)
        scale = min(1.0, LORES_LONG_SIDE_PX / max(size))
        lores = (round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2)  # YUV420 needs even sides
        try:
            self._configure(size, lores, settings.rate_fps)
        except RuntimeError:  # cameras without a scaler of their own refuse the second stream
            self._configure(size, None, settings.rate_fps)
        # A camera may change what it was asked for without an error: what counts is what it says now.
        given = self._camera.camera_configuration()
        self._streams = {name: dict(given[name]) for name in ("main", "lores") if given.get(name)}
        self._camera.start()

    def _configure(self, size: tuple[int, int], lores: tuple[int, int] | None, rate_fps: float) -> None:
        frame_us = round(1e6 / rate_fps)
        controls = {"FrameDurationLimits": (frame_us, frame_us)} if "FrameDurationLimits" in self._camera.camera_controls else {}
        self._camera.configure(self._camera.create_video_configuration(
            main={"size": size, "format": "RGB888"},  # libcamera's name for blue, green, red in memory
            lores=None if lores is None else {"size": lores, "format": "YUV420"},
            raw=None, buffer_count=BUFFERS, controls=controls))

    def read(self) -> Shot | None:
        try:
            return self._shot()
        except CameraError:
            raise
        except (RuntimeError, OSError, ValueError) as error:
            raise _refused("it has stopped delivering pictures", error, CameraStopped) from error

    def _shot(self) -> Shot | None:
        if self._job is None:
            self._job = self._camera.capture_request(wait=False)
        try:
            request = self._camera.wait(self._job, timeout=SLICE_S)
        except TimeoutError:
            return None  # the same job is waited for again; Newest says when it has been too long
        self._job = None
        try:
            metadata: Mapping[str, Any] = request.get_metadata()
            t = self._taken(metadata.get("SensorTimestamp"))
            if t is None:
                return None
            pictures = {name: self._picture(request, name) for name in self._streams}
        finally:
            request.release()
        return Shot(pictures["main"], t, metadata, pictures.get("lores"))

    def _picture(self, request: Any, name: str) -> NDArray[np.uint8]:
        stream = self._streams[name]
        return to_bgr(request.make_array(name), stream["format"], stream["size"])

    def _taken(self, stamp_ns: int | None) -> float | None:
        """When the frame was taken, by `time.monotonic()`; None for an old one, which is no sign of life.

        A sensor that has died, or was started again, may hand out one more frame from before. SensorTimestamp counts
        by the clock since boot or by the monotonic one, as the driver likes; they differ after a suspend.
        """
        now_ns = time.monotonic_ns()
        if stamp_ns is None:
            return now_ns / 1e9
        if stamp_ns <= self._last_ns:
            return None
        self._last_ns = stamp_ns
        ages = (now_ns - stamp_ns, time.clock_gettime_ns(time.CLOCK_BOOTTIME) - stamp_ns)
        age_s = max(0, min(ages, key=abs)) / 1e9
        self._old = self._old + 1 if age_s > self._stale_s else 0
        if not self._old:
            return now_ns / 1e9 - age_s
        # More old frames than there are buffers cannot be: then this driver counts by a clock of its own.
        return None if self._old <= BUFFERS else now_ns / 1e9

    def close(self) -> None:
        # In this order: stop() waits for good behind a job that no frame will ever finish.
        self._camera.cancel_all_and_flush()
        self._camera.stop()
        self._camera.close()


def _import_picamera2() -> Any:
    try:
        import picamera2
    except (ImportError, ValueError) as error:  # ValueError: built for another numpy than the one found
        raise CameraNotFound(f"Pi camera: Picamera2 cannot be imported here ({error}).", hint=NOT_INSTALLED) from error
    return picamera2


def _refused(what: str, error: Exception, usually: type[CameraError]) -> CameraError:
    """Picamera2 wraps every cause in a RuntimeError; the first one in the chain says most."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    kind = CameraBusy if "busy" in str(cause).lower() else usually
    busy = "Stop the other program: `sudo systemctl stop maskgate` if it is the unit's service, else `ps ax | grep -e rpicam -e libcamera` shows it."
    hint = busy if kind is CameraBusy else RIBBON
    return kind(f"Pi camera: {what} ({cause}).", hint=hint)
