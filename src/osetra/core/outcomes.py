"""Outcomes: what trials came to in every metric that counts, where their value alone does not decide.

All metrics of a trial are read at the step at which its first objective counted: the best one, whose weights
early stopping keeps, or the last one. A metric that was not reported by then is read where it was reported
last, for some are measured once, at the end. Runs of one configuration with fresh seeds are averaged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from osetra.core.bounds import Bound, bounds_of
from osetra.core.problem import Objective, Problem

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.core.trial import Trial

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Rows of configurations."""

    values: Array
    """What they came to in every objective (n, m), minimised; NaN where it was never reported."""
    margins: Array
    """By how much they are beyond every bound (n, k): 0 or less where it is kept, NaN where nobody knows."""

    @property
    def excess(self) -> Array:
        """By how much they break every bound (n, k): 0 where it is kept, infinite where nobody knows."""
        return np.where(np.isnan(self.margins), np.inf, np.maximum(self.margins, 0.0))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which have a finite value in every objective (n,)."""
        return np.asarray(np.isfinite(self.values).all(axis=1))

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which keep all bounds (n,)."""
        return np.asarray((self.excess == 0).all(axis=1))


def outcomes(problem: Problem, history: History, trials: list[Trial], *, fresh: bool = False) -> Outcomes:
    """Return what trials came to.

    Args:
        problem: the objectives and bounds.
        history: where their curves are.
        trials: first runs.
        fresh: whether fresh seeds alone count where there are any: the first run of the best of many owes
            part of its value to luck.
    """
    again = history.repeated
    runs = [[*([] if fresh and again.get(t.number) else [t]), *again.get(t.number, ())] for t in trials]
    values = np.empty((len(trials), len(problem.objectives)))
    for column, objective in enumerate(problem.objectives):
        values[:, column] = [
            objective.sign * mean_measured(history, each, problem.objective, objective.metric)
            for each in runs
        ]
    margins = np.empty((len(trials), len(problem.bounds)))
    for column, bound in enumerate(problem.bounds):
        margins[:, column] = [
            bound.margin(mean_measured(history, each, problem.objective, bound.metric)) for each in runs
        ]
    return Outcomes(values, margins)


def measured(history: History, trial: Trial, objective: Objective, metric: str) -> float:
    """Return what a trial came to in a metric, as the mean over its folds; NaN where it never said.

    Args:
        history: where its curves are.
        trial: one with a value.
        objective: the first of the study, which decides at which step a trial counts.
        metric: what is asked.
    """
    if metric == objective.metric:
        return math.nan if trial.value is None else trial.value
    folds: list[float] = []
    while True:
        steps, values = history.curve(trial, metric, len(folds))
        if not len(steps):
            return float(np.mean(folds)) if folds else math.nan
        place = -1
        if objective.pick == "best":
            at, own = history.curve(trial, objective.metric, len(folds))
            own = np.where(np.isfinite(own), objective.sign * own, np.inf)
            if len(at) and np.isfinite(own).any():
                place = int(np.searchsorted(steps, at[int(np.argmin(own))], side="right")) - 1
        folds.append(float(values[place]))


_latest: tuple[History, frozenset[int]] | None = None
"""What was found last: one look at a study asks for it several times."""


def unfit(history: History) -> frozenset[int]:
    """Return the numbers of the first runs with a value that break a limit of their study."""
    global _latest
    opened, limits = history.opened, history.limits
    if opened is None or not limits:
        return frozenset()
    latest = _latest  # once: other threads ask for other studies
    if latest is None or latest[0] is not history:
        objective = Objective(metric=opened.metric, direction=opened.direction, pick=opened.pick)
        bounds, again = bounds_of(limits), history.repeated
        broken = (
            trial.number
            for trial in history.trials.values()
            if trial.repeats is None
            and trial.value is not None
            and _breaks(history, [trial, *again.get(trial.number, ())], objective, bounds)
        )
        latest = _latest = (history, frozenset(broken))
    return latest[1]


def _breaks(history: History, runs: list[Trial], objective: Objective, bounds: tuple[Bound, ...]) -> bool:
    return any(bound.excess(mean_measured(history, runs, objective, bound.metric)) > 0 for bound in bounds)


def mean_measured(history: History, runs: list[Trial], objective: Objective, metric: str) -> float:
    """Return the mean of a metric over the runs of a configuration that said something."""
    values = [measured(history, run, objective, metric) for run in runs]
    said = [value for value in values if not math.isnan(value)]
    return sum(said) / len(said) if said else math.nan
