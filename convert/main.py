# SPDX-License-Identifier: Apache-2.0
"""maskgate-convert: the command line. What it does is in `command.py`, loaded where a Ctrl-C finds it: inside `ending`."""

from __future__ import annotations

import sys

from trainer.ending import ending


def main(argv: list[str] | None = None) -> int:
    """Run it; 0, or the exit code of what ended it."""
    def command() -> None:
        from convert.command import run

        run(argv)

    return ending("maskgate-convert", command, argv is None)


if __name__ == "__main__":
    sys.exit(main())
