"""Curves: every reported number of a study, as columns that grow without being copied.

Points are (trial, attempt, instance, step, metric, value) rows; `instance` is the fold of a
cross-validation, 0 otherwise. A `Curves` is immutable to look at: extending one gives a longer
one that shares its memory, so a million points stay cheap to extend by the next report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


class Point(NamedTuple):
    """One reported number."""

    trial: int
    attempt: int
    instance: int
    step: int
    metric: str
    value: float


@dataclass(slots=True)
class _Columns:
    """Growable memory behind one line of `Curves`; only the longest of them may append."""

    numbers: Ints = field(default_factory=lambda: np.empty((5, 64), dtype=np.int64))
    values: Array = field(default_factory=lambda: np.empty(64))
    used: int = 0
    metrics: dict[str, int] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    """How many reports there were when each metric was first reported, in the order of `metrics`."""
    folded: int | None = None
    """How many there were when something was first reported of another fold than the first."""
    blocks: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Where each trial's rows stand: [start, stop) in order of arrival."""
    joined: dict[int, tuple[int, Ints]] = field(default_factory=dict)
    """Row numbers of the first so many blocks of trials that were asked for: they only grow."""


@dataclass(frozen=True, slots=True)
class Curves:
    """All points up to a cursor of the store."""

    cursor: int = 0
    size: int = 0
    _columns: _Columns = field(default_factory=_Columns, repr=False, compare=False)

    def extend(self, points: Sequence[Point], cursor: int) -> Curves:
        """Return these curves followed by new points in the order in which the store holds them."""
        if not points:
            return self if cursor == self.cursor else Curves(cursor, self.size, self._columns)
        columns = self._columns if self._columns.used == self.size else _copy(self._columns, self.size)
        _append(columns, points)
        return Curves(cursor, columns.used, columns)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of all metrics reported so far."""
        # Another line of curves may share the memory and know more metrics than this one.
        columns = self._columns
        return tuple(name for name, at in zip(columns.metrics, columns.begun, strict=True) if at < self.size)

    @property
    def folded(self) -> bool:
        """Whether any training has reported of several folds."""
        return self._columns.folded is not None and self._columns.folded < self.size

    def of(self, trial: int, metric: str, attempt: int, instance: int = 0) -> tuple[Ints, Array]:
        """Return steps (n,) and values (n,) of one curve, in order of arrival."""
        rows = self.rows(trial)
        number = self._columns.metrics.get(metric, -1)
        _, attempts, instances, steps, metrics = self._columns.numbers[:, rows]
        mine = (attempts == attempt) & (instances == instance) & (metrics == number)
        return steps[mine], self._columns.values[rows][mine]

    def count(self, metric: str, trial: int | None = None) -> int:
        """Return how many values of a metric were reported, in one trial or in all together."""
        rows = slice(self.size) if trial is None else self.rows(trial)
        return int(np.count_nonzero(self._columns.numbers[4, rows] == self._columns.metrics.get(metric, -1)))

    def since(self, size: int, metric: str) -> tuple[Ints, Array]:
        """Return trial, attempt, instance and step (4, p), and values (p,), of a metric after `size` reports.

        The reports of any kind are counted: `size` is that of earlier curves of the same study.
        """
        new = slice(min(size, self.size), self.size)
        mine = self._columns.numbers[4, new] == self._columns.metrics.get(metric, -1)
        return self._columns.numbers[:4, new][:, mine], self._columns.values[new][mine]

    def reported(self, size: int) -> Ints:
        """Return the numbers (n,) of the trials that reported anything after `size` reports."""
        return np.unique(self._columns.numbers[0, min(size, self.size) : self.size])

    def all(self, metric: str) -> tuple[Ints, Array]:
        """Return trial, attempt, instance and step (4, p), and values (p,), of all reports of a metric."""
        numbers, values = self._columns.numbers[:, : self.size], self._columns.values[: self.size]
        mine = numbers[4] == self._columns.metrics.get(metric, -1)
        if mine.all():  # there is no other metric, and nothing to copy
            return numbers[:4], values
        return numbers[:4, mine], values[mine]

    def arrivals(self, metric: str) -> Ints:
        """Return when each report of a metric came (p,), as the number of reports of any kind before it."""
        number = self._columns.metrics.get(metric, -1)
        return np.flatnonzero(self._columns.numbers[4, : self.size] == number)

    def rows(self, trial: int) -> Ints:
        """Return the row numbers (n,) of a trial's points."""
        columns = self._columns
        blocks = columns.blocks.get(trial)
        if not blocks:
            return np.empty(0, dtype=np.int64)
        if len(blocks) == 1:
            return np.arange(*blocks[0]) if blocks[0][1] <= self.size else np.empty(0, dtype=np.int64)
        count, rows = columns.joined.get(trial, (0, np.empty(0, dtype=np.int64)))
        if count < len(blocks):
            known = len(blocks)  # others may append meanwhile
            rows = np.concatenate([rows, *(np.arange(*block) for block in blocks[count:known])])
            columns.joined[trial] = known, rows
        # Another line of curves may share the memory and be longer; no block lies across the end of one.
        return rows if rows[-1] < self.size else rows[: np.searchsorted(rows, self.size)]

    def points(self, trial: int) -> list[Point]:
        """Return all points of a trial."""
        names = tuple(self._columns.metrics)
        rows = self.rows(trial)
        numbers, values = self._columns.numbers[:, rows].T.tolist(), self._columns.values[rows].tolist()
        return [Point(t, a, i, s, names[m], v) for (t, a, i, s, m), v in zip(numbers, values, strict=True)]

    def after(self, size: int) -> list[Point]:
        """Return the points behind the first `size` ones, in order of arrival."""
        names, new = tuple(self._columns.metrics), slice(min(size, self.size), self.size)
        numbers, values = self._columns.numbers[:, new].T.tolist(), self._columns.values[new].tolist()
        return [Point(t, a, i, s, names[m], v) for (t, a, i, s, m), v in zip(numbers, values, strict=True)]

    def __len__(self) -> int:
        return self.size


def _append(columns: _Columns, points: Sequence[Point]) -> None:
    stop = columns.used + len(points)
    if stop > len(columns.values):
        room = max(stop, 2 * len(columns.values))
        columns.numbers = np.concatenate(
            [columns.numbers, np.empty((5, room - columns.numbers.shape[1]), dtype=np.int64)], axis=1
        )
        columns.values = np.concatenate([columns.values, np.empty(room - len(columns.values))])
    known, count = columns.metrics, len(points)
    for row in range(4):
        numbers = np.fromiter(map(itemgetter(row), points), dtype=np.int64, count=count)
        columns.numbers[row, columns.used : stop] = numbers
    for name in dict.fromkeys(map(itemgetter(4), points)):
        if name not in known:
            known[name] = len(known)
            columns.begun.append(columns.used)
    if columns.folded is None and columns.numbers[2, columns.used : stop].any():
        columns.folded = columns.used
    metrics = map(known.__getitem__, map(itemgetter(4), points))
    columns.numbers[4, columns.used : stop] = np.fromiter(metrics, dtype=np.int64, count=count)
    columns.values[columns.used : stop] = np.fromiter(map(itemgetter(5), points), np.float64, count=count)
    _note_blocks(columns, columns.numbers[0, columns.used : stop], columns.used)
    columns.used = stop


def _note_blocks(columns: _Columns, trials: Ints, offset: int) -> None:
    starts = np.concatenate([[0], np.flatnonzero(np.diff(trials)) + 1])
    stops = np.concatenate([starts[1:], [len(trials)]])
    for trial, start, stop in zip(trials[starts].tolist(), starts.tolist(), stops.tolist(), strict=True):
        columns.blocks.setdefault(trial, []).append((offset + start, offset + stop))


def _copy(columns: _Columns, size: int) -> _Columns:
    begun = [at for at in columns.begun if at < size]
    return _Columns(
        numbers=columns.numbers[:, :size].copy(),
        values=columns.values[:size].copy(),
        used=size,
        metrics=dict(islice(columns.metrics.items(), len(begun))),
        begun=begun,
        folded=columns.folded if columns.folded is not None and columns.folded < size else None,
        blocks={t: [b for b in blocks if b[1] <= size] for t, blocks in columns.blocks.items()},
    )
