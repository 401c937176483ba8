"""Median: a training is stopped when its best value so far is worse than others were on average.

The median stopping rule of Google Vizier (Golovin et al. 2017): at step s a training is stopped if
its best value up to s is worse than the median of the running means, up to s, of all other trainings
that got to s. It assumes no form of curve and needs no checkpoints. With several objectives it is stopped if
more than half of the others are better in all of them, which is the same rule where there is one.
"""

from __future__ import annotations

import math
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
from osetra.schedulers.folds import judge_folds
from osetra.schedulers.full import to_the_end
from osetra.schedulers.table import Array, promoted, table_of


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """The median stopping rule.

    `min_steps` are the steps that every training is granted; `others` is how many trainings must
    have got to a step before anything is stopped there.
    """

    min_steps: int = 1
    others: int = 5

    name = "median"
    judges = True

    def __post_init__(self) -> None:
        if self.min_steps < 1 or self.others < 1:
            raise StudyError(f"Median(min_steps={self.min_steps}, others={self.others}): both are 1 or more")

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return None: trainings run until they are stopped."""
        return None

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return a stop when the best value so far is worse than the median of the others' means."""
        if trial.steered or trial.repeats is not None or promoted(trial):
            return None
        objective = problem.objective
        steps, values = history.curve(trial, objective.metric)
        if not len(steps) or steps[-1] < self.min_steps:
            return None
        if budget.steps is not None and steps[-1] >= budget.steps:
            return None
        table = table_of(objective, history)
        if table.folds:
            return judge_folds(problem, history, trial)
        step, own = int(steps[-1]), table.row(trial.number)
        rows = table.first & ~table.failed
        rows[own] = False
        finite = objective.sign * values[np.isfinite(values)]
        mine, means = [float(finite.min()) if len(finite) else math.inf], [table.means(step)[rows]]
        for other in problem.others:
            beside = table_of(other, history)
            mine.append(float(beside.at(step)[own]))
            means.append(beside.means(step)[rows])
        return _verdict(problem, trial, step, np.array(mine), np.column_stack(means), self.others)

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return everything that is paused and that nobody holds."""
        return to_the_end(history)

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the length of a full training: stopped ones count with what they would have reached."""
        return budget.steps


def _verdict(
    problem: Problem, trial: Trial, step: int, mine: Array, means: Array, least: int
) -> Verdict | None:
    """Return a stop when at least half of the others are better on average, in all objectives.

    Args:
        problem: names the objectives.
        trial: the one that is judged.
        step: where.
        mine: its best values so far (m,), minimised.
        means: the others' running means (n, m), likewise.
        least: how many others are needed.
    """
    known = ~np.isnan(mine)  # what is measured at the end says nothing yet
    mine, means = mine[known], means[np.isfinite(means[:, known]).all(axis=1)][:, known]
    if len(means) < least:
        return None
    objective, rank = problem.objective, 1 + int(np.count_nonzero((means < mine).all(axis=1)))
    cut = float(np.median(means[:, 0]))
    if len(mine) > 1:
        if 2 * (rank - 1) <= len(means):
            return None
        why = f"{rank - 1} of {len(means)} others are better in all objectives, by their means"
        return Verdict(trial=trial.number, verb="stop", why=f"stopped at step {step}: {why}")
    if mine[0] <= cut:
        return None
    why = (
        f"stopped at step {step}: best {name_text(objective.metric)} {objective.sign * mine[0]:.4g}, "
        f"cut {objective.sign * cut:.4g}, rank {rank} of {len(means) + 1} by the others' means"
    )
    return Verdict(trial=trial.number, verb="stop", why=why)
