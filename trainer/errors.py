# SPDX-License-Identifier: Apache-2.0
"""What the trainer refuses: data, recipes and weights that do not fit."""

from __future__ import annotations

import sys

from edge.errors import MaskGateError


class TrainerError(MaskGateError, ValueError):
    """Data, a recipe, weights or a checkpoint cannot be used."""

    hint = "`maskgate-train --help` names the commands; `maskgate-train data check` looks through a manifest."


def refuse(program: str, error: MaskGateError | OSError) -> int:
    """Tell in two lines what a program refuses, or the system refuses it (a folder that is closed, a full disk); its exit code."""
    if not isinstance(error, MaskGateError):
        error = TrainerError(f"{error.filename or 'A file'}: {error.strerror or error}.", hint="Name another place, or make room there.")
    print(f"{program}: {error}\n{error.hint}", file=sys.stderr)
    return error.exit_code
