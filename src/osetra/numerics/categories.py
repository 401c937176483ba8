"""Categories of CatCMA: one independent distribution per column, followed up its natural gradient.

The step is scaled so that every generation moves the distribution by the same amount in the metric
of the Fisher information, and that amount adapts to how well successive gradients agree. A floor
under every probability keeps each option reachable.

Sources: Hamano et al. 2024, CatCMA, arXiv:2405.09962 (section 3); Akimoto et al. 2019, Adaptive
Stochastic Natural Gradient, ICML (appendix B: the square root of the Fisher information).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

TRUST = 1.5
"""α of ASNG: the signal-to-noise ratio that the step is adapted to."""
FIRST = 1.0
"""The first step, in the metric of the Fisher information."""


@dataclass(frozen=True, slots=True)
class CategoryChances:
    """Distributions over the options of every unordered column."""

    chances: tuple[Array, ...]
    """For each column the probabilities (levels,)."""
    trend: Array
    """Running mean of the whitened gradients (sum of levels - 1,)."""
    weight: float = 0.0
    """Expected square of `trend` if the gradients were noise."""
    caution: float = 1.0
    """Δ: what the next but one step is divided by."""
    step: float = FIRST
    """δ: length of the next step; it lags behind Δ by a generation, as in the authors' program."""


def start(levels: Sequence[int]) -> CategoryChances:
    """Return even distributions over columns with so many options."""
    return CategoryChances(tuple(np.full(k, 1 / k) for k in levels), np.zeros(sum(levels) - len(levels)))


def draw(categories: CategoryChances, count: int, rng: np.random.Generator) -> Ints:
    """Return options (count, columns)."""
    uniform = rng.random((count, len(categories.chances)))
    picked = np.zeros(uniform.shape, dtype=np.int64)
    for j, chances in enumerate(categories.chances):
        at = np.searchsorted(np.cumsum(chances), uniform[:, j], side="right")
        picked[:, j] = np.minimum(at, len(chances) - 1)
    return picked


def tell(categories: CategoryChances, options: Ints, weights: Array, floor: float) -> CategoryChances:
    """Return the distributions after a generation of options (λ, columns) with weights (λ,).

    An option of -1 says nothing about its column. `floor` is the chance that a column with a sure
    option still draws another one.
    """
    gradients = [_gradient(chances, options[:, j], weights) for j, chances in enumerate(categories.chances)]
    white = np.concatenate([_whitened(q, g) for q, g in zip(categories.chances, gradients, strict=True)])
    length = float(np.linalg.norm(white))
    if length < 1e-12:
        return categories
    step = FIRST / categories.caution
    rate = step / math.sqrt(len(white))
    trend = (1 - rate) * categories.trend + math.sqrt(rate * (2 - rate)) * white / length
    weight = (1 - rate) ** 2 * categories.weight + rate * (2 - rate)
    caution = categories.caution * math.exp(rate * (weight - float(trend @ trend) / TRUST))
    moved = tuple(
        _floored(q + categories.step / length * g, floor / (len(q) - 1))
        for q, g in zip(categories.chances, gradients, strict=True)
    )
    return CategoryChances(moved, trend, weight, caution, step)


def _gradient(chances: Array, options: Ints, weights: Array) -> Array:
    known = options >= 0
    counted = np.bincount(options[known], weights[known], len(chances))
    gradient: Array = counted - weights[known].sum() * chances
    return gradient


def _whitened(chances: Array, gradient: Array) -> Array:
    """Return the gradient (levels - 1,) times the square root of the Fisher information."""
    first, last, g = np.sqrt(chances[:-1]), chances[-1], gradient[:-1]
    white: Array = g / first + first * g.sum() / (last + math.sqrt(last))
    return white


def _floored(chances: Array, least: float) -> Array:
    raised = np.maximum(chances, least)
    surplus = raised.sum() - least * len(raised)
    raised = raised - (raised.sum() - 1) * (raised - least) / surplus
    even: Array = raised / raised.sum()
    return even
