"""Boxes in the unit cube, and the rule by which a box follows the best points.

A range has a lower and an upper coordinate, an unordered choice a weight for each option. A box
moves by quantiles of the best points and never shrinks by more than half at once, nor at all in a column
of which it is open how much it matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from osetra.core.params import Choice
from osetra.core.scales import Array
from osetra.core.space import Column, Mask, Space

NARROWEST = 1 / 64
"""Smallest width of a range's box, as a share of the whole."""
FAINTEST = 0.1
"""Smallest weight of an option, where 1 is that of an option in favour."""
EDGE = 0.1
"""Outer share of a box that counts as its edge."""
SURE = 0.1
"""An option is clearly worse when luck explains its absence among the best less often than this."""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the unit cube."""

    low: Array
    """Lower coordinates (d,)."""
    high: Array
    """Upper coordinates (d,)."""
    weights: tuple[Array, ...]
    """For each column the weights (levels,) of a choice's options; empty for ranges."""


def whole(space: Space) -> Box:
    """Return the box that is the whole space."""
    d = len(space.columns)
    options = (c.levels if isinstance(c.param, Choice) else 0 for c in space.columns)
    return Box(np.zeros(d), np.ones(d), tuple(np.ones(n) for n in options))


def place(box: Box, points: Array) -> Array:
    """Map uniform points (n, d) of the unit cube into the box."""
    placed: Array = box.low + points * (box.high - box.low)
    for j, weights in enumerate(box.weights):
        if len(weights):
            share = np.cumsum(weights) / np.sum(weights)
            option = np.minimum(np.searchsorted(share, points[:, j], side="right"), len(weights) - 1)
            placed[:, j] = (option + 0.5) / len(weights)
    return placed


def contains(box: Box, points: Array) -> Mask:
    """Return which points (n, d) lie in the box; inactive coordinates and choices are no obstacle."""
    numeric = np.array([len(w) == 0 for w in box.weights], dtype=bool)
    outside = ((points < box.low - 1e-12) | (points > box.high + 1e-12)) & numeric
    inside: Mask = ~np.any(outside, axis=1)
    return inside


def follow(space: Space, box: Box, points: Array, best: Mask, decided: Mask) -> Box:
    """Return the next box: where the best of the points (n, d) lie.

    A column that fewer than three of the best have keeps its part of the box, and one that is not
    `decided` (d,) loses nothing of it.
    """
    low, high, weights = box.low.copy(), box.high.copy(), list(box.weights)
    for j, column in enumerate(space.columns):
        active = ~np.isnan(points[:, j])
        if isinstance(column.param, Choice):
            weights[j] = _reweighted(weights[j], points[active, j], best[active])
        elif np.sum(active & best) >= 3:
            low[j], high[j] = _moved(low[j], high[j], points[active & best, j], _narrowest(column))
    kept = [
        new if known else np.maximum(old, new)
        for old, new, known in zip(box.weights, weights, decided, strict=True)
    ]
    low = np.where(decided, low, np.minimum(low, box.low))
    return Box(low, np.where(decided, high, np.maximum(high, box.high)), tuple(kept))


def holding(box: Box, point: Array) -> Box:
    """Return the box, grown where a point (d,) lies outside, by a quarter of its width beyond it."""
    room = 0.25 * (box.high - box.low)
    low = np.where(point < box.low, np.maximum(point - room, 0.0), box.low)
    return Box(low, np.where(point > box.high, np.minimum(point + room, 1.0), box.high), box.weights)


def to_data(space: Space, box: Box) -> dict[str, Any]:
    """Return a box as JSON: unit coordinates and values of ranges, weights of options."""
    data: dict[str, Any] = {}
    for j, column in enumerate(space.columns):
        if isinstance(column.param, Choice):
            options = map(str, column.param.options)
            data[column.name] = {"weights": dict(zip(options, box.weights[j].tolist(), strict=True))}
        else:
            unit = np.array([box.low[j], box.high[j]])
            data[column.name] = {"unit": unit.tolist(), "values": column.param.from_unit(unit)}
    return data


def from_data(space: Space, data: Mapping[str, Any]) -> Box:
    """Read a box back; a column that is not mentioned is whole."""
    box = whole(space)
    for j, column in enumerate(space.columns):
        part = data.get(column.name, {})
        if isinstance(column.param, Choice):
            known = part.get("weights", {})
            box.weights[j][:] = [known.get(str(option), 1.0) for option in column.param.options]
        else:
            box.low[j], box.high[j] = part.get("unit", (0.0, 1.0))
    return box


def _narrowest(column: Column) -> float:
    # A box narrower than the cell of a value would not let go of that value any more.
    return min(1.0, max(NARROWEST, 1.5 / column.levels if column.levels else 0.0))


def _moved(low: float, high: float, best: Array, narrowest: float) -> tuple[float, float]:
    width = high - low
    start, end = (float(q) for q in np.quantile(best, [0.05, 0.95]))
    pad = 0.25 * (end - start)
    start, end = start - pad, end + pad
    # Best points at an edge of the box say that better ones may lie behind it.
    if np.mean(best <= low + EDGE * width) >= 1 / 3:
        start = min(start, low - 0.25 * width)
    if np.mean(best >= high - EDGE * width) >= 1 / 3:
        end = max(end, high + 0.25 * width)
    missing = max(0.0, max(width / 2, narrowest) - (end - start))
    start, end = start - missing / 2, end + missing / 2
    if start < 0:
        start, end = 0.0, min(1.0, max(end, end - start if missing else end))
    if end > 1:
        start, end = max(0.0, start - (end - 1) if missing else start), 1.0
    return start, end


def _reweighted(weights: Array, points: Array, best: Mask) -> Array:
    option = np.clip(np.floor(points * len(weights)), 0, len(weights) - 1)
    fresh = np.array(weights)
    for i in range(len(weights)):
        mine = option == i
        if np.any(best[mine]):
            fresh[i] = 1.0
        elif _by_luck(len(points), int(np.sum(best)), int(np.sum(mine))) < SURE:
            fresh[i] = max(FAINTEST, weights[i] / 2)
    return fresh


def _by_luck(n: int, best: int, mine: int) -> float:
    """Return the chance that none of `best` points drawn out of n belongs to an option with `mine`."""
    return math.comb(n - mine, best) / math.comb(n, best) if n else 1.0
