"""Scales: monotone maps between a range of numbers and the unit interval.

A scale decides which values count as equally far apart. The learning rate is searched on a log
scale because 0.001 → 0.01 matters as much as 0.01 → 0.1; momentum β on the log of 1-β because
0.9 → 0.99 averages over ten times more steps, as does 0.99 → 0.999.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Scale = Literal["linear", "log", "one_minus_log", "logit"]
SCALES: tuple[str, ...] = get_args(Scale)


def domain_error(low: float, high: float, scale: str) -> str:
    """Return what is wrong with a range on a scale and how to mend it; empty when all is well."""
    if scale not in SCALES:
        return f"unknown scale {scale[:40]!r}; choose one of {', '.join(SCALES)}"
    if not (np.isfinite(float(low)) and np.isfinite(float(high))):
        return "both ends of the range must be finite numbers"
    if not np.isfinite(float(high) - float(low)):
        return "the range is wider than floating-point numbers can measure; use smaller ends"
    if low >= high:
        mend = "swap them" if low > high else "use Fixed for a single value"
        return f"low must be below high; {mend}"
    if scale == "log" and low <= 0:
        return "a log scale needs low > 0; use low=1e-6 or scale='linear'"
    if scale == "one_minus_log" and (low < 0 or high >= 1):
        return "a 1-x log scale needs 0 <= low and high < 1; use high=0.999 or scale='linear'"
    if scale == "logit" and (low <= 0 or high >= 1):
        return "a logit scale needs 0 < low and high < 1; use 0.001 and 0.999 or scale='linear'"
    return ""


def to_unit(values: Array, low: float, high: float, scale: str) -> Array:
    """Map values (n,) in [low, high] to (n,) in [0, 1]; increasing on every scale."""
    scale, start, end = _stretched(low, high, scale)
    unit: Array = (_stretch(values, scale) - start) / (end - start)
    return np.minimum(np.maximum(unit, 0.0), 1.0)


def from_unit(unit: Array, low: float, high: float, scale: str) -> Array:
    """Map (n,) in [0, 1] back to values (n,) in [low, high]; the inverse of `to_unit`."""
    scale, start, end = _stretched(low, high, scale)
    values = np.minimum(np.maximum(_shrink(start + unit * (end - start), scale), low), high)
    # The ends exactly: people read them, and exp(log(0.9)) is not 0.9.
    return np.where(unit <= 0, low, np.where(unit >= 1, high, values))


def width(low: float, high: float, scale: str) -> float:
    """Return how long a range is on its scale: 1 - 0.1 is 0.9 on a linear one and ln 10 on a log one."""
    _, start, end = _stretched(low, high, scale)
    return end - start


def padded(low: float, top: float, step: float, scale: str) -> tuple[float, float]:
    """Return a range with half a step beyond both ends, as far as the scale goes.

    It gives the end values of a grid cells as wide as their neighbours'.
    """
    below, above = step / 2, step / 2
    if scale in ("log", "logit"):
        below = min(below, low / 2)
    if scale in ("one_minus_log", "logit"):
        above = min(above, (1 - top) / 2)
    return low - below, top + above


@lru_cache(4096)
def _stretched(low: float, high: float, scale: str) -> tuple[str, float, float]:
    """Return the scale and both ends on it; a range too narrow for the scale is linear."""
    start, end = _stretch(np.array([low, high], dtype=np.float64), scale)
    if end > start:
        return scale, float(start), float(end)
    return "linear", low, high


def _stretch(values: Array, scale: str) -> Array:
    match scale:
        case "log":
            return np.log(values)
        case "one_minus_log":
            return -np.log1p(-values)
        case "logit":
            return np.log(values) - np.log1p(-values)
        case _:
            return np.asarray(values, dtype=np.float64)


def _shrink(stretched: Array, scale: str) -> Array:
    match scale:
        case "log":
            return np.exp(stretched)
        case "one_minus_log":
            return -np.expm1(-stretched)
        case "logit":
            return 1.0 / (1.0 + np.exp(-stretched))
        case _:
            return stretched
