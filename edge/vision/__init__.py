# SPDX-License-Identifier: Apache-2.0
"""Vision: from a frame to looks: find the faces, judge each, say how far the picture can be trusted.

    vision = open_vision(settings)
    looks = vision.look(frame)

`faces.py` finds the faces, `crop.py` cuts them out, `masks.py` judges them (`bundle.py` reads its model, `interpreter.py` runs it),
`answers.py` passes over what is no number, and `quality.py` raises the doubts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edge.frame import Frame
from edge.look import Box, Face, Look, Probabilities
from edge.reading import reading
from edge.settings import FacesSettings, MasksSettings, Settings, TrustSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.vision.faces import Faces
    from edge.vision.masks import Masks

MODELS = Path(__file__).resolve().parent.parent / "models"


class Detector(Protocol):
    """Finds faces in one BGR image; see `faces.Faces.find`."""

    def find(self, image: NDArray[np.uint8], smaller: NDArray[np.uint8] | None = None) -> list[Face]: ...


class Classifier(Protocol):
    """Judges the faces in one BGR image; see `masks.Masks.judge`."""

    def judge(self, image: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Probabilities]: ...


class Vision:
    """Detector, classifier and trust, put together."""

    def __init__(self, detector: Detector, classifier: Classifier, trust: TrustSettings) -> None:
        self._detector, self._classifier, self._trust = detector, classifier, trust

    def look(self, frame: Frame) -> tuple[Look, ...]:
        """Every face in range, judged once. Faces largest first."""
        # Here, so that importing the room does not load OpenCV: the settings check and the pins command must start fast.
        from edge.vision.quality import doubts

        faces = self._detector.find(frame.image, frame.small)
        judged = self._classifier.judge(frame.image, [face.box for face in faces])
        return tuple(Look(face, probabilities, doubts(frame.image, face, self._trust))
                     for face, probabilities in zip(faces, judged, strict=True))


def open_vision(settings: Settings) -> Vision:
    """Load both models.

    Raises:
        ModelError: a model file is missing, broken or of the wrong kind.
        CardError: the card fails while one, or a library that runs it, is read.
    """
    from edge.vision.answers import Answers

    return Vision(open_faces(settings.faces), Answers(open_masks(settings.masks)), settings.trust)


def open_faces(settings: FacesSettings) -> Faces:
    """The face detector of the settings; with an empty `model` the one that ships."""
    with reading("OpenCV"):
        from edge.vision.faces import Faces

    return Faces(Path(settings.model) if settings.model else MODELS / "face.onnx", settings)


def open_masks(settings: MasksSettings) -> Masks:
    """The mask classifier of the settings; with an empty `model` the one that ships."""
    from edge.vision.bundle import load_bundle
    from edge.vision.masks import Masks

    return Masks(load_bundle(Path(settings.model) if settings.model else MODELS / "mask.tflite"), settings.threads)
