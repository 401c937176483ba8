"""Slices: each hyperparameter alone against the value, with the best that was reached along it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import Results, results
from osetra.core.space import Column
from osetra.views.panels.decimation import evenly
from osetra.views.panels.parameters import parameter
from osetra.views.plain import plain_data

Document = dict[str, object]
Array = NDArray[np.float64]
Ints = NDArray[np.int64]

BEST, OTHERS = 500, 1_500
"""Points of a slice at most: so many of the best trials, and so many of the others, evenly by number."""
BINS = (4, 20)
"""Stretches of a range in each of which the best is known: the root of the number of trials, within these."""


def slices_panel(problem: Problem, history: History) -> Document:
    """Return points [x, value, trial] for every searched column, and the envelope [x, best value]."""
    past = results(problem, history)
    rows = chosen_rows(past)
    sign = problem.objective.sign
    columns = [(j, problem.space.columns[j]) for j in problem.space.declared]
    return {
        "version": history.version,
        "metric": problem.objective.metric,
        "sign": int(problem.objective.sign),
        "params": [
            {
                **parameter(column.key, column.param, column.name),
                "points": _points(past, column, rows[~np.isnan(past.x[rows, j])], sign),
                "envelope": _envelope(past, column, j, sign),
            }
            for j, column in columns
        ],
    }


def chosen_rows(past: Results) -> Ints:
    """Return the rows (m,) of the trials that are shown, in order."""
    ranked = np.array(past.order, dtype=np.int64)
    if len(ranked) <= BEST + OTHERS:
        return np.sort(ranked)
    rest = np.sort(ranked[BEST:])
    return np.sort(np.concatenate((ranked[:BEST], rest[evenly(len(rest), OTHERS)])))


def _points(past: Results, column: Column, rows: Ints, sign: float) -> list[list[object]]:
    return [
        [plain_data(past.trials[row].config[column.key]), sign * y, past.trials[row].number]
        for row, y in zip(rows.tolist(), past.y[rows].tolist(), strict=True)
    ]


def _envelope(past: Results, column: Column, j: int, sign: float) -> list[list[object]]:
    """Return the best trial of each stretch of a column as [x, value], in order of x."""
    there = np.flatnonzero(past.valid & ~np.isnan(past.x[:, j]))
    if not len(there):
        return []
    x, y = past.x[there, j], past.y[there]
    count = min(max(round(len(there) ** 0.5), BINS[0]), BINS[1])
    count = column.levels if 0 < column.levels <= BINS[1] else count
    cells = np.floor(x * count).clip(0, count - 1).astype(np.int64)
    order = np.lexsort((y, cells))
    first = order[np.unique(cells[order], return_index=True)[1]]
    best = first[np.argsort(x[first], kind="stable")]
    found = [past.trials[there[row]].config[column.key] for row in best.tolist()]
    return [[plain_data(at), sign * value] for at, value in zip(found, y[best].tolist(), strict=True)]
