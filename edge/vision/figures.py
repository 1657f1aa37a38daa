# SPDX-License-Identifier: Apache-2.0
"""Figures: what the measured figures of a mask model say, in words for whoever has to trust it."""

from __future__ import annotations

MEANINGS = {
    "auc": "how often a mask worn properly gets more of `mask` than a face without: 1 always, 0.5 by chance",
    "stops_no_mask": "share of bare faces that do not pass",
    "stops_incorrect": "share of masks worn wrongly that do not pass",
    "balanced": "share of right answers where only mask or bare is asked, each counting half",
    "three_way": "share of right answers among mask, incorrect and no_mask, each counting alike",
    "ece": "by how much the stated probabilities are off; 0 is best",
    "passes_mask": "share of masks worn properly that pass",
}
"""By name, in the order in which `maskgate-train evaluate` tells them."""
HOW_TO_READ = ("[from, to] is the 95 % interval: where the figure may lie on other pictures of the kind.",
               "Who passes is counted at the threshold that 95 % of the masks worn properly reach; a unit's own is [door] pass_min.")


def figures_table() -> list[str]:
    """Lines of the table in docs/training.md."""
    return ["| figure | what it says |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in MEANINGS.items())]
