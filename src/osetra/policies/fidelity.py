"""Fidelity: a history as it would be if every training had been compared at one step.

Searchers learn from finished trials with values. Under a scheduler most trainings are cut short at
different steps; at one fidelity they all have a value at the same one, so that any searcher
works with any scheduler.
"""

from __future__ import annotations

import math
from dataclasses import replace

from msgspec.structs import replace as evolved

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.state import State
from osetra.core.trial import Trial
from osetra.schedulers.table import calibrated, table_of


def at_fidelity(problem: Problem, history: History, step: int) -> History:
    """Return the history with every plain trial's value taken at a step.

    Trials that got there count as finished with their value there; shorter ones that wait or were
    stopped, with the value that they are expected to have there; those still on their way stay
    pending, and failures stay failures.
    """
    table = table_of(problem.objective, history)
    values, there = problem.objective.sign * calibrated(table, step), table.has(step)
    compared: dict[int, Trial] = {}
    for row, trial in enumerate(table.trials):
        on_its_way = trial.state in ("queued", "running") and not there[row]
        if table.failed[row] or on_its_way or table.reached[row] == 0:
            continue
        compared[trial.number] = _with_value(trial, float(values[row]))
    return replace(history, trials=history.trials.updated(compared))


def _with_value(trial: Trial, value: float) -> Trial:
    if trial.value == value and trial.state == "finished":
        return trial
    return evolved(trial, state=State.FINISHED if math.isfinite(value) else State.DIVERGED, value=value)
