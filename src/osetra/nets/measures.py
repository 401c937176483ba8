"""Measures: how good answers or probabilities are, each a pure function of arrays.

Sources: Fawcett 2006 (auc by ranks); Manning, Raghavan & Schütze 2008, ch. 8; Koenker & Bassett 1978.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import Codes

Array = NDArray[np.float64]


def pinball(predicted: Array, target: Array, quantile: float) -> float:
    """Return the mean pinball loss: q times what was missed above, 1-q times what was missed below."""
    above = target - predicted
    return float(np.mean(np.maximum(quantile * above, (quantile - 1) * above)))


def auc(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive row scores above a negative one, ties half; NaN without both."""
    positives, n = int(np.sum(positive)), len(positive)
    if positives in (0, n):
        return math.nan
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    above = float(np.sum(ranks[positive])) - positives * (positives + 1) / 2
    return above / (positives * (n - positives))


def average_precision(scores: Array, positive: NDArray[np.bool_]) -> float:
    """Return the mean precision over the recalls that falling thresholds reach; NaN without positives."""
    if not np.any(positive):
        return math.nan
    order = np.argsort(-scores, kind="stable")
    hits, ends = np.cumsum(positive[order]), np.append(np.diff(scores[order]) != 0, True)
    found, answered = hits[ends], np.flatnonzero(ends) + 1
    recall = found / found[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * found / answered))


def balanced_error(said: Codes, codes: Codes, classes: int, positive: int = 1) -> float:
    """Return the mean over the classes that occur of their share of wrong said."""
    counts = np.bincount(codes, minlength=classes)
    missed = np.bincount(codes, weights=said != codes, minlength=classes)
    present = counts > 0
    return float(np.mean(missed[present] / counts[present]))


def f1(said: Codes, codes: Codes, classes: int, positive: int = 1) -> float:
    """Return 2·hits / (answered + there) of the sought class of two, or the mean over all that occur."""
    if classes == 2:
        return f1_of(said == positive, codes == positive)
    occurring = np.union1d(said, codes)
    return float(np.mean([f1_of(said == code, codes == code) for code in occurring]))


def error(said: Codes, codes: Codes, classes: int, positive: int = 1) -> float:
    """Return the share of wrong answers."""
    return float(np.mean(said != codes))


def f1_of(answered: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    """Return 2·hits / (answered + there); 0 without either."""
    total = int(np.sum(answered)) + int(np.sum(there))
    return 2 * int(np.sum(answered & there)) / total if total else 0.0
