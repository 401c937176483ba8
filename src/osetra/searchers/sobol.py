"""Quasi-random search: a scrambled Sobol' sequence, which leaves smaller gaps than random points.

Source: Bousquet et al. 2017, "Critical hyper-parameters: no random, no cry", arXiv:1706.03200.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.numerics.design import sobol
from osetra.searchers.beliefs import as_believed, believed
from osetra.searchers.fresh import DEFAULTS, fresh, fresh_default, repeatable


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Sobol:
    """The defaults, then one point of the sequence per trial.

    The point of a trial depends on the study's seed and the trial's number only, so a study that
    was interrupted, or that grows later, goes on with the same sequence.
    """

    defaults_first: bool = True

    name = "sobol"
    lookahead = 8

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        belief = believed(problem, history)
        return sequence(
            problem.space,
            history,
            count,
            why=_why,
            defaults_first=self.defaults_first,
            placed=lambda number, points: as_believed(belief, number, history.seed, points),
        )


def sequence(
    space: Space,
    history: History,
    count: int,
    *,
    why: Callable[[int], str],
    defaults_first: bool,
    placed: Callable[[int, Array], Array] = lambda _, points: points,
) -> list[Suggestion]:
    """Return the suggestions of the next `count` trials; `placed` moves points (n, d) of a trial's number."""
    seed, known, first = history.seed, repeatable(space, history), history.next_trial
    numbers = range(first, first + max(count, 0))
    points = _points(numbers, len(space.columns), seed, int(defaults_first))
    found: list[Suggestion] = []
    for number, point in zip(numbers, points, strict=True):
        config, reason = fresh_default(space, known) if defaults_first else None, DEFAULTS
        if config is None:
            # Not the generator of the call, so that a batch equals its members asked for one by one.
            rng = np.random.default_rng((seed, number))
            there = partial(placed, number)
            config, reason = fresh(space, known, there(point[None]), rng, there), why(number)
        if config is None:
            break
        found.append(Suggestion(config, reason))
    return found


def _why(number: int) -> str:
    return f"quasi-random over the whole space, point {number}"


def _points(numbers: range, d: int, seed: int, defaults: int) -> Array:
    """Return the points (n, d) of consecutive trials, which are numbered from 1."""
    start = numbers.start - 1 - defaults
    if start >= 0:
        return sobol(start, len(numbers), d, seed)
    # Trial 1 takes the defaults and must not use up a point: the sequence is balanced from its first.
    return np.concatenate([np.full((1, d), 0.5), sobol(0, max(len(numbers) - 1, 0), d, seed)])[: len(numbers)]
