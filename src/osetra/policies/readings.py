"""Readings: learning curves as rows for a model of configuration and step together.

Every curve is read at R/16, R/8, … R, as far as it got. A model with the step as one more input
needs no assumption on how early values foretell late ones; it learns it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osetra.core.edits import readable
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import Readings
from osetra.numerics.halving import ladder
from osetra.schedulers.table import table_of

Ints = NDArray[np.int64]

HALVINGS = 4
"""The first reading is taken after 1/2^HALVINGS of a full training."""


def readings(problem: Problem, history: History, base: int, steps: int) -> Readings:
    """Return the curves of all plain first runs, read at the steps of the ladder up to `steps`.

    A curve that did not get to the first of them is read where it ended. Rows stand in the order in
    which the readings came, so that those of a longer history follow. Trials on their way are pending
    at `base` before their first reading, and at the end after it.
    """
    table = table_of(problem.objective, history)
    rungs = ladder(steps, HALVINGS)
    came = _arrivals(history, problem.objective.metric, [t.number for t in table.trials], rungs)
    active = np.array([trial.state in ("queued", "running") for trial in table.trials], dtype=bool)
    mine = {trial.number for trial in readable(problem.space, history, table.trials)}
    inside = np.array([trial.number in mine for trial in table.trials], dtype=bool)
    whole = table.first & ~table.failed & inside
    rows, depths, values, times = [], [], [], []
    for place, rung in enumerate(rungs):
        at = table.at(rung)
        there = np.flatnonzero(whole & table.has(rung) & np.isfinite(at))
        rows.append(there)
        depths.append(np.full(len(there), _depth(rung, steps)))
        values.append(at[there])
        times.append(came[there, place])
    short = whole & (table.reached > 0) & ~table.has(rungs[0]) & ~active
    for row in (*np.flatnonzero(short), *np.flatnonzero(table.failed & table.first & inside)):
        step = max(int(table.reached[row]), 1)
        rows.append(np.array([row]))
        depths.append(np.array([_depth(step, steps)]))
        values.append(np.array([np.nan if table.failed[row] else table.at(step)[row]]))
        times.append(came[row, -1:])
    read = [trial.config if there else {} for trial, there in zip(table.trials, inside, strict=True)]
    x = problem.space.encode(read)
    order = np.argsort(np.concatenate(times), kind="stable")
    under_way = np.flatnonzero(table.first & active & ~table.has(steps) & inside)
    return Readings(
        x[np.concatenate(rows)[order]],
        np.concatenate(depths)[order],
        np.concatenate(values)[order],
        x[under_way],
        np.where(table.reached[under_way] >= rungs[0], 1.0, _depth(base, steps)),
    )


def _arrivals(history: History, metric: str, trials: Sequence[int], rungs: Sequence[int]) -> Ints:
    """Return when trials (n,) got to rungs (r,) as numbers of reports (n, r); their last one if never."""
    (owners, _, _, steps), _ = history.curves.all(metric)
    came = history.curves.arrivals(metric)
    # Points may be ahead of the facts that they were read with.
    most = max(int(owners.max(initial=0)), *history.trials, 0)
    place = np.full(most + 1, len(history.curves), dtype=np.int64)
    place[owners] = came  # the last one stays
    found = np.repeat(place[list(trials)][:, None], len(rungs), axis=1)
    for column, rung in enumerate(rungs):
        there = np.flatnonzero(steps >= rung)[::-1]
        first = place.copy()
        first[owners[there]] = came[there]  # the first one stays
        found[:, column] = first[list(trials)]
    return found


def _depth(step: int, steps: int) -> float:
    """Return where a step stands in a full training, on a log scale."""
    return float(np.log(min(step, steps)) / np.log(steps)) if steps > 1 else 1.0
