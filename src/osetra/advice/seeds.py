"""Seeds: how far runs of one configuration lie apart, the yardstick for every gain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from osetra.core.history import History


def seed_noise(history: History) -> float:
    """Return the standard deviation between runs of one configuration; 0 when no two were made."""
    groups = [[t.value for t in again if t.value is not None] for again in history.repeated.values()]
    several = [group for group in groups if len(group) > 1]
    return pooled(several) if several else 0.0


def pooled(groups: Sequence[Sequence[float]]) -> float:
    """Return the standard deviation within groups (degrees of freedom: points minus groups)."""
    squares = sum(float(np.sum((np.array(group) - np.mean(group)) ** 2)) for group in groups)
    return math.sqrt(squares / sum(len(group) - 1 for group in groups))
