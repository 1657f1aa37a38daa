# SPDX-License-Identifier: Apache-2.0
"""Interrupt: a Ctrl-C that comes at a bad moment is neither lost nor mistaken for something else.

While a library is being loaded, a KeyboardInterrupt may come out of it as "not installed", or as a crash; inside a destructor Python drops
it. In both cases the signal is sent again a moment later.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

AGAIN_S = 0.05
IMPORTING = "<frozen importlib._bootstrap>"


def listen() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt outside of imports only. One that is ignored (`nohup`, `&`) stays ignored."""
    sys.unraisablehook = _not_lost
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _ctrl_c)


def stop_on_signals() -> None:
    """SIGTERM, SIGINT and SIGHUP (the terminal has gone) end the loop as Ctrl-C does, once: a second one must not interrupt
    the closing. Under `nohup` SIGHUP stays ignored.
    """
    ours = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        ours.append(signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        if put_off(number, frame):
            return
        for one in ours:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in ours:
        signal.signal(one, stop)


def put_off(number: int, frame: FrameType | None) -> bool:
    """For a signal handler: True where a module is being loaded in `frame` or around it; the signal `number` then comes again by itself."""
    while frame is not None:
        if frame.f_code.co_filename == IMPORTING:
            _again(number)
            return True
        frame = frame.f_back
    return False


def _ctrl_c(number: int, frame: FrameType | None) -> None:
    if not put_off(number, frame):
        raise KeyboardInterrupt


def _not_lost(lost: sys.UnraisableHookArgs) -> None:
    if lost.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(lost)
        return
    signal.signal(signal.SIGINT, _ctrl_c)  # `run` ignores every one after the first
    _again(signal.SIGINT)


def _again(number: int) -> None:
    threading.Timer(AGAIN_S, signal.raise_signal, [number]).start()
