# SPDX-License-Identifier: Apache-2.0
"""Views: how training scenes are put together: `varied` ones show much that is rare, `natural` ones are as a camera shows them."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_SHOWN = 0.8
"""A photograph's long side covers at least this much of the scene's; smaller ones would mostly show its ground."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """How often scenes are of each sort; shares from 0 to 1."""

    zooms: float
    """A photograph enlarged to show one of its faces."""
    mosaics: float
    """Several pictures side by side. The scenes that are neither show nobody."""
    whole: float
    """Share of the zooms that show the whole photograph instead, as a camera would."""
    sizes: tuple[float, float]
    """The long side of such a photograph, in sides of the scene: least and greatest."""
    tilted: float
    """Share of all scenes that are turned a little."""
    untouched: float
    """Share of all scenes whose light and sharpness are left as they are."""


VIEWS = {"varied": Views(zooms=0.52, mosaics=0.36, whole=0.2, sizes=(LEAST_SHOWN, 1.2), tilted=0.4, untouched=0.2),
         "natural": Views(zooms=0.82, mosaics=0.1, whole=0.5, sizes=(0.85, 1.15), tilted=0.1, untouched=0.6)}
"""The last recipes of the shipped detector use natural ones, for what is learnt last weighs most (Ge et al. 2021, "YOLOX", leave mosaics out
at the end)."""
