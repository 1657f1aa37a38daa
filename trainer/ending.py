# SPDX-License-Identifier: Apache-2.0
"""Ending: how every command of the trainer and the converter ends: with a code, two lines at most, and nothing left running.

Loads next to nothing by itself: whatever a Ctrl-C interrupts, loading included, is interrupted inside `ending`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from edge.commands.interrupt import listen, put_off
from edge.commands.streams import mend_streams, print_no_more
from edge.errors import CTRL_C, MaskGateError
from trainer.errors import refuse

EXIT_CODES = """exit codes:
  0    done; also where whoever read the output had seen enough
  1    refused: data, weights, a Keras model, a checkpoint, a value that does not fit them; a file that cannot be read or written
  2    a recipe is wrong, an option or argument is none, or two of them name one file
  4    a bundle or a face detector: missing, broken, or not what it says
  129  ended because its terminal was closed
  130  ended by Ctrl-C before it was done
  143  ended by SIGTERM
"""
ENDS: tuple[signal.Signals, ...] = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))  # Windows has no SIGHUP
"""Signals that would end Python at once, without tidying up: processes that prepare faces would stay, and their half-made folders."""


def ending(program: str, command: Callable[[], None], own: bool, stopped: str = "") -> int:
    """Run a command of `program`; 0, or the exit code of what ended it, which is told in two lines.

    Args:
        own: whether the process is this command's own, and ends with it.
        stopped: what to say after a Ctrl-C.

    Raises:
        SystemExit: a usage error or --help, both told by argparse; or one of `ENDS` came.
    """
    hook, before = sys.unraisablehook, {number: signal.getsignal(number) for number in (signal.SIGINT, *ENDS)}
    try:
        listen()
        for number in ENDS:
            if before[number] is signal.SIG_DFL:  # one that is ignored (`nohup`) stays ignored
                signal.signal(number, _end)
        mend_streams()
        command()
        sys.stdout.flush()  # here, where a reader that has gone is still told apart
        return 0
    except BrokenPipeError:  # `maskgate-train data list | head`: the reader has seen enough
        print_no_more()
        return 0
    except (MaskGateError, OSError) as error:
        if own and isinstance(error, OSError) and error.filename is None:
            print_no_more()  # it may be the output that cannot be written
        return refuse(program, error)
    except KeyboardInterrupt:
        if stopped:
            print(f"\n{program}: {stopped}", file=sys.stderr)
        return CTRL_C
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():  # a Ctrl-C that was put off would only disturb Python's end now
            signal.signal(number, signal.SIG_IGN if own and number == signal.SIGINT else handler)


def _end(number: int, frame: FrameType | None) -> None:
    """End as Ctrl-C does, tidying up."""
    if put_off(number, frame):
        return
    for each in ENDS:  # a second one would interrupt the tidying
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
