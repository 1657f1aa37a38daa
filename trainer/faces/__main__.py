# SPDX-License-Identifier: Apache-2.0
"""`python -m trainer.faces`: the same as `maskgate-train faces`."""

import argparse
import sys

from trainer.ending import ending


def main() -> int:
    """Parse and run; an error of ours is two lines, not a traceback."""
    def command() -> None:
        from trainer.faces.command import add_arguments, run

        parser = argparse.ArgumentParser(prog="python -m trainer.faces", description="MaskGate's face detector.")
        add_arguments(parser)
        run(parser.parse_args())

    return ending("trainer.faces", command, own=True)


if __name__ == "__main__":
    sys.exit(main())
