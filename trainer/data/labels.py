# SPDX-License-Identifier: Apache-2.0
"""Labels: what other data sets call the three answers. A name that is not in this table is an error, never a guess."""

from __future__ import annotations

import re

from edge.look import Label
from trainer.errors import TrainerError

MASK, INCORRECT, NO_MASK = (label.value for label in Label)
CLASSES = (MASK, INCORRECT, NO_MASK)
NOT_FACE = "not_face"
"""A picture without a face: what the detector finds by mistake."""
UNKNOWN = "unknown"
"""A face that nobody could label. It counts neither as a false detection nor as a missed one."""

ALIASES: dict[str, tuple[str, ...]] = {
    MASK: ("mask", "masked", "with mask", "face mask", "withmask", "correct", "correct mask", "mask worn correctly",
           "mask weared correct", "cmfd", "face with mask", "good", "mask on", "proper"),
    INCORRECT: ("incorrect", "incorrect mask", "mask worn incorrectly", "mask weared incorrect", "improperly", "imfd",
                "wrong", "wrong mask", "improper", "misworn", "partial mask", "nose out", "chin mask"),
    NO_MASK: ("no mask", "nomask", "without mask", "withoutmask", "none", "unmasked", "bare", "face", "face no mask",
              "non mask", "no", "mask off"),
    NOT_FACE: ("not face", "background", "negative", "negatives", "no face"),
    UNKNOWN: ("unknown", "ignore", "difficult", "unclear"),
}
_TABLE = {alias: label for label, aliases in ALIASES.items() for alias in aliases}


def label_of(name: str, where: str = "") -> str:
    """Our label for another set's class name.

    `-`, `_` and capitals do not matter: `With_Mask`, `with-mask` and `withMask` are one name.

    Raises:
        TrainerError: the name is not in the table.
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    key = " ".join(re.split(r"[\s_\-]+", spaced.strip().lower()))
    for candidate in (key, key.replace(" ", "")):
        if candidate in _TABLE:
            return _TABLE[candidate]
    known = "; ".join(f"{label}: {', '.join(aliases)}" for label, aliases in ALIASES.items())
    raise TrainerError(f"{where + ': ' if where else ''}the label {name!r} is not in the table.",
                       hint=f"Rename it to one of these, or add it to trainer/data/labels.py. {known}")
