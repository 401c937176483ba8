"""Parallel coordinates: an axis for every hyperparameter on its own scale, and one for the objective."""

from __future__ import annotations

import math

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import results
from osetra.views.axis import fit
from osetra.views.panels.parameters import searched

Document = dict[str, object]


def parallel_panel(problem: Problem, history: History) -> Document:
    """Return the axes, the objective last; the lines are the rows of the trials table.

    Options without an order stand by the median of their finished trials, the best first.
    """
    axes = searched(problem.space)
    for axis in axes:
        if axis["kind"] == "choice":
            axis["values"] = _by_median(problem, history, str(axis["name"]), axis["values"])
    return {"version": history.version, "axes": [*axes, objective_axis(problem, history)]}


def objective_axis(problem: Problem, history: History) -> Document:
    """Return the axis of the objective: outliers on the bad side lie beyond its end."""
    sign, past = problem.objective.sign, results(problem, history)
    axis = fit([sign * past.y[past.valid]], sign=sign)
    return {
        "name": problem.objective.metric,
        "label": problem.objective.metric,
        "kind": "objective",
        "scale": "log" if axis.log else "linear",
        "low": axis.low,
        "high": axis.high,
        "step": None,
        "values": None,
        "default": None,
        "when": None,
        "sign": int(problem.objective.sign),
    }


def _by_median(problem: Problem, history: History, name: str, options: object) -> list[object]:
    assert isinstance(options, list)
    values: dict[str, list[float]] = {}
    for trial in history.finished:
        if name in trial.config:
            values.setdefault(str(trial.config[name]), []).append(trial.value or 0.0)
    sign = problem.objective.sign

    def median(option: object) -> float:
        mine = values.get(str(option))
        return sign * float(np.median(np.array(mine) / 2)) if mine else math.inf

    return sorted(options, key=median)
