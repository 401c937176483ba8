"""Reports: the curves of one metric of many trials side by side, folds averaged, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.trial import Trial
from osetra.schedulers.table import SPAN, reports
from osetra.views.series import curve

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW = 64
"""So many trials are read one by one in any study, and …"""
PER_TRIAL = 2000
"""… in one with many reports so many more for each of these: a pass over all of them would take longer."""


@dataclass(frozen=True, slots=True)
class ReportedCurves:
    """The curves of some trials (n,), one behind the other."""

    steps: Ints
    values: Array
    """As they were reported (p,)."""
    start: Ints
    """Where each trial's curve begins (n + 1,)."""

    @property
    def lengths(self) -> Ints:
        """How many points each curve has (n,)."""
        return np.diff(self.start)

    def curve(self, row: int) -> tuple[Ints, Array]:
        """Return steps and values of a row."""
        mine = slice(int(self.start[row]), int(self.start[row + 1]))
        return self.steps[mine], self.values[mine]

    @property
    def ends(self) -> tuple[Ints, Array]:
        """The last step of every curve (n,), 0 before the first, and its value, NaN before the first."""
        some = self.lengths > 0
        steps, values = np.zeros(len(some), dtype=np.int64), np.full(len(some), np.nan)
        last = self.start[1:][some] - 1
        steps[some], values[some] = self.steps[last], self.values[last]
        return steps, values

    def at(self, steps: Ints) -> Array:
        """Return the value that each curve had at a step of its own (n,); NaN before its first."""
        rows = np.arange(len(steps), dtype=np.int64)
        places = np.searchsorted(self._keys, rows * SPAN + steps, side="right") - 1
        found = np.full(len(rows), np.nan)
        there = places >= self.start[:-1]
        found[there] = self.values[places[there]]
        return found

    def begun_by(self, steps: Ints) -> NDArray[np.bool_]:
        """Return which curves had a point at or before a step of their own (n,)."""
        begun = self.lengths > 0
        begun[begun] = self.steps[self.start[:-1][begun]] <= steps[begun]
        return begun

    def best_steps(self, sign: float) -> Ints:
        """Return the step of the best finite value of every curve, the last one where none is finite."""
        steps, _ = self.ends
        some = np.flatnonzero(self.lengths > 0)
        if len(some):
            worth = np.where(np.isfinite(self.values), sign * self.values, np.inf)
            least = np.minimum.reduceat(worth, self.start[:-1][some])
            is_best = (worth == np.repeat(least, self.lengths[some])) & np.isfinite(worth)
            places = np.flatnonzero(is_best)[::-1]
            rows = np.repeat(some, self.lengths[some])
            steps[rows[places]] = self.steps[places]  # the first one stays
        return steps

    @property
    def _keys(self) -> Ints:
        return np.repeat(np.arange(len(self.lengths), dtype=np.int64), self.lengths) * SPAN + self.steps


def are_few(history: History, trials: Sequence[Trial]) -> bool:
    """Whether reading trials one by one is quicker than a pass over all reports of the study."""
    return len(trials) <= max(FEW, history.curves.size // PER_TRIAL)


def reports_of(history: History, trials: Sequence[Trial], metric: str) -> ReportedCurves:
    """Return what some trials reported of a metric, on the way that led to their present state."""
    if are_few(history, trials):
        return _joined([curve(history, trial, metric) for trial in trials])
    strange = {number for block in history.trials.derived(_foreign) for number in block}
    odd = {row for row, trial in enumerate(trials) if trial.number in strange} if strange else set()
    plain = tuple(trial for row, trial in enumerate(trials) if row not in odd)
    rows, steps, values, folds = reports(metric, history, plain)
    if folds:
        return _joined([curve(history, trial, metric) for trial in trials])
    keys = rows * SPAN + steps
    if np.any(keys[1:] < keys[:-1]):
        order = np.argsort(keys, kind="stable")
        rows, steps, values = rows[order], steps[order], values[order]
    start = np.searchsorted(rows, np.arange(len(plain) + 1))
    found = ReportedCurves(steps, values, start)
    if not odd:
        return found
    curves, row = [], 0
    for place, trial in enumerate(trials):
        curves.append(curve(history, trial, metric) if place in odd else found.curve(row))
        row += place not in odd
    return _joined(curves)


def _joined(curves: Sequence[tuple[NDArray[np.generic], Array]]) -> ReportedCurves:
    lengths = [len(values) for _, values in curves]
    steps = [np.asarray(steps, dtype=np.int64) for steps, _ in curves]
    return ReportedCurves(
        np.concatenate([np.empty(0, dtype=np.int64), *steps]),
        np.concatenate([np.empty(0), *(values for _, values in curves)]),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
    )


def _foreign(trials: Sequence[Trial]) -> list[int]:
    """Return the trials of a block of whose training a part belongs to another trial."""
    return [trial.number for trial in trials if trial.parent is not None or _copied(trial)]


def _copied(trial: Trial) -> bool:
    return any(a.source is not None and a.source.trial != trial.number for a in trial.attempts)
