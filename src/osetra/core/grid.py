"""Grid: a space cut down to evenly spaced values, so that all its configs can be tried."""

from __future__ import annotations

import numpy as np

from osetra.core.finite import Numbering
from osetra.core.params import Fixed, Float, Int, Ordinal, Param, Value
from osetra.core.space import Space


def grid_space(space: Space, points: int) -> Space:
    """Return the space with ranges replaced by at most `points` values evenly spaced on their scale.

    Both ends of a range are among them; a single point is the middle. Options stay as they are, and
    so does a whole number on which a condition depends.
    """
    parents = {parent for _, param in space for parent, _ in param.when}
    branches: dict[str, list[Param]] = {}
    for name, param in space:
        branches.setdefault(name, []).append(param if name in parents else _cut(param, points))
    return Space(branches)


def grid_size(space: Space, points: int) -> int:
    """Return the exact number of combinations of the grid, without building it."""
    return Numbering(grid_space(space, points)).size


def _cut(param: Param, points: int) -> Param:
    if not isinstance(param, (Float, Int)) or 0 < param.levels <= points:
        return param
    spread = np.array([0.5]) if points == 1 else np.linspace(0.0, 1.0, points)
    values = list(dict.fromkeys(_rounded(v, param) for v in param.from_unit(spread)))
    when = dict(param.when)
    return Ordinal(*values, when=when) if len(values) > 1 else Fixed(values[0], when=when)


def _rounded(value: Value, param: Float | Int) -> Value:
    if not isinstance(value, float):
        return value
    # Twelve digits are exact enough, and 0.001 reads better than 0.0009999999999999998.
    return min(max(float(f"{value:.12g}"), param.low), param.high)
