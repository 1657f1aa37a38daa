# SPDX-License-Identifier: Apache-2.0
"""What the trainer refuses: data, recipes and weights that do not fit."""

from __future__ import annotations

from edge.errors import MaskGateError


class TrainerError(MaskGateError, ValueError):
    """Data, a recipe, weights or a checkpoint cannot be used."""

    hint = "`maskgate-train --help` names the commands; `maskgate-train data check` looks through a manifest."
