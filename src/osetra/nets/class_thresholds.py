"""Class thresholds: the decision rule of more than two classes, calibrated for one metric.

The answer is the class whose probability is the largest beside its threshold. The best answers for the
balanced error are those with the shares of the classes as thresholds (Menon et al., arXiv 2007.07314); so
first a power of these shares is chosen, one number for all classes, and then each class by itself, where
enough rows tell. No choice is taken that is not better than the likeliest class on those rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import Codes
from osetra.nets.measures import balanced_error, error, f1

Array = NDArray[np.float64]
POWERS = np.linspace(0.0, 1.5, 16)
ROWS_OF_EACH = 20
"""A class is looked at by itself where it has so many rows."""
MOST_CLASSES = 50
_CUTS = 40
_ROUNDS = 2


def best_thresholds(
    shares: Array, codes: Codes, metric: str, priors: Sequence[float]
) -> tuple[float, ...] | None:
    """Return a threshold (C,) for each class, 1 in all; None where the likeliest class is as good.

    Args:
        shares: probabilities (n, C) of rows that were not learnt from.
        codes: their classes.
        metric: f1, balanced_error or error.
        priors: shares of the classes in training.
    """
    measure = {"f1": f1, "balanced_error": balanced_error, "error": error}[metric]
    sign = -1.0 if metric == "f1" else 1.0
    classes = shares.shape[1]
    logs = np.log(np.maximum(shares, 1e-300))

    def cost(offsets: Array) -> float:
        said = (logs + offsets).argmax(axis=1).astype(np.int64)
        return sign * measure(said, codes, classes)

    usual = cost(np.zeros(classes))
    common = -np.log(np.maximum(priors, 1e-4))
    costs = [cost(power * common) for power in POWERS]
    best, offsets = min(costs), POWERS[int(np.argmin(costs))] * common
    if classes <= MOST_CLASSES:
        counts = np.bincount(codes, minlength=classes)
        for code in [*np.flatnonzero(counts >= ROWS_OF_EACH)] * _ROUNDS:
            best, offsets = _moved(logs, offsets, int(code), best, cost)
    if not best < usual - 1e-12:
        return None
    weights = np.exp(-(offsets - offsets.min()))
    return tuple(map(float, weights / weights.sum()))


def _moved(logs: Array, offsets: Array, code: int, best: float, cost: object) -> tuple[float, Array]:
    """Return the best offset of one class, the others as they are."""
    assert callable(cost)
    rest = logs + offsets
    rest[:, code] = -np.inf
    # From where on each row is answered with the class; a cut is in the middle between two rows.
    turns = np.unique(rest.max(axis=1) - logs[:, code])
    turns = turns[np.abs(turns) < 30]
    if len(turns) < 2:
        return best, offsets
    cuts = (turns[1:] + turns[:-1]) / 2
    if len(cuts) > _CUTS:
        cuts = np.quantile(cuts, np.linspace(0, 1, _CUTS))
    for cut in cuts:
        tried = offsets.copy()
        tried[code] = cut
        value = cost(tried)
        if value < best - 1e-12:
            best, offsets = value, tried
    return best, offsets
