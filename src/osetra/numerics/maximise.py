"""Maximise an acquisition over a mixed space: look widely, climb from the best, polish, round.

Quasi-random points cover the space and mutants of the best configurations cover its promising part;
all are scored at once. From a few of them a projected gradient ascent climbs, all in one batch, with
Barzilai-Borwein step lengths. Whole numbers and categories climb by trying neighbours.

Source: Barzilai and Borwein 1988; Birgin, Martinez and Raydan 2000 (projected form).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from osetra.numerics.kernels import Array, Ints, Mask

Score = Callable[[Array], Array]
"""Points (m, d) to values (m,)."""
Slope = Callable[[Array], tuple[Array, Array]]
"""Points (m, d) to values (m,) and gradients (m, d)."""

CHOICES = 24
"""Neighbours tried per categorical column; more categories are left to the mutants."""


def mutants(parents: Array, categorical: Mask, count: int, rng: np.random.Generator) -> Array:
    """Return changed copies (count, d) of parents (k, d): small and large steps in some columns.

    An inactive column starts anywhere, since its branch may become active.
    """
    d = parents.shape[1]
    chosen = parents[rng.integers(len(parents), size=count)]
    fresh = rng.random((count, d))
    reach = 10.0 ** rng.uniform(-2.5, -0.7, (count, 1))
    moved = np.clip(chosen + reach * rng.standard_normal((count, d)), 0.0, 1.0)
    change = rng.random((count, d)) < max(0.3, 2.0 / d)
    found = np.where(change, np.where(categorical, fresh, moved), chosen)
    return np.where(np.isnan(found), fresh, found)


def starts(values: Array, rng: np.random.Generator, best: int, drawn: int) -> Ints:
    """Return indices to climb from: the best, and some drawn with weights exp(value / deviation)."""
    order = np.argsort(-values, kind="stable")
    rest = order[best:]
    weights = np.exp((values[rest] - values[order[0]]) / max(float(np.std(values)), 1e-12))
    weights = (weights + 1e-300) / np.sum(weights + 1e-300)
    picked = rng.choice(rest, size=min(drawn, len(rest)), replace=False, p=weights)
    return np.concatenate((order[:best], picked))


def ascend(slope: Slope, points: Array, categorical: Mask, *, steps: int) -> Array:
    """Return the best point (m, d) that each of m climbs through the unit cube has visited."""
    points = points.copy()
    still = categorical | np.isnan(points)
    values, gradients = slope(points)
    gradients = np.where(still, 0.0, gradients)
    best, best_values = points.copy(), values.copy()
    length = 0.05 / np.maximum(np.max(np.abs(gradients), axis=1, initial=0.0), 1e-12)
    for _ in range(steps):
        tried = np.clip(points + length[:, None] * gradients, 0.0, 1.0)
        step = np.nan_to_num(tried - points)
        if np.max(np.abs(step), initial=0.0) < 1e-5:
            break
        new_values, new_gradients = slope(tried)
        new_gradients = np.where(still, 0.0, new_gradients)
        better = new_values > best_values
        best[better], best_values[better] = tried[better], new_values[better]
        bend = np.abs(np.sum(step * (new_gradients - gradients), axis=1))
        natural = np.clip(np.sum(step * step, axis=1) / np.maximum(bend, 1e-12), 1e-6, 10.0)
        worse = new_values < values - 1e-9
        length = np.where(worse, length / 3.0, natural)
        points = np.where(worse[:, None], points, tried)
        gradients = np.where(worse[:, None], gradients, new_gradients)
        values = np.where(worse, values, new_values)
    return best


def neighbours(point: Array, levels: Ints, categorical: Mask) -> Array:
    """Return the points (k, d) that differ in one discrete column: other categories, one level up or down."""
    found = []
    for j in np.flatnonzero((levels > 0) & ~np.isnan(point)):
        cell = 1.0 / levels[j]
        if categorical[j]:
            options = (np.arange(min(levels[j], CHOICES)) + 0.5) * cell
            moves = options[np.abs(options - point[j]) > 0.5 * cell]
        else:
            moves = point[j] + np.array([-cell, cell])
        for to in moves[(moves > 0.0) & (moves < 1.0)]:
            changed = point.copy()
            changed[j] = to
            found.append(changed)
    return np.array(found).reshape(-1, len(point))


def is_new(point: Array, known: Array, levels: Ints, resolution: float) -> bool:
    """Return whether a point (d,) differs from all known ones (n, d).

    It does when a discrete column differs, an inactive one is active, or a continuous one is at least
    `resolution` away.
    """
    gap = np.abs(known - point)
    gap[np.isnan(known) & np.isnan(point)] = 0.0
    apart = np.isnan(gap) | (gap >= np.where(levels > 0, 1e-9, resolution))
    return bool(np.all(np.any(apart, axis=1)))
