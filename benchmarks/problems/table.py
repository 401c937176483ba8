"""Tables: a search over configurations that were really trained, once and for all.

A suggestion is answered by the nearest row (in the unit cube) that this run has not used yet. The
searcher is told the value under the configuration that it suggested, as a user's own loop would do.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from osetra.core.params import Config
from osetra.core.space import Space
from problems.benchmark import Array, Benchmark, Evaluate


def tabular(family: str, name: str, space: Space, points: Array, values: Array) -> Benchmark:
    """Return the benchmark of rows at points (n, d) with values (n,); NaN where training diverged."""
    best, median = ends(values)
    return Benchmark(family, name, space, _starter(space, points, values), best, median)


def ends(values: Array) -> tuple[float, float]:
    """Return the best and the median of values (n,), where NaN counts as infinite."""
    median = float(np.median(np.nan_to_num(values, nan=np.inf)))
    worst = float(np.nanmax(values[np.isfinite(values)]))
    return float(np.nanmin(values)), min(median, worst)


def picker(space: Space, points: Array) -> Callable[[Config], int]:
    """Return what maps a configuration to the nearest row of points (n, d) that it has not given yet."""
    free = np.ones(len(points), dtype=bool)

    def pick(config: Config) -> int:
        gap = np.nan_to_num(points - space.encode([config]))
        row = int(np.argmin(np.where(free, np.sum(gap * gap, axis=1), np.inf)))
        free[row] = False
        return row

    return pick


def _starter(space: Space, points: Array, values: Array) -> Callable[[], Evaluate]:
    def start() -> Evaluate:
        pick = picker(space, points)
        return lambda config: float(values[pick(config)])

    return start
