# SPDX-License-Identifier: Apache-2.0
"""Views: what scenes look like, from varied ones, which show much that is rare, to natural ones, as a camera shows them."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_SHOWN = 0.8
"""A photograph's long side covers at least this much of the scene's; smaller ones would mostly show its ground."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """What scenes look like; shares of all, 0 to 1."""

    zooms: float
    mosaics: float
    """What neither is shows nobody."""
    whole: float
    """Of the zooms: the picture as it is, as a camera would show it."""
    sizes: tuple[float, float]
    """The long side of such a picture, in sides of the scene: least and greatest."""
    tilted: float
    untouched: float
    """Not spoilt."""


VIEWS = {"varied": Views(zooms=0.52, mosaics=0.36, whole=0.2, sizes=(LEAST_SHOWN, 1.2), tilted=0.4, untouched=0.2),
         "natural": Views(zooms=0.82, mosaics=0.1, whole=0.5, sizes=(0.85, 1.15), tilted=0.1, untouched=0.6)}
"""A fit ends with natural ones: what is learnt last weighs most (Ge et al. 2021, "YOLOX", leave mosaics out at the end)."""
