"""Hyperband: halving at several paces at once (Li et al. 2018), asynchronous.

How many steps tell good from bad is not known beforehand. Brackets hedge: bracket 0 begins at the
first rung and halves most often, the last one trains everything to its end. A trial's bracket is a
function of its number alone, so that any number of programs agree on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.ports import Budget
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.numerics import halving
from osetra.schedulers import rungs
from osetra.schedulers.asha import check_halving, known_rung, rungs_of
from osetra.schedulers.full import to_the_end
from osetra.schedulers.standing import standing_table
from osetra.schedulers.table import CurveTable, Mask


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperband:
    """Brackets of asynchronous halving; of those that get to a rung, one of `eta` goes on.

    `min_steps` is the first rung of the first bracket, in steps.
    """

    eta: float = 3.0
    min_steps: int = 1

    name = "hyperband"
    judges = True

    def __post_init__(self) -> None:
        check_halving("Hyperband", self.eta, self.min_steps)

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the first rung of the next trial's bracket."""
        if budget.steps is None or standing_table(problem, history).folds:
            return None
        climb = self._climb(history.next_trial, budget.steps)
        return climb[0] if len(climb) > 1 else None

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return what to do with a training that has gone beyond a rung without pausing there."""
        if budget.steps is None:
            return None
        climb = self._climb(trial.number, budget.steps)
        bracket, steps = self._bracket(trial.number, budget.steps), budget.steps

        def mates(table: CurveTable) -> Mask:
            return self._rows(table, bracket, steps)

        return rungs.judge(problem, history, trial, climb, 1 / self.eta, among=mates)

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return the paused trials that are among the best of their rung in their bracket."""
        if budget.steps is None:
            return []
        table = standing_table(problem, history)
        if table.folds:
            return to_the_end(history)
        found: list[Verdict] = []
        for bracket in range(len(rungs_of("Hyperband", self.eta, self.min_steps, budget.steps))):
            found += self._revive(problem, table, bracket, budget.steps, open_=budget.open)
        return found

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the highest rung that enough trials got to."""
        if budget.steps is None:
            return None
        table = standing_table(problem, history)
        climb = rungs_of("Hyperband", self.eta, self.min_steps, budget.steps)
        return None if table.folds else known_rung(table, climb)

    def _revive(
        self, problem: Problem, table: CurveTable, bracket: int, steps: int, *, open_: bool
    ) -> list[Verdict]:
        climb = rungs_of("Hyperband", self.eta, self.min_steps, steps)[bracket:]
        rows, keep = self._rows(table, bracket, steps), 1 / self.eta
        going = rungs.promotions(problem, table, climb, keep, 0 if open_ else 1, rows)
        return going if going or open_ else rungs.finish(problem, table, climb, keep, 1, rows)

    def _climb(self, number: int, steps: int) -> tuple[int, ...]:
        climb = rungs_of("Hyperband", self.eta, self.min_steps, steps)
        return climb[self._bracket(number, steps) :]

    def _bracket(self, number: int, steps: int) -> int:
        turns = halving.brackets(self.min_steps, self.eta, steps)
        return turns[(number - 1) % len(turns)]

    def _rows(self, table: CurveTable, bracket: int, steps: int) -> Mask:
        """Return the first runs (n,) of a bracket."""
        turns = np.array(halving.brackets(self.min_steps, self.eta, steps), dtype=np.int64)
        numbers = np.array([trial.number for trial in table.trials], dtype=np.int64)
        mates: Mask = turns[(numbers - 1) % len(turns)] == bracket
        return table.first & mates
