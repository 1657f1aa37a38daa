# SPDX-License-Identifier: Apache-2.0
"""Which source a string means, and how it is opened. Only the chosen source is imported."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from edge.credential import revealed
from edge.errors import CameraNotFound
from edge.quiet import silence_libraries
from edge.settings import CameraSettings

if TYPE_CHECKING:
    from edge.camera import Camera

EXPECTED = ("Expected `picamera`, the number of a webcam (`0`) or its /dev/video*, an rtsp:// or http:// address, "
            "a video file, a picture, or a folder or pattern (`*.jpg`) of pictures.")
WEBCAMS = ("/dev/video", "/dev/v4l/")
DIGITS = 9
"""Most digits of a webcam's number. A longer one names no webcam, and Python refuses to read one of 5,000 digits."""
SCHEMES = ("rtsp", "rtsps", "http", "https")
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})


class Kind(Enum):
    """The five kinds of source."""

    PICAMERA = auto()
    V4L2 = auto()
    STREAM = auto()
    CLIP = auto()
    STILLS = auto()


def kind_of(source: str) -> Kind:
    """What `source` means; looks at the file system, opens nothing.

    Raises:
        CameraNotFound: it is none of the forms that are known, or no such file or folder, or one that may not be looked at.
    """
    if source == "picamera":
        return Kind.PICAMERA
    if _is_webcam(source):
        return Kind.V4L2
    scheme, separator, _ = source.partition("://")
    if separator:
        if scheme.lower() in SCHEMES:
            return Kind.STREAM
        raise CameraNotFound(f"Camera source: addresses of the kind {scheme}:// are not known. {EXPECTED}",
                             hint="Name an address that the camera's own manual gives for RTSP or MJPEG.")
    try:
        path = Path(source).expanduser()
    except RuntimeError as error:  # ~nobody/clip.mp4
        raise CameraNotFound(f'Camera source "{source}": there is no such user.', hint="Name the whole path.") from error
    try:
        is_folder, is_file, is_there = bool(source) and path.is_dir(), path.is_file(), path.exists()
    except OSError as error:  # a home is closed to the service; a name may be too long for any file
        raise CameraNotFound(f"Camera source {source}: cannot be looked at ({error.strerror}).",
                             hint="Name a path that exists and that whoever runs this may enter; the service sees neither /home nor /tmp.") from error
    if is_folder:
        return Kind.STILLS
    if is_file:
        return Kind.STILLS if path.suffix.lower() in PICTURES else Kind.CLIP
    if any(sign in source for sign in "*?["):
        return Kind.STILLS
    if is_there:
        raise CameraNotFound(f"Camera source {source}: this is neither a file nor a folder nor a webcam. {EXPECTED}",
                             hint="Webcams are /dev/video0 and so on; `ls /dev/video*` lists them.")
    raise CameraNotFound(f'Camera source "{source}": no such file or folder. {EXPECTED}',
                         hint="Check the spelling, and that the path is right as seen from the working directory.")


def is_device(source: str) -> bool:
    """Whether a string means a camera of this very machine; looks at the string alone."""
    return source == "picamera" or _is_webcam(source)


def is_live(source: str) -> bool:
    """Whether a string means a camera, here or in the network, rather than a file; looks at the string alone."""
    return is_device(source) or is_stream(source)


def is_stream(source: str) -> bool:
    """Whether a string means a camera in the network; looks at the string alone."""
    scheme, separator, _ = source.partition("://")
    return bool(separator and scheme.lower() in SCHEMES)


def webcam_node(source: str) -> str:
    """The device of a webcam that is named by its number or its path: `/dev/video0` for `0`."""
    return f"/dev/video{int(source)}" if source.isdecimal() else source


def _is_webcam(source: str) -> bool:
    return (source.isdecimal() and len(source) <= DIGITS) or source.startswith(WEBCAMS)


def open_camera(settings: CameraSettings, *, fast: bool = False) -> Camera:
    """Open the source that `settings.source` names, and turn its pictures by `settings.rotate_deg`.

    Args:
        fast: read files as fast as they can be judged instead of by their own clock. Live sources know only now.

    Raises:
        CameraNotFound: no such device, file, folder or address, or the string is of no known form.
        CameraBusy: another program holds the device.
        CameraUnreadable: it is there, and it holds no picture.
        CameraStopped: the device did not answer in time.
        SettingsError: it is a credential, and that is not there.
        CardError: the card fails while that is read.
    """
    settings = replace(settings, source=revealed(settings.source))
    kind = kind_of(settings.source)
    silence_libraries()
    camera = _open(kind, settings, fast)
    if settings.rotate_deg == 0:
        return camera
    from edge.camera.turn import Turned

    return Turned(camera, settings.rotate_deg)


def _open(kind: Kind, settings: CameraSettings, fast: bool) -> Camera:
    if kind is Kind.PICAMERA:
        from edge.camera.picamera import open_picamera

        return open_picamera(settings)
    if kind is Kind.V4L2:
        from edge.camera.v4l2 import open_v4l2

        return open_v4l2(settings)
    if kind is Kind.STREAM:
        from edge.camera.stream import open_stream

        return open_stream(settings)
    if kind is Kind.CLIP:
        from edge.camera.clip import Clip

        return Clip(Path(settings.source).expanduser(), fast=fast)
    from edge.camera.stills import Stills

    return Stills(settings.source, settings.rate_fps, fast=fast)
