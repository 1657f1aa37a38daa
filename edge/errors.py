# SPDX-License-Identifier: Apache-2.0
"""The named errors, in one tree. Each carries its exit code and what the operator should do.

    MaskGateError                      1
    ├── SettingsError                  2   maskgate.toml, an option, an argument
    ├── CameraError                    3   any source of frames
    │   ├── CameraNotFound             3   no such device, file, folder or address
    │   ├── CameraBusy                 3   another program holds the device
    │   ├── CameraStopped              3   it did not open, or a frame did not come, in time
    │   ├── CameraFrozen               3   it delivers the same picture again and again
    │   └── CameraUnreadable           3   it is there, and what it holds is no picture (or is cut short)
    ├── ModelError                     4   a model file: missing, broken, or not what its description says
    ├── PinError                       5   a pin that does not exist, is taken, or cannot be driven
    │   └── GpioMissing                5   all of them: no Raspberry Pi, no GPIO chip, no lgpio, no right to use them
    ├── CardError                      1   the card failed while something was read; the next start may go well
    ├── MemoryGrown                    1   the program holds more memory than it ever needs; the next start begins with little
    └── ModelStopped                   1   a model that has worked fails at a picture; the next start loads it anew

A room raises only these. `maskgate` prints `str(error)` and `error.hint` in two lines and exits with
`error.exit_code`; nobody is shown a traceback for bad input.
"""

import errno

NO_GPIO = 'without GPIO set [panel] kind = "mock" or "none", or for once `maskgate run --panel mock`.'
"""The end of every hint about pins that may be read on a machine that is no Pi."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What the kernel answers where a disk is full, or a file on it has the size that its file system allows (4 GiB on a USB stick)."""
DISK_BROKEN = (errno.EROFS, errno.EIO, errno.ENXIO, errno.EBADMSG, *(getattr(errno, name) for name in ("EUCLEAN", "EREMOTEIO") if hasattr(errno, name)))
"""What it answers where a disk can no longer be written; ext4 says EBADMSG and EUCLEAN of what it finds damaged. A Mac lacks two of the names."""

CTRL_C = 130
"""Exit code of a command that Ctrl-C ended: 128 and the number of SIGINT, as shells have it."""


class MaskGateError(Exception):
    """Anything MaskGate refuses. `hint` tells the operator what to do next."""

    exit_code = 1
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class SettingsError(MaskGateError, ValueError):
    """A setting, option or argument is unknown, of the wrong type or out of range."""

    exit_code = 2
    hint = "See `maskgate config reference` for every setting, its unit and its range."


class CameraError(MaskGateError, OSError):
    """A source of frames cannot be used."""

    exit_code = 3
    hint = "Check the cable, then `rpicam-hello --list-cameras` on a Pi or `ls /dev/video*` elsewhere."


class CameraNotFound(CameraError):
    """No such device, file, folder or address."""


class CameraBusy(CameraError):
    """Another program holds the device."""

    hint = "Stop the other program (`fuser -v /dev/video*` names it), then start MaskGate again."


class CameraStopped(CameraError):
    """The device did not open, or no frame came, within the time allowed."""

    hint = "Check the ribbon or the network; the service starts again by itself."


class CameraFrozen(CameraError):
    """Frames come, and all of them show the same picture."""

    hint = "The service starts again by itself; if that does not help, unplug the camera and plug it in again."


class CameraUnreadable(CameraError):
    """The source is there, but it holds no picture that can be decoded, or it is cut short."""

    hint = "Play the file with another program; copy or record it again if it is damaged."


class ModelError(MaskGateError, ValueError):
    """A model file is missing, broken, or does not fit its own description."""

    exit_code = 4
    hint = "Reinstall MaskGate, or point the setting back at the model that ships with it."


class PinError(MaskGateError, OSError):
    """A pin does not exist, is used twice, is held by another program, or there is no GPIO here."""

    exit_code = 5
    hint = f"Compare the [panel] section with the wiring; {NO_GPIO}"


class GpioMissing(PinError):
    """No pin at all can be had on this machine, or by this user."""


class CardError(MaskGateError):
    """The card, or whatever disk it is, failed while something was read that is needed. The service is started again."""

    hint = "Try again (the service does by itself); if it happens more than once, back up the settings and flash a new card."


class MemoryGrown(MaskGateError):
    """The program has grown beyond all that it needs. The service is started again."""

    hint = "Start it again (the service does by itself); if it happens at once, ask for smaller frames in [camera]."


class ModelStopped(MaskGateError):
    """A model that ran when it was loaded fails at a picture, or gives no number any more: no reason to stay down, as a broken file would be."""

    hint = "Try again (the service does by itself); if it happens again and again, install MaskGate anew."
