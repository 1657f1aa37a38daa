# SPDX-License-Identifier: Apache-2.0
"""Score: the door's question in numbers. Pure functions of logits and truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.data.labels import CLASSES, INCORRECT, MASK, NO_MASK

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
M, I, N = (CLASSES.index(label) for label in (MASK, INCORRECT, NO_MASK))  # noqa: E741 - the three columns
PASS_SHARE = 0.95
"""Share of properly masked faces that must pass: the threshold follows from it."""

TEMPERATURES = tuple(float(t) for t in np.exp(np.linspace(np.log(0.2), np.log(5), 161)))
"""Those that are tried."""


@dataclass(frozen=True)
class Score:
    """One model on one set of faces."""

    auc: float
    """Of mask against the rest."""
    threshold: float
    """The probability of `mask` that 95 % of properly masked faces reach; nan where there is none of them, and so are the shares below it."""
    stops_no_mask: float
    """Share of bare faces below it."""
    stops_incorrect: float
    """Share of wrongly masked faces below it."""
    balanced: float
    """Mask against bare: `mask` likelier than `no_mask` or not; mean of both recalls."""
    three_way: float
    """Mean recall of the three answers, by the likeliest."""

    @property
    def worth(self) -> float:
        """One number to choose by: who passes matters most, and wrongly worn is the hard part."""
        parts = [(self.auc, 2.0), (self.stops_no_mask, 1.0), (self.stops_incorrect, 1.0), (self.balanced, 1.0)]
        known = [(v, w) for v, w in parts if np.isfinite(v)]
        return sum(v * w for v, w in known) / sum(w for _, w in known) if known else 0.0  # masks alone: nothing to choose by

    def __str__(self) -> str:
        return (f"AUC {number(self.auc, 4)}  stops bare {number(self.stops_no_mask)}  incorrect {number(self.stops_incorrect)}  "
                f"balanced {number(self.balanced, 4)}  three-way {number(self.three_way)}")


def number(value: float, digits: int = 3) -> str:
    """A figure in words: of a class that no face is of there is none."""
    return f"{value:.{digits}f}" if np.isfinite(value) else "not measured"


def tells_apart(truth: Ints) -> bool:
    """Whether a figure of these faces says anything about the door's question: some wear a mask properly, and some do not."""
    return bool((truth == M).any() and (truth != M).any())


def three_of(logits: Floats) -> NDArray[np.float64]:
    """Logits of two answers (mask, not) as three, of which `incorrect` is never likely; three stay as they are."""
    known = np.asarray(logits, np.float64)
    return known if known.shape[1] == len(CLASSES) else np.asarray(np.insert(known, I, known.min(axis=1) - 30.0, axis=1))


def softmax(logits: Floats, temperature: float = 1.0) -> NDArray[np.float64]:
    scaled = np.asarray(logits, np.float64) / temperature
    exp = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(exp / exp.sum(axis=1, keepdims=True))


def score(logits: Floats, truth: Ints) -> Score:
    """The figures of logits (n, 3) against truth (n,), columns in the order of `CLASSES`."""
    p = softmax(logits)
    passing = p[:, M]
    masked = passing[truth == M]
    threshold = float(np.quantile(masked, 1 - PASS_SHARE, method="lower")) if len(masked) else float("nan")
    return Score(auc=auc(passing, truth == M), threshold=threshold,
                 stops_no_mask=share_below(passing[truth == N], threshold),
                 stops_incorrect=share_below(passing[truth == I], threshold), balanced=balanced(p, truth),
                 three_way=three_way(p, truth))


def balanced(p: Floats, truth: Ints) -> float:
    """Mask against bare, when only these two are asked: mean of both recalls."""
    masked = p[:, M] > p[:, N]
    return float(np.mean([_share(masked[truth == M]), _share(~masked[truth == N])]))


def three_way(p: Floats, truth: Ints) -> float:
    """Mean over the classes present of the share answered right."""
    answer = p.argmax(axis=1)
    return float(np.mean([_share(answer[truth == c] == c) for c in range(p.shape[1]) if (truth == c).any()]))


def at_threshold(logits: Floats, truth: Ints, threshold: float) -> dict[str, float]:
    """Who passes and who is stopped at one threshold; nan where a class is absent, or the threshold itself."""
    p = softmax(logits)
    stopped = {of: share_below(p[truth == of, M], threshold) for of in (M, N, I)}
    return {"faces": float(len(truth)), "passes_mask": 1 - stopped[M], "stops_no_mask": stopped[N],
            "stops_incorrect": stopped[I], "balanced": balanced(p, truth)}


def share_below(passing: Floats, threshold: float) -> float:
    """Share of these probabilities of `mask` that the door would stop; nan where there are none, or no threshold was to be had."""
    return _share(passing < threshold) if np.isfinite(threshold) else float("nan")


def thresholds(p: Floats, truth: Ints, rates: Sequence[float] = (0.05, 0.02, 0.01, 0.005)) -> dict[str, dict[str, float]]:
    """Where to set the door's two thresholds for a stated rate of errors.

    Args:
        p: probabilities (n, 3).
        truth: columns (n,).
        rates: stated rates, 0 to 1.

    Returns:
        By rate: `pass_min`, the least at which no larger share of bare and wrongly masked faces passes, with the share
        of masks that still pass; `stay_min`, the most at which no larger share of masks lies below it (and would in
        time be reported), with the share of the others that still lie above it.
    """
    masked, others = p[truth == M, M], p[truth != M, M]
    rows = {}
    for rate in rates:
        if not len(masked) or not len(others):
            break
        # Just above the last face that must not pass; just at the first that must.
        at = float(np.nextafter(np.sort(others)[::-1][min(int(rate * len(others)), len(others) - 1)], 1))
        low = float(np.sort(masked)[min(int(rate * len(masked)), len(masked) - 1)])
        rows[f"{rate:.1%}"] = {"pass_min": at, "masks that pass": _share(masked >= at), "others that pass": _share(others >= at),
                               "stay_min": low, "masks below it": _share(masked < low), "others above it": _share(others >= low)}
    return rows


def auc(values: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, ties counted half."""
    if positive.all() or not positive.any():
        return float("nan")
    _, rank_of, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    n = int(positive.sum())
    return float((ranks[rank_of][positive].sum() - n * (n + 1) / 2) / (n * (len(values) - n)))


def ece(p: Floats, truth: Ints, bins: int = 15) -> float:
    """Expected calibration error of the likeliest answer (Guo et al. 2017), equal-width bins."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == truth
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs(right[which == b].mean() - confidence[which == b].mean()) * (which == b).mean()
                     for b in range(bins) if (which == b).any()))


def temperature(logits: Floats, truth: Ints) -> float:
    """The one of `TEMPERATURES` that makes these answers likeliest; the first or last where an even more extreme one would do so."""
    losses = [-np.log(softmax(logits, t)[np.arange(len(truth)), truth] + 1e-12).mean() for t in TEMPERATURES]
    return TEMPERATURES[int(np.argmin(losses))]


def interval(measure: Callable[[Ints], float], pictures: Sequence[str], draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of `measure(indices)`: how it would come out on other pictures of the kind.

    Pictures are drawn with replacement, each with all its faces (Davison and Hinkley 1997, "Bootstrap Methods and their Application", 3.8; Field
    and Welsh 2007, "Bootstrapping clustered data"). Faces of one picture have camera, light and company in common and go wrong together, so that
    drawing faces would give intervals that are too narrow. Groups are not drawn: where there are any, they are few batches, of which nothing can be drawn.

    Args:
        measure: a figure of the faces chosen; nan where they have none.
        pictures: the picture of each face.

    Returns:
        From, to; nan where there is no face, or no draw has the figure.
    """
    _, of = np.unique(np.asarray(pictures, str), return_inverse=True)
    faces = np.split(np.argsort(of, kind="stable"), np.cumsum(np.bincount(of))[:-1]) if len(of) else []
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, len(faces), len(faces)) for _ in range(draws if faces else 0))
    found = [v for v in (measure(np.concatenate([faces[i] for i in chosen])) for chosen in drawn) if np.isfinite(v)]
    low, high = np.quantile(found, [0.025, 0.975]) if found else (float("nan"), float("nan"))
    return float(low), float(high)


def _share(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")
