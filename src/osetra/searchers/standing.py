"""Standing: results by rank, for searchers that only ask which of two trials is the better one.

Where one objective decides alone, a trial's value says it. With several objectives, or with limits, it is
the place that NSGA-II gives a trial: what keeps the limits first, there by non-dominated front and within it
by how far from its neighbours it lies, then what breaks them, by how far.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from osetra.core.history import History
from osetra.core.outcomes import outcomes
from osetra.core.problem import Problem
from osetra.core.results import Results, results
from osetra.numerics.pareto import places, total_violation


def standing(problem: Problem, history: History) -> Results:
    """Return the results of a study, whose `y` are places where a trial's value does not decide alone."""
    past = results(problem, history)
    if problem.plain:
        return past
    found = outcomes(problem, history, list(past.trials))
    known = past.valid & found.known
    y = np.full(len(past.y), np.nan)
    y[known] = places(found.values[known], total_violation(found.excess[known]))
    return replace(past, y=y)
