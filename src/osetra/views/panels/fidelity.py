"""Fidelity: do early ranks foretell late ones, and how many trials got how far?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.schedulers.table import CurveTable, table_of
from osetra.views.panels.rungs import rung_steps, rungs
from osetra.views.plain import plain_number

Document = dict[str, object]
Array = NDArray[np.float64]

FEWEST = 4
"""Fewer trials at both of two steps have no rank correlation worth the name."""
WEAK = 0.5
"""Below this, ranks at one step say little about those at the other."""


def fidelity_panel(problem: Problem, history: History) -> Document:
    """Return who went on at every rung, and Spearman's rank correlation between all pairs of steps.

    Steps are the rungs and the end of a full training; without rungs an eighth, a quarter, a half and
    the end. Only trials that got to both steps are compared, so the better ones are compared more often.
    """
    table, steps = table_of(problem.objective, history), _steps(history)
    values = [np.where(table.first & (table.reached >= step), table.at(step), np.nan) for step in steps]
    pairs = [[_pair(one, other) for other in values] for one in values]
    return {
        "version": history.version,
        "rungs": [
            {"step": r.step, "started": r.started, "promoted": r.promoted, "stopped": r.stopped}
            for r in rungs(problem, history)
        ],
        "steps": steps,
        "rho": [[plain_number(None if rho is None else round(rho, 4)) for rho, _ in row] for row in pairs],
        "n": [[n for _, n in row] for row in pairs],
        "note": _note(table, steps, pairs),
    }


def spearman(one: Array, other: Array) -> float | None:
    """Return the rank correlation of values (n,) and (n,), ties at their mean rank; None of a constant."""
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size > 0 else None


def _ranks(values: Array) -> Array:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    found: Array = (last - (count - 1) / 2)[place]
    return found


def _pair(one: Array, other: Array) -> tuple[float | None, int]:
    both = np.isfinite(one) & np.isfinite(other)
    n = int(np.sum(both))
    return (spearman(one[both], other[both]) if n >= FEWEST else None), n


def _steps(history: History) -> list[int]:
    full = history.steps or 0
    found = rung_steps(history)
    if not found and full:
        found = [max(1, round(full * share)) for share in (0.125, 0.25, 0.5)]
    return sorted({*found, *([full] if full else [])})


def _note(
    table: CurveTable, steps: Sequence[int], pairs: Sequence[Sequence[tuple[float | None, int]]]
) -> str:
    if table.folds:
        return "trainings report several folds; the first one is compared"
    if len(steps) < 2:
        return "too few steps to compare: no training has said how long it is"
    rho, n = pairs[0][-1]
    if rho is None:
        return f"too few trials got from step {steps[0]} to step {steps[-1]}: {n}, and {FEWEST} are needed"
    ranks = (
        f"ranks at step {steps[0]} and at step {steps[-1]} of {n} trials that got there agree by {rho:.2f}"
    )
    if rho < WEAK:
        return f"{ranks}: early values say little about late ones; compare later, or cut less"
    return ranks
