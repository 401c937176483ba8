"""Beliefs of a space as searchers use them: as long as what was seen does not speak against them.

A hyperparameter's belief is left once trials are the worse the more was believed of them
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
    """Return a note that beliefs are left from now on, if any are."""
    left = [] if belief_of(problem.space) is None else _contradicted(problem, history)
    if not left:
        return ()
    names = ", ".join(name_text(column.name) for column in left)
    many = len(standing(problem, history).y)
    text = f"what was believed of {names} is left: the better ones of {many} trials lie away from it"
    data = {"params": {column.name: format_param(column.param) for column in left}}
    return (Noted(TOPIC, str(len(history.noted(TOPIC)) + 1), text, data),)


def _contradicted(problem: Problem, history: History) -> list[Column]:
    """Return the columns whose belief what was seen speaks against, and that are not noted yet."""
    belief = belief_of(problem.space, frozenset(_noted(problem.space, history)))
    if belief is None:
        return []
    past = standing(problem, history)
    y, columns = np.where(past.valid, past.y, np.inf), problem.space.columns
    if beliefs.contradicted(beliefs.log_density(belief, past.x), y, beliefs.AGAINST_ALL):
        return [columns[j] for j in belief.columns]
    found = []
    for j in belief.columns:
        active = ~np.isnan(past.x[:, j])
        density = beliefs.log_density(belief.of(j), past.x[active])
        if beliefs.contradicted(density, y[active], beliefs.AGAINST):
            found.append(columns[j])
    return found


def _noted(space: Space, history: History) -> set[str]:
    """Return the names of columns whose belief, as it is now, was left before."""
    now = {column.name: format_param(column.param) for column in space.columns}
    said = [pair for note in history.noted(TOPIC) for pair in note.data.get("params", {}).items()]
    return {name for name, param in said if now.get(name) == param}


def _mean_and_deviation(param: Searched | None) -> tuple[float, float]:
    found = None if param is None or isinstance(param, (Choice, Ordinal)) else param.believed()
    return (0.5, np.inf) if found is None else found


def _weights(param: Searched | None) -> Array | None:
    if not isinstance(param, (Choice, Ordinal)) or param.weights is None:
        return None
    return np.array(param.weights)
