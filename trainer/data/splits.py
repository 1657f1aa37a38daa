# SPDX-License-Identifier: Apache-2.0
"""Splits: train, val and test by group, or a whole source at a time; never by picture.

Two pictures of one person, clip or batch are nearly the same picture: with one in training and one in testing, every
model looks better than it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from trainer.data.manifest import SPLITS, Sample
from trainer.errors import TrainerError


def split_by_group(samples: Sequence[Sample], val: float = 0.1, test: float = 0.1, seed: int = 0) -> list[Sample]:
    """Give every group of every source one split.

    The group's name decides, through a hash, so that a set that grows keeps its old splits.

    Args:
        val: share of groups, 0 to 1.
        test: likewise.

    Raises:
        TrainerError: the shares leave nothing to train on.
    """
    if not (val >= 0 and test >= 0 and val + test < 1):
        raise TrainerError(f"Shares of {val:g} for val and {test:g} for test leave nothing to train on.")

    def split_of(sample: Sample) -> str:
        digest = hashlib.sha256(f"{seed}/{sample.source}/{sample.group}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        return "test" if place < test else "val" if place < test + val else "train"

    return [replace(s, split=split_of(s)) for s in samples]


def leaks(samples: Sequence[Sample]) -> dict[tuple[str, str], set[str]]:
    """Groups that stand in more than one split, with those splits. Empty is as it should be."""
    found: dict[tuple[str, str], set[str]] = {}
    for s in samples:
        assert s.split in SPLITS
        found.setdefault((s.source, s.group), set()).add(s.split)
    return {key: splits for key, splits in found.items() if len(splits) > 1}
