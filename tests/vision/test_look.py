# SPDX-License-Identifier: Apache-2.0
"""Look: plain values."""

from __future__ import annotations

from edge.look import Label, Probabilities


def test_each_label_has_its_own_probability() -> None:
    found = Probabilities(mask=0.5, incorrect=0.3, no_mask=0.2)
    assert [found.of(label) for label in Label] == list(found)
    assert found.of(found.label) == 0.5
