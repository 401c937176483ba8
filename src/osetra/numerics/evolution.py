"""Evolution of points in the unit cube: differential moves for numbers, mutation for everything else.

Differential evolution moves a point by the difference of two others, so that the steps shrink and
turn with the population. Categories have no differences: where the two others disagree, the option
is drawn anew, and where they agree it stays, which also settles down as the population does.

Sources: Storn & Price 1997, Differential Evolution, J. Global Optimization 11 (DE/rand/1/bin);
Real et al. 2019, Regularized Evolution, AAAI (tournament, ageing, one mutation);
Deb & Agrawal 1995, Complex Systems 9 (simulated binary crossover).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]


def differential(
    target: Array, others: Array, levels: Ints, weight: float, crossover: float, rng: np.random.Generator
) -> Array:
    """Return the challenger (d,) of a target (d,), made from three other points (3, d).

    `levels` (d,) is the number of options of a column of categories and 0 for numbers. `weight` is
    F, `crossover` is CR. Inactive coordinates (NaN) of the three are no difference; one that the
    target lacks is drawn at random, in case the challenger has it.
    """
    uniform = rng.random(target.shape)
    base, left, right = (
        np.where(np.isnan(o), np.where(np.isnan(target), uniform, target), o) for o in others
    )
    moved = base + weight * (left - right)
    # A reflected point stays near the border, a clipped one would pile up on it.
    moved = np.abs(moved)
    moved = np.clip(np.where(moved > 1, 2 - moved, moved), 0, 1)
    renewed = (left != right) & (rng.random(target.shape) < weight)
    chosen = np.where(renewed, (np.floor(uniform * levels) + 0.5) / np.maximum(levels, 1), base)
    mutant = np.where(levels > 0, chosen, moved)
    crossed = rng.random(target.shape) < crossover
    if len(target):
        crossed[rng.integers(len(target))] = True
    challenger: Array = np.where(crossed | np.isnan(target), mutant, target)
    return challenger


def recombined(one: Array, other: Array, levels: Ints, nearness: float, rng: np.random.Generator) -> Array:
    """Return a child (d,) of two parents by simulated binary crossover: as far off as they differ.

    `nearness` is eta, the larger the nearer to a parent. Each coordinate is crossed with a chance of one
    half, a category replaced by that of `other`; else it is that of `one`. Inactive coordinates (NaN) of one
    parent are those of the other, and are drawn at random where both have none.
    """
    u = rng.random(one.shape)
    drawn = rng.random(one.shape)
    a = np.where(np.isnan(one), np.where(np.isnan(other), drawn, other), one)
    b = np.where(np.isnan(other), a, other)
    spread = np.where(
        u <= 0.5, (2 * u) ** (1 / (nearness + 1)), (2 * np.maximum(1 - u, 1e-12)) ** (-1 / (nearness + 1))
    )
    side = np.where(rng.random(one.shape) < 0.5, 1.0, -1.0)
    moved = np.clip(0.5 * (a + b) + side * 0.5 * spread * (b - a), 0, 1)
    crossed = rng.random(one.shape) < 0.5
    child: Array = np.where(crossed, np.where(levels > 0, b, moved), a)
    return child


def tournament(y: Array, size: int, rng: np.random.Generator) -> int:
    """Return the row of the best of `size` outcomes drawn from y (n,) without replacement."""
    drawn = rng.choice(len(y), min(size, len(y)), replace=False)
    return int(drawn[np.argmin(y[drawn])])


def mutated(parent: Array, levels: Ints, rng: np.random.Generator) -> Array:
    """Return a copy of a parent (d,) with one active coordinate changed.

    A category becomes another one; a number takes a normal step of width 10^U(-2.5, -0.7), so that
    both fine and coarse steps are tried. Inactive coordinates are drawn, in case the child has them.
    """
    active = np.flatnonzero(~np.isnan(parent))
    child = np.where(np.isnan(parent), rng.random(parent.shape), parent)
    if not len(active):
        return child
    j = rng.choice(active)
    if levels[j] > 1:
        option = int(parent[j] * levels[j])
        child[j] = ((option + rng.integers(1, levels[j])) % levels[j] + 0.5) / levels[j]
    else:
        step = rng.normal() * 10 ** rng.uniform(-2.5, -0.7)
        child[j] = np.clip(parent[j] + step, 0, 1)
    return child
