"""Trials as rows of plain values, and as a table of pandas.

One namespace holds our own columns and names that users chose, and no column may hide another. Ours keep
their names. The objective, hyperparameters and reported metrics keep theirs where they are free, and are
called `metric.NAME` and `config.NAME` where they are not. What is remembered of trials is `attrs.NAME`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from osetra.core.history import Array, History
from osetra.core.numbers import mean_and_deviation
from osetra.core.problem import Objective, Problem
from osetra.core.trial import Trial
from osetra.errors import MissingExtra
from osetra.views.panels.front import front_panel

OWN = (*("trial", "state", "seconds", "attempts", "seed", "repeats", "by", "why", "reason", "steps"),)
"""The columns of every table that are not named by users, but for those below."""
EXTRA = ("folds", "spread", "steered", "pieces", "standing")


def records(problem: Problem, history: History, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return one plain dict per trial.

    Where a trial's value alone does not decide, `standing` is "front", "dominated" or "infeasible".
    """
    columns = Columns.of(problem, history)
    rows = [_record(problem, history, trial, columns) for trial in trials]
    if not problem.plain:
        panel = front_panel(problem, history)
        standing = dict(zip(panel["trials"], panel["state"], strict=True))
        for row in rows:
            row["standing"] = standing.get(row["trial"])
    return rows


def frame(rows: list[dict[str, Any]]) -> Any:
    """Return records as a pandas DataFrame; raises MissingExtra when pandas is absent."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("to_frame() needs pandas: pip install pandas; or use study.records()") from None
    return pd.DataFrame(rows)


class Columns:
    """What the columns are called that users named."""

    def __init__(
        self, objective: str, names: Iterable[str], metrics: Iterable[str], attrs: Iterable[str] = ()
    ) -> None:
        taken = {*OWN, *EXTRA}
        self.objective = _free(objective, "metric.", taken)
        """The column of the objective's value."""
        self.names: Mapping[str, str] = {name: _free(name, "config.", taken) for name in names}
        """The column of each hyperparameter."""
        self.attrs: Mapping[str, str] = {name: _free(f"attrs.{name}", "attrs.", taken) for name in attrs}
        """The column of each attribute."""
        self.metrics: Mapping[str, tuple[str, str]] = {
            name: (_free(f"{name}.last", "metric.", taken), _free(f"{name}.best", "metric.", taken))
            for name in metrics
        }
        """The columns of each reported metric: its last value, and that at the objective's best step."""

    @classmethod
    def of(cls, problem: Problem, history: History) -> Columns:
        """Return the columns of a study."""
        attrs = dict.fromkeys(chain.from_iterable(history.trials.derived(_attrs)))
        return cls(problem.objective.metric, problem.space.names, history.curves.metrics, attrs)


def _attrs(trials: Sequence[Trial]) -> list[str]:
    """Return the names of what is remembered of the trials of a block."""
    return list(dict.fromkeys(name for trial in trials for name in trial.attrs))


def _free(name: str, prefix: str, taken: set[str]) -> str:
    """Return a name with as many prefixes as it needs to be a new one, and take it."""
    while name in taken:
        name = prefix + name
    taken.add(name)
    return name


def _record(problem: Problem, history: History, trial: Trial, columns: Columns) -> dict[str, Any]:
    curves = {metric: _folds(history, trial, metric) for metric in columns.metrics}
    longest = max(curves.values(), key=len, default=[])
    steps = [int(found[-1]) for folds in curves.values() for found, _ in folds]
    return {
        "trial": trial.number,
        "state": str(trial.state),
        columns.objective: trial.value,
        "seconds": trial.seconds,
        "attempts": len(trial.attempts),
        "seed": trial.seed,
        "repeats": trial.repeats,
        "by": trial.by,
        "why": trial.why,
        "reason": trial.reason,
        **{column: trial.config.get(name) for name, column in columns.names.items()},
        "steps": max(steps, default=0),
        "folds": len(longest),
        "spread": _spread(curves.get(problem.objective.metric, []), problem.objective),
        **_metrics(curves, problem.objective, columns.metrics),
        **{column: trial.attrs.get(name) for name, column in columns.attrs.items()},
    }


def _folds(history: History, trial: Trial, metric: str) -> list[tuple[Array, Array]]:
    """Return steps (n,) and values (n,) of a metric, fold by fold."""
    found: list[tuple[Array, Array]] = []
    while True:
        steps, values = history.curve(trial, metric, len(found))
        if not len(steps):
            return found
        found.append((steps.astype(np.float64), values))


def _metrics(
    curves: Mapping[str, list[tuple[Array, Array]]],
    objective: Objective,
    columns: Mapping[str, tuple[str, str]],
) -> dict[str, float | None]:
    """Return the last value of each metric, and the one at the objective's best step, as means over folds."""
    best = [_best_step(*curve, objective) for curve in curves.get(objective.metric, [])]
    row: dict[str, float | None] = {}
    for metric, (last, at_best) in columns.items():
        folds = curves[metric]
        row[last] = _mean([float(values[-1]) for _, values in folds])
        reached = [_value_at(*curve, step) for curve, step in zip(folds, best, strict=False)]
        row[at_best] = _mean([value for value in reached if value is not None]) if best else row[last]
    return row


def _best_step(steps: Array, values: Array, objective: Objective) -> float:
    """Return the step with the best finite value, the last one where none is finite."""
    worth = np.where(np.isfinite(values), objective.sign * values, math.inf)
    return float(steps[int(np.argmin(worth))] if np.isfinite(worth).any() else steps[-1])


def _value_at(steps: Array, values: Array, step: float) -> float | None:
    """Return the latest value at or before a step; None before the first."""
    place = int(np.searchsorted(steps, step, side="right")) - 1
    return float(values[place]) if place >= 0 else None


def _spread(folds: Sequence[tuple[Array, Array]], objective: Objective) -> float | None:
    """Return the standard deviation of what the folds are worth; None of fewer than two."""
    last = objective.pick == "last"
    worth = [
        _value_at(steps, values, steps[-1] if last else _best_step(steps, values, objective))
        for steps, values in folds
    ]
    finite = [value for value in worth if value is not None and math.isfinite(value)]
    return mean_and_deviation(finite)[1] if len(finite) > 1 else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
