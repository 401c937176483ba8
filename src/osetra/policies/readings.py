"""Readings: learning curves as rows for a model of configuration and step together.

Every curve is read at R/16, R/8, … R, as far as it got. A model with the step as one more input
needs no assumption on how early values foretell late ones; it learns it.
"""

from __future__ import annotations

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import Readings
from osetra.numerics.halving import ladder
from osetra.schedulers.table import tabled

HALVINGS = 4
"""The first reading is taken after 1/2^HALVINGS of a full training."""


def readings(problem: Problem, history: History, base: int, steps: int) -> Readings:
    """Return the curves of all plain first runs, read at the steps of the ladder up to `steps`.

    A curve that did not get to the first of them is read where it ended. Trials on their way are
    pending at `base` before their first reading, and at the end after it.
    """
    table = tabled(problem.objective, history)
    rungs = ladder(steps, HALVINGS)
    read = [(rung, table.first & ~table.failed & table.has(rung), table.at(rung)) for rung in rungs]
    short = table.first & ~table.failed & (table.reached > 0) & ~table.has(rungs[0])
    short &= np.array([trial.state not in ("queued", "running") for trial in table.trials], dtype=bool)
    rows, depths, values = [], [], []
    for rung, there, at in read:
        there = there & np.isfinite(at)
        rows.append(np.flatnonzero(there))
        depths.append(np.full(there.sum(), _depth(rung, steps)))
        values.append(at[there])
    for row in (*np.flatnonzero(short), *np.flatnonzero(table.failed & table.first)):
        step = max(int(table.reached[row]), 1)
        rows.append(np.array([row]))
        depths.append(np.array([_depth(step, steps)]))
        values.append(np.array([np.nan if table.failed[row] else table.at(step)[row]]))
    under_way = [
        row
        for row, trial in enumerate(table.trials)
        if table.first[row] and trial.state in ("queued", "running") and not table.has(steps)[row]
    ]
    later = np.array([table.reached[row] >= rungs[0] for row in under_way], dtype=bool)
    x = problem.space.encode([trial.config for trial in table.trials])
    every = np.concatenate([np.empty(0, dtype=np.int64), *rows])
    return Readings(
        x[every],
        np.concatenate([np.empty(0), *depths]),
        np.concatenate([np.empty(0), *values]),
        x[under_way],
        np.where(later, 1.0, _depth(base, steps)),
    )


def _depth(step: int, steps: int) -> float:
    """Return where a step stands in a full training, on a log scale."""
    return float(np.log(min(step, steps)) / np.log(steps)) if steps > 1 else 1.0
