# SPDX-License-Identifier: Apache-2.0
"""maskgate-train: the command line. What may be typed is in `parser.py`, loaded where a Ctrl-C finds it: inside `ending`."""

from __future__ import annotations

import sys

from trainer.ending import ending


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0, or the exit code of what ended it."""
    def command() -> None:
        from trainer.parser import parser

        arguments = parser().parse_args(argv)
        arguments.run(arguments)

    return ending("maskgate-train", command, argv is None, "stopped; `fit` goes on from its last checkpoint when it is started again.")


if __name__ == "__main__":
    sys.exit(main())
