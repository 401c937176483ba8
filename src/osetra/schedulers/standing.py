"""Standing: curves side by side where a trial's value does not decide alone: by places instead of values.

With several objectives, or with limits, trainings are compared at a step by the place that NSGA-II gives
them there: what keeps the limits first, then by non-dominated front. All metrics are read at the report at
which the first objective had been best by then. What is not known of every trial at a step, because it is
measured at the end, does not count there.

With a single objective and no limits this is the table of its curves, as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from osetra.core.bounds import Bound
from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.outcomes import measured
from osetra.core.problem import Objective, Problem
from osetra.numerics.pareto import places, total_violation
from osetra.schedulers.table import SPAN, Array, CurveTable, reports, table_of

PLACE = "place by all objectives"
"""What is compared, in the words of a verdict."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A further metric, by the reports of the first objective."""

    worth: Array
    """Its value where the first objective had been best by then (p,); NaN before its first report."""
    last: Array
    """Its value at the end (n,); NaN without one."""


@dataclass(frozen=True, slots=True)
class PlaceTable(CurveTable):
    """Curves whose values are places, 0 for the best."""

    first_sign: float
    others: tuple[tuple[float, Beside], ...]
    """Further objectives: +1 or -1, and their values."""
    bounds: tuple[tuple[Bound, Beside | None], ...]
    """Limits; None is of the first objective itself."""

    def at(self, step: int) -> Array:
        """Return the places (n,) of trials by what they were after a step; NaN as for values."""
        own = CurveTable.at(self, step)
        rows = np.flatnonzero(np.isfinite(own))
        outcomes = [own[rows]]
        for sign, beside in self.others:
            found = self._at(step, beside.worth, beside.last)[rows]
            outcomes += [sign * found] if np.isfinite(found).all() else []
        excess = []
        for bound, limited in self.bounds:
            told = self.first_sign * own[rows]
            if limited is not None:
                told = self._at(step, limited.worth, limited.last)[rows]
            excess += [[bound.excess(v) for v in told]] if np.isfinite(told).all() else []
        violation = total_violation(np.array(excess, dtype=np.float64).reshape(len(excess), len(rows)).T)
        standing = np.full(len(own), np.nan)
        standing[rows] = places(np.column_stack(outcomes), violation)
        return standing


_latest: tuple[History, Problem, PlaceTable] | None = None


def standing_table(problem: Problem, history: History) -> CurveTable:
    """Return the table by which trainings are compared; that of the latest history is kept."""
    global _latest
    table = table_of(problem.objective, history)
    if problem.plain:
        return table
    kept = _latest
    if kept is not None and kept[0] is history and kept[1] == problem:
        return kept[2]
    of = {metric: _beside(problem.objective, metric, history, table) for metric in problem.needs}
    own: dict[str, Any] = {field.name: getattr(table, field.name) for field in fields(CurveTable)}
    placed = PlaceTable(
        **own,
        first_sign=problem.objective.sign,
        others=tuple((one.sign, of[one.metric]) for one in problem.others),
        bounds=tuple((bound, of.get(bound.metric)) for bound in problem.bounds),
    )
    _latest = (history, problem, placed)
    return placed


def scale_of(problem: Problem) -> tuple[str, float]:
    """Return what trainings are compared by, and +1 where small is good in a person's eyes."""
    return (name_text(problem.objective.metric), problem.objective.sign) if problem.plain else (PLACE, 1.0)


def _beside(objective: Objective, metric: str, history: History, table: CurveTable) -> Beside:
    rows, steps, values, _ = reports(metric, history, table.trials)
    keys = rows * SPAN + steps
    places = np.searchsorted(keys, table.when_best(), side="right") - 1
    owners = table.owners
    start = np.searchsorted(rows, np.arange(len(table.trials) + 1))
    known = (places >= 0) & (places >= start[owners])
    worth = np.full(len(owners), np.nan)
    worth[known] = values[places[known]]
    last = np.full(len(table.trials), np.nan)
    for row in np.flatnonzero(table.over):
        last[row] = measured(history, table.trials[row], objective, metric)
    return Beside(worth, last)
