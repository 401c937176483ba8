"""Closing: the end of a search whose time is limited.

Trainings that a scheduler has paused are worth little when the time is used up before any was trained to
its end. So nothing new is begun once there is just time to train the best of what waits to its end, and
what was begun first, a person's own values or the defaults, beside it: what the search found has to be
compared with that. How long a training takes is measured on those that ran.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from osetra.core.decisions import Verdict
from osetra.core.history import History
from osetra.core.pace import own_pace, pace
from osetra.core.ports import Budget
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.schedulers.standing import standing_table
from osetra.schedulers.table import CurveTable, calibrated, free

MARGIN = 1.15
"""What a training may take beyond its measured pace: checkpoints, and chance."""
OUTLIVES = 0.25
"""Share of the usual length that a training is expected to go on beyond it."""


def usual_length(table: CurveTable, steps: int) -> int:
    """Return after how many steps trainings end: many stop by themselves long before the last one."""
    ended = table.reached[table.over & table.first & ~table.failed & (table.reached > 0)]
    return max(1, min(steps, int(np.median(ended)))) if len(ended) else steps


def steps_to_end(problem: Problem, history: History, trial: Trial, length: int) -> int:
    """Return how many steps a trial still has; one that outlives the usual length ends some time, too."""
    done = history.step(trial, problem.objective.metric)
    return max(length - done, math.ceil(OUTLIVES * length))


def seconds_to_end(problem: Problem, history: History, trial: Trial, length: int) -> float:
    """Return how long a trial still needs at its own pace; infinite while nobody knows any."""
    metric = problem.objective.metric
    own = own_pace(history, metric, trial)
    each = pace(history, metric, history.trials.values()) if own is None else own
    left = steps_to_end(problem, history, trial, length)
    return MARGIN * each * left if math.isfinite(each) else math.inf


def closing(
    problem: Problem, history: History, budget: Budget, following: float | None
) -> list[Verdict] | None:
    """Return what goes on to its end because the time is nearly used up; None while there is time.

    `following` is the step until which a new trial would be trained, None for its end: another one is begun
    only if the best of what waits can be trained to its end after it.
    """
    if budget.steps is None or math.isinf(budget.seconds):
        return None
    each = pace(history, problem.objective.metric, history.trials.values())
    if math.isnan(each):
        return None
    table = standing_table(problem, history)
    wanted, length = _wanted(problem, history, table, budget.steps), usual_length(table, budget.steps)
    ends = [seconds_to_end(problem, history, trial, length) for trial in wanted]
    before = [MARGIN * each * min(following or length, length)]
    busy = _busy(problem, history, budget, each, length)
    if makespan([*before, *ends], busy) <= budget.seconds:
        return None
    return [_to_the_end(trial, budget.seconds) for trial in wanted]


def makespan(tasks: Iterable[float], busy: Sequence[float]) -> float:
    """Return when the last of some tasks is over, each begun in turn by the worker that is free first.

    `busy` holds for how many seconds each worker (w,) still has something else to do.
    """
    free_at, last = list(busy), 0.0
    for seconds in tasks:
        worker = free_at.index(min(free_at))
        free_at[worker] += seconds
        last = max(last, free_at[worker])
    return last


def _busy(problem: Problem, history: History, budget: Budget, each: float, length: int) -> list[float]:
    """Return for how many seconds each worker has what runs and what is queued already."""

    def seconds(trial: Trial) -> float:
        left = steps_to_end(problem, history, trial, length)
        if trial.until is not None:
            left = min(left, max(0, trial.until - history.step(trial, problem.objective.metric)))
        return MARGIN * each * left

    busy = [seconds(trial) for trial in history.running[: budget.workers]]
    busy += [0.0] * (budget.workers - len(busy))
    for trial in history.queued:
        worker = busy.index(min(busy))
        busy[worker] += seconds(trial)
    return busy


def _wanted(problem: Problem, history: History, table: CurveTable, steps: int) -> list[Trial]:
    """Return which paused trials have to be trained to their end: the best, and the first of all."""
    at_end = calibrated(table, steps)
    waiting = [
        row
        for row, trial in enumerate(table.trials)
        if table.first[row] and free(trial) and np.isfinite(at_end[row])
    ]
    if not waiting:
        return []
    best = min(waiting, key=lambda row: (at_end[row], row))
    rivals = table.first & np.isfinite(at_end) & ~table.failed
    rivals &= table.over | np.array([trial.until is None for trial in table.trials], dtype=bool)
    rivals[waiting] = False
    chosen = [] if rivals.any() and at_end[rivals].min() <= at_end[best] else [best]
    if waiting[0] not in chosen and table.trials[waiting[0]].number == 1:
        chosen.append(waiting[0])
    return [table.trials[row] for row in chosen]


def _to_the_end(trial: Trial, seconds: float) -> Verdict:
    first = "; it was the first of all" if trial.number == 1 else ""
    why = f"goes on to its end: {seconds:.0f} s are left, too few for another trial beside it{first}"
    return Verdict(trial=trial.number, verb="resume", why=why)
