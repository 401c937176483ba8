"""ASHA: asynchronous successive halving (Li et al. 2020).

Trainings are compared at rungs min_steps, eta · min_steps, eta² · min_steps, …; one of eta goes on to
the next. In the promotion form a training pauses at its rung and goes on once it is among the best
there; in the stopping form it runs on beyond the rung unless it is not among the best so far. The
promotion form turns into the other by itself for trainings that keep no checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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
from osetra.schedulers.table import CurveTable

KNOWN = 6
"""Trials at a rung from which searchers compare configurations there."""


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class ASHA:
    """Asynchronous successive halving: of those that get to a rung, one of `eta` goes on.

    `min_steps` is the first rung, in steps.
    """

    eta: float = 3.0
    min_steps: int = 1
    form: Literal["promote", "stop"] = "promote"

    name = "asha"
    judges = True

    def __post_init__(self) -> None:
        check_halving("ASHA", self.eta, self.min_steps)
        if self.form not in ("promote", "stop"):
            raise StudyError(f"ASHA(form={self.form!r}): the form is 'promote' or 'stop'")

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the first rung; None in the stopping form."""
        if budget.steps is None or self.form == "stop":
            return None
        climb = rungs_of("ASHA", self.eta, self.min_steps, budget.steps)
        alone = len(climb) == 1 or standing_table(problem, history).folds
        return None if alone else climb[0]

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return what to do with a training that has gone beyond a rung without pausing there."""
        if budget.steps is None:
            return None
        climb = rungs_of("ASHA", self.eta, self.min_steps, budget.steps)
        return rungs.judge(problem, history, trial, climb, 1 / self.eta, pauses=self.form == "promote")

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return the paused trials that are among the best of their rung, and the lost ones at the end."""
        if budget.steps is None:
            return []
        climb = rungs_of("ASHA", self.eta, self.min_steps, budget.steps)
        table = standing_table(problem, history)
        if len(climb) == 1 or table.folds:
            return to_the_end(history)
        keep = 1 / self.eta
        going = rungs.promotions(problem, table, climb, keep, 0 if budget.open else 1, table.first)
        if going or budget.open:
            return going
        return rungs.finish(problem, table, climb, keep, 1, table.first)

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the highest rung that enough trials got to."""
        if budget.steps is None:
            return None
        table = standing_table(problem, history)
        climb = rungs_of("ASHA", self.eta, self.min_steps, budget.steps)
        return None if table.folds else known_rung(table, climb)


def known_rung(table: CurveTable, climb: Sequence[int]) -> int:
    """Return the highest rung that enough trials got to for a searcher to compare them there."""
    there = (rung for rung in reversed(climb) if (table.first & table.has(rung)).sum() >= KNOWN)
    return next(there, climb[0])


def check_halving(name: str, eta: float, min_steps: int) -> None:
    """Refuse settings that make no sense.

    Raises:
        StudyError: naming the setting and what is allowed.
    """
    if not eta > 1:
        raise StudyError(f"{name}(eta={eta}): one of eta goes on, so eta is above 1, such as 3")
    if min_steps < 1:
        raise StudyError(f"{name}(min_steps={min_steps}): the first rung is step 1 or later")


def rungs_of(name: str, eta: float, min_steps: int, steps: int) -> tuple[int, ...]:
    """Return the rungs of a full training of some steps.

    Raises:
        StudyError: the first rung lies beyond the end.
    """
    if min_steps > steps:
        raise StudyError(
            f"{name}(min_steps={min_steps}): a full training has only {steps} steps; "
            f"min_steps is at most that, such as {max(1, steps // 9)}"
        )
    return halving.rungs(min_steps, eta, steps)
