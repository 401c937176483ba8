"""Table: the learning curves of a history side by side, as every scheduler reads them.

One row per plain trial: steered ones are left out, for no configuration stands for them. Curves
follow the lineage of their attempts as `History.curve` does, but all of them in one pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import GOES_ON, Order, Trial
from osetra.numerics.curves import expected

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SPAN = np.int64(2**40)
"""More than any number of steps."""


@dataclass(frozen=True, slots=True)
class CurveTable:
    """Curves of the first fold; values are minimised."""

    trials: tuple[Trial, ...]
    """Plain trials by number (n,), repeats with fresh seeds included."""
    first: Mask
    """Which of them are first runs (n,)."""
    failed: Mask
    """Which failed or diverged (n,)."""
    over: Mask
    """Which have finished (n,): their last value counts at every later step."""
    outgrown: Mask
    """Which have finished (n,) when a full training was shorter: it does not count there."""
    reached: Ints
    """Last step reported (n,); 0 before the first."""
    last: Array
    """Value at the end (n,); NaN without one."""
    folds: bool
    """Whether trainings report more than one fold."""
    _keys: Ints
    """Row · SPAN + step of every report (p,), ascending."""
    _worth: Array
    """What each report is worth (p,): best so far, or the value itself."""
    _means: Array
    """Running mean of the curve up to each report (p,)."""
    _start: Ints
    """Where each row's reports begin (n + 1,)."""

    def row(self, number: int) -> int | None:
        """Return the row of a trial; None when it is not plain."""
        low, high = 0, len(self.trials)
        while low < high:
            middle = (low + high) // 2
            if self.trials[middle].number < number:
                low = middle + 1
            else:
                high = middle
        found = low < len(self.trials) and self.trials[low].number == number
        return low if found else None

    def at(self, step: int) -> Array:
        """Return the values (n,) that trials had after a step.

        NaN for those that did not get there, and for those that failed or diverged, wherever that was.
        """
        return self._at(step, self._worth, self.last)

    def means(self, step: int) -> Array:
        """Return the running means (n,) of the curves up to a step, likewise."""
        return self._at(step, self._means, self.last)

    def has(self, step: int) -> Mask:
        """Return which trials (n,) got to a step or have finished before it; failed ones count."""
        return (self.reached >= step) | self.over

    @property
    def owners(self) -> Ints:
        """The row of every report (p,)."""
        return self._keys // SPAN

    def when_best(self) -> Ints:
        """Return row · SPAN + step of the report that counts at each report (p,): the best one by then."""
        first = np.zeros(len(self._keys), dtype=bool)
        first[self._start[:-1][self._start[1:] > self._start[:-1]]] = True
        place = np.arange(len(self._keys), dtype=np.int64)
        sound = np.isfinite(self._worth)
        worth = self._worth[np.maximum.accumulate(np.where(sound | first, place, 0))]
        before = np.concatenate(([np.nan], worth[:-1]))
        better = first | (sound & (~np.isfinite(before) | (worth != before)))
        return self._keys[np.maximum.accumulate(np.where(better, place, 0))]

    def _at(self, step: int, values: Array, last: Array) -> Array:
        rows = np.arange(len(self.trials), dtype=np.int64)
        place = np.searchsorted(self._keys, rows * SPAN + step, side="right") - 1
        # Who reports rarely may have passed the step without a report before it.
        place = np.maximum(place, self._start[:-1])
        some = self._start[1:] > self._start[:-1]
        found = np.full(len(rows), math.nan)
        if len(values):
            found[some] = values[place[some]]
        found[~self.has(step)] = math.nan
        done = self.over & (step >= self.reached)
        found[done] = last[done]
        found[self.failed] = math.nan
        return found


_latest: tuple[History, Objective, CurveTable] | None = None


def table_of(objective: Objective, history: History) -> CurveTable:
    """Return the table of a history; that of the latest one is kept, for it is asked for repeatedly."""
    global _latest
    kept = _latest
    if kept is not None and kept[0] is history and kept[1] == objective:
        return kept[2]
    table = _build(objective, history)
    _latest = (history, objective, table)
    return table


def calibrated(table: CurveTable, step: int) -> Array:
    """Return the value (n,) of every trial at a step, expected where it did not get there.

    NaN for those that have no finite value at all.
    """
    return completed(table, step)[0]


def completed(table: CurveTable, step: int) -> tuple[Array, Array]:
    """Return what `calibrated` returns, and the deviations (n,) of what is expected; 0 where it is known."""
    found, deviations = table.at(step), np.zeros(len(table.trials))
    there = table.first & table.has(step) & ~table.failed & np.isfinite(found)
    short = ~table.has(step) & ~table.failed & (table.reached > 0)
    for reached in np.unique(table.reached[short]):
        mine = short & (table.reached == reached)
        now = table.at(int(reached))
        both = there & np.isfinite(now)
        mine &= np.isfinite(now)
        found[mine], deviations[mine] = expected(now[mine], now[both], found[both])
    found[table.failed] = math.nan
    return np.where(np.isfinite(found), found, math.nan), deviations


def free(trial: Trial) -> bool:
    """Whether a trial waits at a checkpoint and no person has a say in what becomes of it."""
    asked = any(order.pending and order.by == "person" for order in trial.orders)
    return trial.state == "paused" and not trial.held and not asked


def promoted(trial: Trial) -> bool:
    """Whether a person promoted a trial since a scheduler last let it go on: it passes the next cut."""
    verbs = [o.verb for o in trial.orders if o.verb == "promote" or _passed(o)]
    return bool(verbs) and verbs[-1] == "promote"


def sent_on(trial: Trial, step: int) -> bool:
    """Whether a scheduler sent a trial on to a step or further."""
    return any(
        _passed(order) and (order.args.get("until") is None or order.args["until"] >= step)
        for order in trial.orders
    )


def _passed(order: Order) -> bool:
    return order.by == "scheduler" and order.verb in GOES_ON


def outgrown(objective: Objective, history: History) -> bool:
    """Whether trainings have become longer since some trials came to their end."""
    return len(history.lengths) > 1 and bool(table_of(objective, history).outgrown.any())


def _outgrown(history: History, trials: tuple[Trial, ...], reached: Ints) -> Mask:
    """Return which trials (n,) came to the end of a training that was shorter then than it is now.

    Their last value is none at a later step. Where a hyperparameter says how long a training is, every
    end is one.
    """
    lengths = history.lengths
    shorter = set(lengths) - {history.steps}
    if not shorter:
        return np.zeros(len(trials), dtype=bool)
    grown = lengths[history.steps or 0]
    found = [
        trial.state == "finished"
        and (trial.attempts[-1].ended or 0.0) <= grown
        and step in shorter
        and step not in trial.config.values()
        for trial, step in zip(trials, reached.tolist(), strict=True)
    ]
    return np.array(found, dtype=bool)


def _build(objective: Objective, history: History) -> CurveTable:
    trials = tuple(trial for trial in history.trials.values() if not trial.steered)
    rows, steps, values, folds = reports(objective.metric, history, trials)
    values = objective.sign * values
    start = np.searchsorted(rows, np.arange(len(trials) + 1))
    worth, means = _accumulated(values, start, best=objective.pick == "best")
    ends = start[1:] - 1
    some = start[1:] > start[:-1]
    reached = np.zeros(len(trials), dtype=np.int64)
    reached[some] = steps[ends[some]]
    own = [math.nan if t.value is None else objective.sign * t.value for t in trials]
    last = np.array(own, dtype=np.float64)
    short = _outgrown(history, trials, reached)
    over = np.array([t.state == "finished" for t in trials], dtype=bool) & ~short
    kept = some & ~over
    last[kept] = worth[ends[kept]]
    return CurveTable(
        trials,
        np.array([t.repeats is None for t in trials], dtype=bool),
        np.array([t.state in ("failed", "diverged") for t in trials], dtype=bool),
        over,
        short,
        reached,
        last,
        folds,
        rows * SPAN + steps,
        worth,
        means,
        start,
    )


def reports(metric: str, history: History, trials: tuple[Trial, ...]) -> tuple[Ints, Ints, Array, bool]:
    """Return row, step and value (p,) of the reports that count, in order, and whether there are folds.

    The first fold of each trial, without what was rolled back or lost, and without what a branch shares
    with its parent.
    """
    numbers, values = history.curves.all(metric)
    folds = bool(numbers[2].any())
    # Points may be ahead of the facts that they were read with.
    row_of = np.full(max(int(numbers[0].max(initial=0)), *history.trials, 0) + 1, -1, dtype=np.int64)
    row_of[[trial.number for trial in trials]] = np.arange(len(trials))
    begun = np.array([len(trial.attempts) for trial in trials], dtype=np.int64)
    rows, attempts, steps = row_of[numbers[0]], numbers[1], numbers[3]
    mine = rows >= 0
    mine[mine] = attempts[mine] <= begun[rows[mine]]
    if folds:
        mine &= numbers[2] == 0
    rows, attempts, steps, values = _kept(mine, rows, attempts, steps, values)
    limits = _limits(trials, rows, attempts, steps)
    rows, steps, values = _kept(steps <= limits[rows, attempts], rows, steps, values)
    if np.any(rows[1:] < rows[:-1]):
        by_row = np.argsort(rows, kind="stable")
        rows, steps, values = rows[by_row], steps[by_row], values[by_row]
    return rows, steps, values, folds


def _kept(mine: Mask, *columns: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return the rows of columns that are wanted; the columns themselves where all are."""
    return columns if mine.all() else tuple(column[mine] for column in columns)


def _limits(trials: tuple[Trial, ...], rows: Ints, attempts: Ints, steps: Ints) -> Ints:
    """Return up to which step the reports of every attempt (n, attempts + 1) belong to the training."""
    lasts = np.array([len(trial.attempts) for trial in trials], dtype=np.int64)
    most = int(lasts.max(initial=0))
    limits = np.full((len(trials), most + 1), -1, dtype=np.int64)
    limits[np.arange(len(trials)), lasts] = SPAN
    going_on = [row for row, trial in enumerate(trials) if trial.attempts and trial.attempts[-1].source]
    if not going_on:
        return limits
    begun = np.full((len(trials), most + 1), SPAN)
    np.minimum.at(begun, (rows, attempts), steps)
    for row in going_on:
        for attempt, limit in _chain(trials[row], begun[row]):
            limits[row, attempt] = limit
    return limits


def _chain(trial: Trial, begun: Ints) -> Iterator[tuple[int, int]]:
    """Yield the attempts that lead to a trial's present state, and up to which step each counts."""
    attempt, limit = len(trial.attempts), int(SPAN)
    while attempt:
        yield attempt, limit
        source = trial.attempts[attempt - 1].source
        if source is None:
            return
        # An attempt whose function did not restore its checkpoint began anew.
        limit = min(limit if source.instance else source.step, limit, int(begun[attempt]) - 1)
        attempt = source.attempt


def _accumulated(values: Array, start: Ints, *, best: bool) -> tuple[Array, Array]:
    """Return what reports are worth (p,) and running means (p,), row by row; NaN where not finite."""
    finite = np.isfinite(values)
    worth, sums = np.where(finite, values, np.inf), np.where(finite, values, 0.0)
    counts, lengths = finite.astype(np.int64), np.diff(start)
    longest = int(lengths.max(initial=0))
    if longest < len(lengths):
        # Many short curves: all at once, report by report.
        for place in range(1, longest):
            at = start[:-1][lengths > place] + place
            worth[at] = np.minimum(worth[at], worth[at - 1]) if best else worth[at]
            sums[at] += sums[at - 1]
            counts[at] += counts[at - 1]
    else:
        for row in map(slice, start[:-1].tolist(), start[1:].tolist()):
            worth[row] = np.minimum.accumulate(worth[row]) if best else worth[row]
            sums[row], counts[row] = np.cumsum(sums[row]), np.cumsum(counts[row])
    means = sums / np.maximum(counts, 1)
    worth[~finite] = math.nan
    means[~finite] = math.nan
    return worth, means
