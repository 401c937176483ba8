"""Folds: a configuration that is bad on two folds of a cross-validation is not tried on the others.

Folds differ in difficulty, so trials are only compared on the same ones.
"""

from __future__ import annotations

import math

import numpy as np

from osetra.core.clean import name_text
from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.schedulers.table import promoted, table_of

FOLDS = 2
"""Completed folds before a trial is compared."""
OTHERS = 4
"""Trials with the same folds that it is compared with at least."""


def judge_folds(problem: Problem, history: History, trial: Trial) -> Verdict | None:
    """Return the verdict about a running trial of a cross-validation after its completed folds.

    It is stopped when the mean of these is worse than the median of the others' means over the same
    folds. It is looked at after report 1, 2, 4, 8, … of a fold: the others change slowly, and reading
    all their folds takes its time.
    """
    table = table_of(problem.objective, history)
    row = table.row(trial.number)
    if row is None or not table.first[row] or promoted(trial):
        return None
    mine = _completed(problem, history, trial)
    reports = len(history.curve(trial, problem.objective.metric, len(mine))[0])
    if len(mine) < FOLDS or reports & (reports - 1):
        return None
    others = []
    for other in np.flatnonzero(table.first & ~table.failed).tolist():
        values = _completed(problem, history, table.trials[other])[: len(mine)]
        if other != row and len(values) == len(mine):
            others.append(float(np.mean(values)))
    if len(others) < OTHERS:
        return None
    value, cut = float(np.mean(mine)), float(np.median(others))
    if value <= cut:
        return None
    sign, rank = problem.objective.sign, 1 + sum(other < value for other in others)
    why = (
        f"stopped after {len(mine)} folds: mean {name_text(problem.objective.metric)} {sign * value:.4g}, "
        f"cut {sign * cut:.4g}, rank {rank} of {len(others) + 1}"
    )
    return Verdict(trial=trial.number, verb="stop", why=why)


def _completed(problem: Problem, history: History, trial: Trial) -> list[float]:
    """Return the values of a trial's completed folds, minimised; infinite where one is not finite."""
    found: list[float] = []
    objective = problem.objective
    while True:
        _, values = history.curve(trial, objective.metric, len(found))
        if not len(values):
            # The last fold seen may still be running.
            return found if trial.state == "finished" else found[:-1]
        finite = objective.sign * values[np.isfinite(values)]
        broken = not len(finite) or not math.isfinite(values[-1])
        found.append(math.inf if broken else float(finite.min() if objective.pick == "best" else finite[-1]))
