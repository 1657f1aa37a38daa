# SPDX-License-Identifier: Apache-2.0
"""Bundle: a mask model with its description in the same file.

A bundle is a .tflite file with a small zip archive behind the flatbuffer, as TFLite Metadata packs its
associated files: the runtime never looks past the flatbuffer, and any zip program shows the description. The archive holds one file, `maskgate.json`.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.errors import ModelError
from edge.look import Label
from edge.vision.model_file import read_model_file
from edge.whole import whole

DESCRIPTION = "maskgate.json"
LABELS = tuple(label.value for label in Label)
DAMAGES = (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, ValueError, EOFError, zlib.error)
"""What zipfile raises of archives in which a byte is another: one that asks for a later version, or for a password, or has an end before its beginning."""
TWO_LABELS = (Label.MASK.value, Label.NO_MASK.value)
"""Of a model that only tells mask from anything else; `incorrect` is then never said."""


class View(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way of looking at a face."""

    margin: Annotated[float, Meta(ge=0, le=1)]
    """Share of the face's longer side added on each side of the crop."""
    mirrored: bool = False


@dataclass(frozen=True, kw_only=True)
class Description:
    """What the unit must know of a model, and what its owner wants to know."""

    format: Annotated[int, Meta(ge=1, le=1)] = 1
    name: str
    labels: tuple[str, ...] = LABELS
    """Order of the model's outputs."""
    input_px: Annotated[int, Meta(ge=32, le=512)]
    """The model takes `uint8` RGB of shape (1, input_px, input_px, 3); normalisation is inside its graph."""
    margin: Annotated[float, Meta(ge=0, le=1)]
    """Share of the face's longer side added on each side of the crop."""
    views: Annotated[tuple[View, ...], Meta(max_length=8)] = ()
    """Each face is judged so often, and the mean of the logits counts: the detector's box is never quite right, and errors at one
    margin are seldom those at another. Empty: once, at `margin`."""
    temperature: Annotated[float, Meta(gt=0, le=100)] = 1.0
    """Probabilities are softmax(logits / temperature) (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
    only_drawn: tuple[str, ...] = ()
    """Labels of which training saw no real face, only such as were drawn on other faces."""
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Of the flatbuffer alone, without the archive behind it."""
    made: str = ""
    """Date, recipe and its hash, in words."""
    figures: dict[str, Any] = field(default_factory=dict)
    """What was measured, by name: see the model card."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A model read whole and checked against its description."""

    description: Description
    model: bytes
    """The TFLite flatbuffer."""
    path: Path


def load_bundle(path: Path) -> Bundle:
    """Read a bundle and check its hash, labels and description.

    Raises:
        ModelError: the file is missing, is no TFLite model, has no description, or one that does not fit.
        CardError: the card fails while it is read.
    """
    data = read_model_file(path, "Mask model")
    if data[4:8] != b"TFL3":
        raise ModelError(f"Mask model {path}: this is no TFLite file (one has TFL3 as its bytes 4 to 7).")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            text = archive.read(DESCRIPTION)
            start = min(item.header_offset for item in archive.infolist())
    except DAMAGES as error:
        raise ModelError(
            f"Mask model {path}: no description inside ({DESCRIPTION} is missing, or the file is cut short or damaged).",
            hint="Convert the model with `maskgate-convert`; it writes the description.") from error
    try:
        description = msgspec.json.decode(text, type=Description)
    except msgspec.MsgspecError as error:
        raise ModelError(f"Mask model {path}: its description does not fit: {error}.") from error
    if description.labels not in (LABELS, TWO_LABELS):
        raise ModelError(f"Mask model {path}: its labels are {list(description.labels)}, expected {list(LABELS)} "
                         f"or {list(TWO_LABELS)} in this order.")
    model = data[:start]
    if (found := hashlib.sha256(model).hexdigest()) != description.sha256:
        raise ModelError(f"Mask model {path}: damaged (sha256 {found[:12]}…, its description says {description.sha256[:12]}…).",
                         hint="Copy or convert it again if it is your own; else install MaskGate again. With an empty [masks] model the unit takes the one that ships.")
    return Bundle(description=description, model=model, path=path)


def write_bundle(path: Path, model: bytes, description: Description) -> None:
    """Write model and description to `path`, whole or not at all."""
    with whole(path) as part:
        part.write_bytes(model)
        with zipfile.ZipFile(part, "a", zipfile.ZIP_STORED) as archive:
            entry = zipfile.ZipInfo(DESCRIPTION, date_time=(1980, 1, 1, 0, 0, 0))  # no clock in the file: same input, same bytes
            archive.writestr(entry, msgspec.json.format(msgspec.json.encode(description), indent=2))
