"""Curves: what a training that was cut short would have reached, judged by those that went on.

No curve family is fitted. What others gained from step e to step b is averaged with weights that
fall with the difference of their values at e, because good trainings gain other amounts than bad
ones; a share of the gain is granted, for those that went on were chosen by their promise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GRANTED = 0.7
"""Share of the mean gain of others that is expected."""


def expected(values: Array, before: Array, after: Array, granted: float = GRANTED) -> tuple[Array, Array]:
    """Return expected later values (m,) of trainings with `values` (m,) now, and their deviations (m,).

    `before` and `after` (n,) are the values of others at the two steps; all are finite and minimised.
    With fewer than two others nothing is expected to change, and deviations are infinite.
    """
    if len(before) < 2:
        return values.copy(), np.full(len(values), np.inf)
    # Squares of huge losses would overflow.
    unit = max(float(np.abs(part).max(initial=0.0)) for part in (values, before, after)) or 1.0
    now, before, after = values / unit, before / unit, after / unit
    distance = np.abs(now[:, None] - before[None, :]) / max(float(np.std(before)), 1e-12)
    weights = np.exp(distance.min(axis=1, keepdims=True) - distance)
    weights /= weights.sum(axis=1, keepdims=True)
    gains = before - after
    mean = weights @ gains
    deviation = np.sqrt(np.maximum(weights @ gains**2 - mean**2, 0.0))
    return unit * (now - granted * np.maximum(mean, 0.0)), unit * deviation
