"""Beliefs of a space as searchers use them: as long as what was seen does not speak against them.

A hyperparameter's belief is left once the trials within it are worse than the others
(`osetra.numerics.beliefs.contradicted`), which is a note in the log and holds until a person changes it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from osetra.core.clean import name_text
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.params import Choice, Ordinal, Searched
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Column, Space
from osetra.core.text import format_param
from osetra.numerics import beliefs
from osetra.numerics.beliefs import Belief
from osetra.searchers.standing import standing

TOPIC = "belief"


@lru_cache(64)
def belief_of(space: Space, left: frozenset[str] = frozenset()) -> Belief | None:
    """Return what a space says of where the best lies, but for columns of some names; None for nothing."""
    columns = [None if column.name in left else column.param for column in space.columns]
    pairs = [_mean_and_deviation(param) for param in columns]
    found = Belief(
        np.array([mean for mean, _ in pairs]),
        np.array([deviation for _, deviation in pairs]),
        tuple(_weights(param) for param in columns),
    )
    return found if found.columns else None


def believed(problem: Problem, history: History) -> Belief | None:
    """Return the beliefs that stand after what a study has seen; None for none."""
    if belief_of(problem.space) is None:
        return None
    left = _noted(problem.space, history) | {column.name for column in _contradicted(problem, history)}
    return belief_of(problem.space, frozenset(left))


def drawn(problem: Problem, history: History, points: Array) -> Array:
    """Return points (n, d), one for each of the next trials, as beliefs have them for a share that fades."""
    belief, first = believed(problem, history), history.next_trial
    if belief is None or not len(points):
        return points
    return np.concatenate(
        [as_believed(belief, first + i, history.seed, row) for i, row in enumerate(points[:, None])]
    )


def as_believed(belief: Belief | None, number: int, seed: int, points: Array) -> Array:
    """Return points (n, d) for a trial of a number: where a belief has them, for a share that fades."""
    if belief is None or np.random.default_rng((seed, number, 1)).random() >= beliefs.share(number - 1):
        return points
    return beliefs.draws(belief, points)


def farewell(problem: Problem, history: History) -> tuple[Noted, ...]:
    """Return a note for each belief that is left from now on."""
    if belief_of(problem.space) is None:
        return ()
    before = len(history.noted(TOPIC))
    return tuple(
        Noted(
            TOPIC,
            str(before + i),
            f"the belief about {name_text(column.name)} is left: of {history.next_trial - 1} trials those "
            f"within it are worse than the others ({_said(column.param)})",
            {"column": column.name, "param": format_param(column.param), "trial": history.next_trial},
        )
        for i, column in enumerate(_contradicted(problem, history), start=1)
    )


def _contradicted(problem: Problem, history: History) -> list[Column]:
    """Return the columns whose belief what was seen speaks against, and that are not noted yet."""
    belief = belief_of(problem.space, frozenset(_noted(problem.space, history)))
    if belief is None:
        return []
    past = standing(problem, history)
    y, found = np.where(past.valid, past.y, np.inf), []
    for j in belief.columns:
        active = ~np.isnan(past.x[:, j])
        if beliefs.contradicted(beliefs.within(belief, j, past.x[active]), y[active]):
            found.append(problem.space.columns[j])
    return found


def _noted(space: Space, history: History) -> set[str]:
    """Return the names of columns whose belief, as it is now, was left before."""
    now = {column.name: format_param(column.param) for column in space.columns}
    said = [(note.data.get("column"), note.data.get("param")) for note in history.noted(TOPIC)]
    return {name for name, param in said if name in now and now[name] == param}


def _mean_and_deviation(param: Searched | None) -> tuple[float, float]:
    found = None if param is None or isinstance(param, (Choice, Ordinal)) else param.believed()
    return (0.5, np.inf) if found is None else found


def _weights(param: Searched | None) -> Array | None:
    if not isinstance(param, (Choice, Ordinal)) or param.weights is None:
        return None
    return np.array(param.weights)


def _said(param: Searched) -> str:
    if isinstance(param, (Choice, Ordinal)):
        weights = param.weights or ()
        best = [
            str(o) for o, w in zip(param.options, weights, strict=True) if w > sum(weights) / len(weights)
        ]
        return f"{' or '.join(best)} thought best"
    return str(param.prior)
