"""Importance: which hyperparameters separate the best trials from the rest, and how sure that is."""

from __future__ import annotations

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import results
from osetra.numerics.importance import FEWEST, importance, intervals
from osetra.views.plain import plain_number

Document = dict[str, object]
DRAWS = 200
"""Resamples behind an interval."""


def importance_panel(problem: Problem, history: History) -> Document:
    """Return the share of each searched column with its 95 % interval, the weightiest first.

    A conditional hyperparameter is judged by the trials that have it: `trials` says how many.
    """
    past = results(problem, history)
    declared, n = list(problem.space.declared), int(np.sum(past.valid))
    columns = [problem.space.columns[j] for j in declared]
    if n < FEWEST or not columns:
        return {"version": history.version, "rows": [], "note": _too_few(n, len(columns))}
    x, y = past.x[past.valid][:, declared], past.y[past.valid]
    # The seeds depend on the history only, so that a figure looks the same tomorrow.
    found = importance(x, y, np.random.default_rng((0, n)))
    low, high = intervals(x, y, np.random.default_rng((1, n)), draws=DRAWS)
    judged = np.sum(~np.isnan(x), axis=0)
    order = np.argsort(-np.nan_to_num(found.share, nan=-1.0), kind="stable")
    rows = [
        {
            "name": columns[j].name,
            "share": _or_none(found.share[j]),
            "low": _or_none(low[j]),
            "high": _or_none(high[j]),
            "chance": _or_none(found.chance[j]),
            "trials": int(judged[j]),
        }
        for j in order.tolist()
    ]
    note = f"what separates the best quarter of {n} trials from the rest, with 95 % intervals"
    return {"version": history.version, "rows": rows, "note": note}


def _too_few(n: int, columns: int) -> str:
    if not columns:
        return "nothing is searched"
    return f"{n} trials have a value, and {FEWEST} are needed before anything can be said"


def _or_none(value: float) -> float | str | None:
    return None if np.isnan(value) else plain_number(round(float(value), 4))
