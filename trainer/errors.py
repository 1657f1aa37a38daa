# SPDX-License-Identifier: Apache-2.0
"""What the trainer refuses: data and weights that do not fit (a recipe is a setting: SettingsError), and how it says so."""

from __future__ import annotations

import sys

from edge.errors import MaskGateError


class TrainerError(MaskGateError, ValueError):
    """Data, weights or a checkpoint cannot be used, or a result not be written."""

    hint = "`maskgate-train --help` names the commands; `maskgate-train data check` looks through a manifest."


def refuse(program: str, error: MaskGateError | OSError) -> int:
    """Tell in two lines what a program refuses, or the system refuses it (a folder that is closed, a full disk); its exit code."""
    if not isinstance(error, MaskGateError):
        error = TrainerError(f"{error.filename or 'A file, or the output'}: {error.strerror or error}.", hint="Look whether it is there, may be read or written, and whether the disk has room.")
    print(f"{program}: {error}\n{error.hint}", file=sys.stderr)
    return error.exit_code
