"""Auto: a base step that rises while the search goes on.

New trainings run to the base step only: first a sixteenth of a full training, then an eighth, … and
for the last third of the search all of it. Whenever the base rises, the best quarter of the shorter
ones goes on to it, and the searcher compares all at the base, where shorter ones count with the
value expected of them. Early on many configurations are compared cheaply; later, few with care.

Trainings that keep no checkpoints cannot wait: they are stopped at a base step unless they are among
the best that got there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.history import History
from osetra.core.ports import Budget, Verdict
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.numerics import halving
from osetra.schedulers import rungs
from osetra.schedulers.full import to_the_end
from osetra.schedulers.table import Table, calibrated, free, promoted, sent, tabled

SHORTEST = 4
"""Trainings of fewer steps are always run to their end."""
CROSSING = 0.3
"""Kendall's tau below which ranks at a base say too little about ranks at the next."""
PAIRS = 8
"""Trials compared at two bases before their ranks are judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """A base step that rises while the search goes on.

    `shares` are the shares of the search at which it rises, doubling up to a full training; `keep` is
    the share of shorter trainings that goes on then, `least` how many at least.
    """

    shares: tuple[float, ...] = (0.1, 0.2, 0.4, 0.7)
    keep: float = 0.25
    least: int = 3

    name = "auto"

    def __post_init__(self) -> None:
        if list(self.shares) != sorted(self.shares) or not all(0 < share < 1 for share in self.shares):
            raise StudyError(
                f"Auto(shares={self.shares}): shares rise between 0 and 1, as (0.1, 0.2, 0.4, 0.7)"
            )
        if not 0 < self.keep <= 1:
            raise StudyError(f"Auto(keep={self.keep}): the share that goes on is above 0 and at most 1")
        if self.least < 1:
            raise StudyError(f"Auto(least={self.least}): at least 1 training goes on")

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the base step; None when that is a full training, or nobody knows how long one is."""
        if budget.steps is None or budget.steps < SHORTEST:
            return None
        table = tabled(problem.objective, history)
        base = self._base(table, budget)
        return None if table.folds or base >= budget.steps else base

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return what to do with a running trial; those that pause by themselves are let be."""
        if budget.steps is None or budget.steps < SHORTEST:
            return None
        base = self._base(tabled(problem.objective, history), budget)
        climb = [rung for rung in self._ladder(budget) if rung >= base]
        return rungs.judge(problem, history, trial, climb, self.keep)

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return the best of the shorter trials, and at the end which are given up."""
        if budget.steps is None:
            return []
        table = tabled(problem.objective, history)
        if budget.steps < SHORTEST or table.folds:
            return to_the_end(history)
        if budget.open:
            return self._raised(problem, table, budget)
        climb = self._ladder(budget)
        going = rungs.promotions(problem, table, climb, self.keep, self.least, table.first)
        return going or rungs.finish(problem, table, climb, self.keep, self.least, table.first)

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the base step."""
        if budget.steps is None or budget.steps < SHORTEST:
            return None
        table = tabled(problem.objective, history)
        return None if table.folds else self._base(table, budget)

    def _ladder(self, budget: Budget) -> tuple[int, ...]:
        return halving.ladder(budget.steps or 1, len(self.shares))

    def _base(self, table: Table, budget: Budget) -> int:
        """Return the base step that the search has come to."""
        ladder = self._ladder(budget)
        begun = sum(budget.progress >= share for share in self.shares)
        place = max(0, begun - (len(self.shares) + 1 - len(ladder)))
        while place + 1 < len(ladder) and _cross(table, ladder[place], ladder[place + 1]):
            place += 1
        return ladder[place]

    def _raised(self, problem: Problem, table: Table, budget: Budget) -> list[Verdict]:
        """Return the shorter trials that go on to the base step, the best first."""
        base, steps = self._base(table, budget), budget.steps or 1
        values = calibrated(table, base)
        shorter = table.first & ~table.has(base)
        went = np.array([sent(trial, base) for trial in table.trials], dtype=bool) & table.first
        compared = (shorter | went) & (table.reached > 0)
        waits = [row for row in np.flatnonzero(shorter).tolist() if free(table.trials[row])]
        kept = max(self.least, math.ceil(self.keep * compared.sum()))
        room = kept - int(went.sum())
        places = rungs.ranking(problem, base, values, compared, kept)
        waits.sort(key=lambda row: (not np.isfinite(values[row]), values[row]))
        found = []
        for row in waits:
            trial, value = table.trials[row], float(values[row])
            if promoted(trial) or (room > 0 and np.isfinite(value)):
                found.append(rungs.resumed(trial, places, value, base, steps))
                room -= not promoted(trial)
        return found


def _cross(table: Table, step: int, later: int) -> bool:
    """Whether curves cross so often between two steps that ranks at the first say too little."""
    a, b = table.at(step), table.at(later)
    both = table.first & ~table.failed & np.isfinite(a) & np.isfinite(b)
    return bool(both.sum() >= PAIRS) and halving.concordance(a[both], b[both]) < CROSSING
