# SPDX-License-Identifier: Apache-2.0
"""`python -m trainer.faces`: the same as `maskgate-train faces`."""

import argparse
import sys

from edge.errors import CTRL_C, MaskGateError
from trainer.errors import refuse
from trainer.faces.command import add_arguments, run


def main() -> int:
    """Parse and run; an error of ours is two lines, not a traceback."""
    parser = argparse.ArgumentParser(prog="python -m trainer.faces", description="MaskGate's face detector.")
    add_arguments(parser)
    try:
        return run(parser.parse_args())
    except (MaskGateError, OSError) as error:
        return refuse("trainer.faces", error)
    except KeyboardInterrupt:
        return CTRL_C


if __name__ == "__main__":
    sys.exit(main())
