"""The curves of the best finished trials, which several rules look at, and what most of them share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array

TOP = 5
"""How many of the best trials are looked at."""
FEWEST = 3
"""Of the best trials that have to show the same before it is said of the study."""


def best_curves(problem: Problem, history: History, metric: str, shortest: int) -> list[tuple[int, Array]]:
    """Return number and finite curve (n,) of those of the five best trials with `shortest` reports."""
    top = history.ranked(problem.objective)[:TOP]
    curves = [(trial.number, history.curve(trial, metric)[1]) for trial in top]
    return [(n, curve) for n, curve in curves if len(curve) >= shortest and np.all(np.isfinite(curve))]


def shared(curves: list[tuple[int, Array]], shows: Callable[[Array], bool]) -> list[int]:
    """Return the numbers of the trials that show something; none unless most of them, and three, do."""
    found = [number for number, curve in curves if shows(curve)]
    return found if len(found) >= FEWEST and len(found) > len(curves) / 2 else []
