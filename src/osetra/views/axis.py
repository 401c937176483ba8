"""Axis: where values stand on a chart, with outliers clipped and decades on a log scale.

Trainings that blow up must not flatten all others: on the bad side (above, when minimising) values
beyond the outer fence of Tukey's box plot (third quartile + 3 interquartile ranges) are clipped, and
so is what climbs far above where descents usually start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DECADES_FOR_LOG = 1.0
"""A span above this many powers of ten reads better on a log axis."""

DEEPEST = 8.0
"""Powers of ten that a log axis shows at most; a cost of zero stands at its lower end."""

BLOWN_UP = 0.3
"""Powers of ten above the highest usual start of a descent beyond which a curve left the picture."""

USUAL = 30.0
"""A start this many times the median start is a training that blew up at once."""

LARGEST = 1e300
"""Values beyond are drawn as if they were this: the width of an axis is a number, too."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A finite range of values, low < high."""

    low: float
    high: float
    log: bool = False

    def place(self, values: Array) -> Array:
        """Map values (n,) to positions (n,), 0 at the low end, 1 at the high end; not clipped."""
        low, high = self._bent(np.array([self.low, self.high]))
        placed: Array = (self._bent(values) - low) / (high - low)
        return placed

    def at(self, position: float) -> float:
        """Return the value at a position: the inverse of `place`."""
        low, high = self._bent(np.array([self.low, self.high])).tolist()
        bent = low + position * (high - low)
        return float(10**bent if self.log else bent)

    def _bent(self, values: Array) -> Array:
        if not self.log:
            return np.asarray(values, dtype=np.float64)
        return np.log10(np.maximum(values, self.low * 1e-9))


def fit(curves: Sequence[Array], *, sign: float = 1.0, descents: bool = False) -> Axis:
    """Return an axis for curves of values (n,) each; sign +1 clips above, -1 below.

    `descents` says that each curve is a training that starts somewhere, so that what rises far above
    the usual start is clipped too. Values that are not finite are left out; without any finite value
    the axis is 0 … 1.
    """
    pool = np.concatenate([np.empty(0), *curves])
    pool = np.clip(pool[np.isfinite(pool)], -LARGEST, LARGEST)
    if not len(pool):
        return Axis(0.0, 1.0)
    starts = [curve[0] for curve in curves if len(curve) and abs(curve[0]) <= LARGEST] if descents else []
    if _positive(pool, starts):
        start = float(np.log10(max(_usual_start(starts), np.min(pool[pool > 0])))) if starts else None
        kept = _fenced(np.log10(pool[pool > 0]), sign, start)
        high = float(np.max(kept))
        if start is not None and sign > 0 and np.max(pool) > 10 ** (start + BLOWN_UP):
            high = start + BLOWN_UP  # room in which a curve is seen to climb before it leaves
        low = max(float(np.min(kept)), high - DEEPEST)
        if high - low > DECADES_FOR_LOG:
            return Axis(10**low, 10**high, log=True)
        low, high = 10**low, 10**high
    else:
        kept = _fenced(pool, sign, float(np.median(starts)) if starts else None)
        low, high = float(np.min(kept)), float(np.max(kept))
    if math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-300):
        margin = abs(low) * 0.05 or 0.5
        return Axis(low - margin, high + margin)
    return Axis(low, high)


def _usual_start(starts: Sequence[float]) -> float:
    median = float(np.median(starts))
    return max((start for start in starts if start <= USUAL * abs(median)), default=median)


def _positive(pool: Array, starts: Sequence[float]) -> bool:
    """Whether values are costs: all above zero, or at zero but for rounding."""
    if np.min(pool) > 0:
        return True
    if not np.mean(pool > 0) > 0.1:
        return False
    if np.min(pool) == 0:
        return True
    reference = float(np.median(starts)) if starts else float(np.median(np.abs(pool)))
    return bool(np.min(pool) >= -1e-9 * reference)


def _fenced(pool: Array, sign: float, start: float | None) -> Array:
    """Return the values within the fence; where descents usually start is always within."""
    lower, upper = np.quantile(sign * pool, [0.25, 0.75])
    fence = upper + 3.0 * max(upper - lower, 1e-12 + 0.05 * abs(upper))
    if start is not None:
        fence = start + BLOWN_UP if sign > 0 else max(fence, sign * start)
    kept: Array = pool[sign * pool <= fence]
    return kept
