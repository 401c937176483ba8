"""Benchmark: a search problem whose best and median values are known.

Regret of a configuration is (value - best) / (median - best), clipped to [0, 1]: 0 is the best
known value and 1 a configuration no better than a median random one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osetra.core.params import Config
from osetra.core.space import Space

Array = NDArray[np.float64]
Evaluate = Callable[[Config], float]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One problem; values are minimised, NaN means that the training diverged."""

    family: str
    name: str
    space: Space
    start: Callable[[], Evaluate]
    """Begins a new run: what it returns maps a configuration to its noise-free value."""
    best: float
    median: float
    noise: float = 0.0
    """Standard deviation of what a searcher sees round the noise-free value."""

    def regret(self, values: Array) -> Array:
        """Return the regret of values (n,); NaN counts as 1."""
        scaled = (values - self.best) / (self.median - self.best)
        return np.clip(np.nan_to_num(scaled, nan=1.0, posinf=1.0), 0.0, 1.0)


def median_of(space: Space, evaluate: Evaluate, count: int = 2000) -> float:
    """Return the median value of random configurations; divergence counts as infinite."""
    points = np.random.default_rng(0).random((count, len(space.columns)))
    values = np.array([evaluate(config) for config in space.decode(points)])
    return float(np.median(np.nan_to_num(values, nan=np.inf)))
