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
Place = Callable[[Config], Config]


def itself(config: Config) -> Config:
    """Return a configuration that is trained as it is."""
    return config


@dataclass(frozen=True, slots=True)
class Session:
    """A problem during one run."""

    place: Place
    """Says which configuration is trained in the place of a suggested one: a table has no other rows."""
    worth: Evaluate
    """What a configuration is worth, for the referee."""
    seen: Evaluate
    """What an optimiser is told of it."""

    @classmethod
    def of(cls, evaluate: Evaluate) -> Session:
        """Return the session of a function that answers everywhere."""
        return cls(itself, evaluate, evaluate)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One problem; values are minimised, NaN means that the training diverged."""

    family: str
    name: str
    space: Space
    start: Callable[[], Session]
    """Begins a new run."""
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
