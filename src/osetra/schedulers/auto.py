"""Auto: a base step that rises while the search goes on, and a ladder above it.

New trainings run to the base step only: first a sixteenth of a full training, then an eighth, … and
from the middle of the search all of it. Whenever the base rises, the best quarter of the shorter ones
goes on to it. Meanwhile up to half of all steps let the best quarter of those at each step above the
base go on to the next, so that the searcher learns early what becomes of promising starts, and a
good model is at hand at any time.

Trainings that keep no checkpoints cannot wait: they are stopped at a base step unless they are among
the best that got there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.ports import Budget
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.numerics import halving
from osetra.schedulers import rungs
from osetra.schedulers.full import to_the_end
from osetra.schedulers.standing import standing_table
from osetra.schedulers.table import CurveTable, calibrated, free, promoted, sent_on

SHORTEST = 4
"""Trainings of fewer steps are always run to their end."""
CROSSING = 0.3
"""Kendall's tau below which ranks at a base say too little about ranks at the next."""
PAIRS = 8
"""Trials compared at two bases before their ranks are judged."""


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """A base step that rises while the search goes on.

    `shares` are the shares of the search at which it rises, doubling up to a full training; `keep` is
    the share of shorter trainings that goes on then, `least` how many at least. `climbing` is the share
    of all steps for those that go on before the base has risen to them.
    """

    shares: tuple[float, ...] = (0.05, 0.12, 0.25, 0.5)
    keep: float = 0.25
    least: int = 3
    climbing: float = 0.5

    name = "auto"
    judges = True

    def __post_init__(self) -> None:
        if list(self.shares) != sorted(self.shares) or not all(0 < share < 1 for share in self.shares):
            raise StudyError(
                f"Auto(shares={self.shares}): shares rise between 0 and 1, as (0.05, 0.12, 0.25, 0.5)"
            )
        if not 0 < self.keep <= 1:
            raise StudyError(f"Auto(keep={self.keep}): the share that goes on is above 0 and at most 1")
        if self.least < 1:
            raise StudyError(f"Auto(least={self.least}): at least 1 training goes on")
        if not 0 <= self.climbing <= 1:
            raise StudyError(f"Auto(climbing={self.climbing}): a share of all steps is between 0 and 1")

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the base step; None when that is a full training, or nobody knows how long one is."""
        if budget.steps is None or budget.steps < SHORTEST:
            return None
        table = standing_table(problem, history)
        base = self._base(table, budget)
        return None if table.folds or base >= budget.steps else base

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return what to do with a running trial; those that pause by themselves are let be."""
        if budget.steps is None or budget.steps < SHORTEST or rungs.pauses_by_itself(problem, history, trial):
            return None
        base = self._base(standing_table(problem, history), budget)
        climb = [rung for rung in self._ladder(budget) if rung >= base]
        return rungs.judge(problem, history, trial, climb, self.keep)

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return the best of the shorter trials, and at the end which are given up."""
        if budget.steps is None:
            return []
        table = standing_table(problem, history)
        if budget.steps < SHORTEST or table.folds:
            return to_the_end(history)
        if budget.open:
            return self._raised(problem, table, budget) or self._climbing(problem, table, budget)
        climb = self._ladder(budget)
        going = rungs.promotions(problem, table, climb, self.keep, self.least, table.first)
        return going or rungs.finish(problem, table, climb, self.keep, self.least, table.first)

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the base step."""
        if budget.steps is None or budget.steps < SHORTEST:
            return None
        table = standing_table(problem, history)
        return None if table.folds else self._base(table, budget)

    def _ladder(self, budget: Budget) -> tuple[int, ...]:
        return halving.ladder(budget.steps or 1, len(self.shares))

    def _base(self, table: CurveTable, budget: Budget) -> int:
        """Return the base step that the search has come to."""
        ladder = self._ladder(budget)
        begun = sum(budget.progress >= share for share in self.shares)
        place = max(0, begun - (len(self.shares) + 1 - len(ladder)))
        while place + 1 < len(ladder) and _cross(table, ladder[place], ladder[place + 1]):
            place += 1
        return ladder[place]

    def _raised(self, problem: Problem, table: CurveTable, budget: Budget) -> list[Verdict]:
        """Return the shorter trials that go on to the base step, the best first."""
        base, steps = self._base(table, budget), budget.steps or 1
        values = calibrated(table, base)
        shorter = table.first & ~table.has(base)
        went = np.array([sent_on(trial, base) for trial in table.trials], dtype=bool) & table.first
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
                at = int(table.reached[row])
                found.append(rungs.resume(trial, places, value, base, steps, at=at))
                room -= not promoted(trial)
        return found

    def _climbing(self, problem: Problem, table: CurveTable, budget: Budget) -> list[Verdict]:
        """Return those that go on beyond the base step, as far as the share of steps for them reaches."""
        base = self._base(table, budget)
        climb = [rung for rung in self._ladder(budget) if rung >= base]
        began = np.array([_began(trial) for trial in table.trials], dtype=np.int64)
        room = self.climbing * table.reached.sum() - np.maximum(table.reached - began, 0)[began > 0].sum()
        found = []
        for verdict in rungs.promotions(problem, table, climb, self.keep, 0, table.first):
            if room > 0:
                found.append(verdict)
                row = table.row(verdict.trial)
                room -= (verdict.until or climb[-1]) - int(table.reached[row or 0])
        return found


def _began(trial: Trial) -> int:
    """Return the step at which a trial first waited and from which it went on; 0 when it never did."""
    for before, after in pairwise(trial.attempts):
        if before.outcome == "paused" and after.source is not None:
            return after.source.step
    return 0


def _cross(table: CurveTable, step: int, later: int) -> bool:
    """Whether curves cross so often between two steps that ranks at the first say too little."""
    a, b = table.at(step), table.at(later)
    both = table.first & ~table.failed & np.isfinite(a) & np.isfinite(b)
    return bool(both.sum() >= PAIRS) and halving.concordance(a[both], b[both]) < CROSSING
