# SPDX-License-Identifier: Apache-2.0
"""Necks: below a head that the upper rim of the frame cuts, neck and collar look like a masked face to detector and classifier.

Three things tell a neck from a child's face: the detector is never sure of it, it lies under its head, and it is about as wide. Where the
head rises out of the picture, the neck follows it to the rim. The rim then cuts both, so the middle of what is seen of the neck may lie
as high as the middle of what was seen of the head.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.door.tracks import Place, Track, lasted, match
from edge.look import Box, Doubt, Look

HEAD_S = 2.0
"""Seconds of frame time for which a head that the upper rim cut explains a neck below it. Longer than one frame of a hot unit, too
short to keep a masked person waiting for good."""
SCORE_BELOW = 0.77
"""The detector's score from which a find is no neck. One in twenty of the 1,192 masked faces of 48 px and more found in the training
pictures scores less."""
UP, DOWN = 0.25, 2.0
"""The middle of a neck lies less than so many widths of the head above the head's middle (at the rim only), and less than so many below."""
ALIKE = 2.0
"""A neck is less than so many times wider, or narrower, than its head."""
RIM = 0.2
"""A find is at the rim where its upper edge lies less than this share of its height below it, or beyond it."""
CUT = 0.1
"""The same for a head: where its look has the doubt that the frame cuts it, this says whether it is the upper rim that does."""


def is_cut_above(track: Track) -> bool:
    """Whether the upper rim of the frame cuts this head."""
    return Doubt.CUT_OFF in track.doubts and track.box.y < CUT * track.box.h


def is_neck(head: Box, look: Look, pass_min: float) -> bool:
    """Whether a look is most likely at the neck below `head`, which the upper rim cuts: under it and no further aside than the head is wide,
    about as wide, a doubtful find, and one that would pass. A look with doubts about the picture is none: it cannot pass anyway.
    """
    (head_x, head_y), (x, y) = head.centre, look.face.box.centre
    highest = -UP * head.w if look.face.box.y < RIM * look.face.box.h else 0
    under = abs(x - head_x) < head.w and highest < y - head_y < DOWN * head.w
    alike = head.w / ALIKE < look.face.box.w < head.w * ALIKE
    return under and alike and look.face.score < SCORE_BELOW and not look.doubts and look.probabilities.mask >= pass_min


def heads_of(heads: Sequence[Place], cut: Sequence[Track], t: float) -> tuple[Place, ...]:
    """Where the rim has cut a head within the last `HEAD_S` before `t`: those of `heads` that are still recent, and the tracks that it cuts now."""
    recent = {place.box: place.left for place in heads if not lasted(place.left, t, HEAD_S)}
    return tuple(Place(box, left) for box, left in (recent | {track.box: track.seen for track in cut}).items())


def without_necks(looks: Sequence[Look], heads: Sequence[Place], others: Sequence[Track], t: float, pass_min: float) -> list[Look]:
    """The looks of a frame without the necks below `heads`. A look that continues one of `others`, people known before, stays."""
    known = set(match(others, looks, t)[0].values())
    return [look for look in looks if look in known or not any(is_neck(head.box, look, pass_min) for head in heads)]
