# SPDX-License-Identifier: Apache-2.0
"""maskgate: the command line of the unit. One file a command beside this one; what may be typed is in `parser.py`.

Loads next to nothing by itself: whatever a Ctrl-C interrupts, loading included, is interrupted inside `main`.
"""

from __future__ import annotations

import errno
import signal
import sys

from edge.commands.interrupt import listen
from edge.commands.streams import mend_streams, print_no_more
from edge.errors import CTRL_C, DISK_FULL, CardError, MaskGateError

REFUSED = (*DISK_FULL, errno.EIO)
"""What the kernel answers where the standard output is a file that cannot grow."""
CLOSED = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP)
"""What it answers to a path that cannot be followed, in whichever place the program looks at it first."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; every named error becomes two lines and its exit code."""
    before = sys.unraisablehook
    try:
        listen()
        mend_streams()
        code = _run(argv)
        sys.stdout.flush()  # here, where a refusal is still told in words
        if argv is None:  # a Ctrl-C that was put off would only disturb Python's end now
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return code
    except KeyboardInterrupt:
        if argv is None:  # a process of our own: it ends, and is in no hurry for a second one
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return CTRL_C
    except BrokenPipeError:  # `maskgate check … | head`: the reader has seen enough
        print_no_more()
        return 0
    except OSError as error:
        if error.errno in CLOSED and error.filename:
            _say(MaskGateError(f"{error.filename}: cannot be looked at ({error.strerror}).", hint="Name a path that exists and that you may enter."))
            return 1
        if error.errno == errno.EIO and error.filename:  # a file that was opened; of an output that grows no more the kernel names none
            _say(CardError(f"{error.filename}: the disk that it lies on fails ({error.strerror})."))
            return CardError.exit_code
        if error.errno not in REFUSED:
            raise
        print_no_more()
        _say(MaskGateError(f"the output cannot be written ({error.strerror}).", hint="Make room where the output is sent to."))
        return 1
    finally:
        sys.unraisablehook = before


def _run(argv: list[str] | None) -> int:
    import logging

    from edge.commands.parser import parser

    command = ""
    try:
        arguments = parser().parse_args(argv)
        command = arguments.command
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
        code: int = arguments.run(arguments)
        return code
    except SystemExit as ended:  # argparse: --help, --version, or a usage error that it has told
        return int(ended.code or 0)
    except MaskGateError as error:
        _say(error)
        return error.exit_code
    except KeyboardInterrupt:
        if command != "run":
            raise
        return 0  # a unit is stopped like this, also while it still loads its models


def _say(error: MaskGateError) -> None:
    print(f"maskgate: {error}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
