"""Patience: early stopping of each training by itself.

A training that has not improved for some steps has got as far as it will: it ends there and keeps
its result. Nothing is compared with other trainings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.clean import name_text
from osetra.core.construction import settings_checked
from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.ports import Budget
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import StudyError
from osetra.schedulers.full import to_the_end
from osetra.schedulers.table import promoted


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Ends a training after `steps` steps that improve its best value by no more than `min_delta`.

    `min_delta` is in the metric's own unit.
    """

    steps: int = 10
    min_delta: float = 0.0

    name = "patience"
    judges = True

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise StudyError(f"Patience(steps={self.steps}): patience is 1 step or more, such as 10")
        if not self.min_delta >= 0:
            raise StudyError(f"Patience(min_delta={self.min_delta}): an improvement is 0 or more")

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return None: trainings run until they stop improving."""
        return None

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return a stop that keeps the result when nothing has improved for so many steps."""
        objective = problem.objective
        steps, values = history.curve(trial, objective.metric)
        # The folds of a cross-validation end by themselves.
        if not len(steps) or promoted(trial) or len(history.curve(trial, objective.metric, 1)[0]):
            return None
        best, since = np.inf, 0
        for step, value in zip(steps.tolist(), (objective.sign * values).tolist(), strict=True):
            if value < best - self.min_delta or (np.isinf(best) and np.isfinite(value)):
                best, since = value, step
        waited = int(steps[-1]) - since
        if waited < self.steps or (budget.steps is not None and steps[-1] >= budget.steps):
            return None
        best_so_far = f"best {name_text(objective.metric)} {objective.sign * best:.4g} at step {since}"
        why = f"ended at step {int(steps[-1])}: {best_so_far}, no better for {waited} steps"
        return Verdict(trial=trial.number, verb="stop", why=why, args={"keep": True})

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return everything that is paused and that nobody holds."""
        return to_the_end(history)

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return None: final values are compared."""
        return None
