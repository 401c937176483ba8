"""Tables: a search over configurations that were really trained, once and for all.

A suggestion is answered by the nearest row (in the unit cube) that this run has not used yet, and it is that
row's configuration which is trained and told: an optimiser that is told a value under another configuration
than the one that gave it learns from an error that no user's own loop makes.
"""

from __future__ import annotations

import numpy as np

from osetra.core.params import Config
from osetra.core.space import Space
from problems.benchmark import Array, Benchmark, Session


def tabular(
    family: str, name: str, space: Space, points: Array, values: Array, seen: Array | None = None
) -> Benchmark:
    """Return the benchmark of rows at points (n, d).

    Args:
        family: to which it belongs.
        name: what it is called.
        space: what is searched.
        points: the rows (n, d) in the unit cube.
        values: what each configuration is worth (n,); NaN where training diverged.
        seen: what an optimiser is told of it (n,), where that is another value.
    """
    best, median = ends(values)
    told = values if seen is None else seen

    def start() -> Session:
        rows = Rows(space, points)
        return Session(
            rows.place, lambda config: float(values[rows.row(config)]), lambda c: float(told[rows.row(c)])
        )

    return Benchmark(family, name, space, start, best, median)


def ends(values: Array) -> tuple[float, float]:
    """Return the best and the median of values (n,), where NaN counts as infinite."""
    median = float(np.median(np.nan_to_num(values, nan=np.inf)))
    worst = float(np.nanmax(values[np.isfinite(values)]))
    return float(np.nanmin(values)), min(median, worst)


class Rows:
    """The rows of a table during one run, each of which is given once."""

    def __init__(self, space: Space, points: Array) -> None:
        self._space, self._points = space, points
        self._configs = space.decode(points)
        self._free = np.ones(len(points), dtype=bool)
        self._given: dict[frozenset[tuple[str, object]], int] = {}

    def place(self, config: Config) -> Config:
        """Return the configuration of the nearest row that was not given yet."""
        gap = np.nan_to_num(self._points - self._space.encode([config]))
        row = int(np.argmin(np.where(self._free, np.sum(gap * gap, axis=1), np.inf)))
        self._free[row] = False
        found = self._configs[row]
        self._given[frozenset(found.items())] = row
        return found

    def row(self, config: Config) -> int:
        """Return the row of a configuration; the nearest for an optimiser that keeps to its own."""
        known = frozenset(config.items())
        if known not in self._given:
            self._given[known] = self._given[frozenset(self.place(config).items())]
        return self._given[known]
