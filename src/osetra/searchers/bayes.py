"""Bayesian optimisation with a Gaussian process: few trials, chosen with care.

The maths is in `osetra.numerics.bayes`; this file turns a history into its arrays and its points
into configurations with a reason that a person understands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from osetra.core.finite import identity
from osetra.core.history import History
from osetra.core.params import Config
from osetra.core.ports import Suggestion
from osetra.core.problem import Problem
from osetra.core.results import Readings, results
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.numerics import bayes
from osetra.searchers.fresh import repeatable, seed_of, untried

REMEMBERED = 64
"""Fitted hyperparameters that are kept; they save time and change nothing."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the model expects of a configuration, in the user's own direction."""

    predicted: float
    deviation: float
    reason: str
    """Why one would try it, such as "explore: largest uncertainty along dropout"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bayes:
    """The defaults, quasi-random points up to trial `initial`, then the model.

    `beta` is how many standard deviations of optimism a suggestion may hope for.
    """

    initial: int = 3
    beta: float = 1.8
    _memory: bayes.Memory = field(default_factory=dict, init=False, repr=False, compare=False)

    name = "bayes"
    lookahead = 1

    def __post_init__(self) -> None:
        if self.initial < 2:
            raise StudyError(f"Bayes(initial={self.initial}): the model starts from 2 trials or more")
        if not self.beta >= 0:
            raise StudyError(f"Bayes(beta={self.beta}): optimism is 0 or more deviations, such as 1.8")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        order = _by_name(problem.space)
        tried, cube = _tried(problem, history, order), _cube(problem.space, order)
        return self._suggest(problem, history, tried, cube, count, rng)

    def suggest_read(
        self, problem: Problem, history: History, readings: Readings, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions for the end of a full training, from readings of curves.

        The depth of a reading is one more column of the same process, as in freeze-thaw and MOBSTER:
        how early values foretell late ones is learnt with everything else.
        """
        order = _by_name(problem.space)
        begun = len(np.unique(np.concatenate((readings.x, readings.pending)), axis=0))
        if np.isfinite(readings.y).sum() < 2 or begun < self.initial:
            # The design must not take what was read early for something else than what is read late.
            return self.suggest(problem, history, count, rng)
        tried = bayes.Tried(
            np.column_stack((readings.x[:, order], readings.depth)),
            readings.y,
            ~np.isfinite(readings.y),
            np.column_stack((readings.pending[:, order], readings.pending_depth)),
        )
        return self._suggest(problem, history, tried, _deep(_cube(problem.space, order)), count, rng)

    def _suggest(
        self,
        problem: Problem,
        history: History,
        tried: bayes.Tried,
        cube: bayes.Cube,
        count: int,
        rng: np.random.Generator,
    ) -> list[Suggestion]:
        space, known = problem.space, repeatable(problem.space, history)
        order = _by_name(space)
        if len(self._memory) > REMEMBERED:
            self._memory.clear()
        proposals = bayes.suggest(
            tried,
            cube,
            count,
            rng,
            seed=seed_of(history),
            settings=bayes.Settings(initial=self.initial, beta=self.beta),
            memory=self._memory,
        )
        points = np.full((max(count, 0), len(order)), 0.5)
        for row, proposal in enumerate(proposals):
            points[row, order] = proposal.x[: len(order)]
        points[len(proposals) :] = rng.random((len(points) - len(proposals), len(order)))
        found: list[Suggestion] = []
        for row, point in enumerate(points):
            config = untried(space, known, point, rng)
            if config is None:
                break
            known.add(identity(config))
            why = _told(problem, order, proposals[row]) if row < len(proposals) else "not tried before"
            found.append(Suggestion(config, why))
        return found


def explain(problem: Problem, history: History, config: Config) -> Explanation | None:
    """Return what the process predicts for a configuration from a history, whoever suggested it.

    None while fewer than two trials have finished.
    """
    order = _by_name(problem.space)
    tried = _tried(problem, history, order)
    if len(tried.x) - tried.failed.sum() < 2 or not order:
        return None
    model = bayes.learn(tried, _cube(problem.space, order), bayes.Settings(), {})
    proposal = bayes.explained(model, problem.space.encode([config])[0, order])
    mean = problem.objective.sign * proposal.mean
    return Explanation(mean, proposal.deviation, _reason(problem, order, proposal))


def _by_name(space: Space) -> list[int]:
    """Return the columns in alphabetical order, so that the order of declaration does not matter."""
    return sorted(range(len(space.columns)), key=lambda j: space.columns[j].name)


def _cube(space: Space, order: list[int]) -> bayes.Cube:
    columns = [space.columns[j] for j in order]
    back = np.argsort(np.array(order, dtype=np.int64))

    def snap(points: Array) -> Array:
        return space.snap(points[:, back])[:, order]

    return bayes.Cube(
        np.array([column.levels for column in columns], dtype=np.int64),
        np.array([column.categorical for column in columns], dtype=bool),
        snap,
        space.encode([space.default])[0, order],
    )


def _deep(cube: bayes.Cube) -> bayes.Cube:
    """Return the cube with the depth of a reading as one more column, in which only the end is sought."""

    def snap(points: Array) -> Array:
        return np.column_stack((cube.snap(points[:, :-1]), np.ones(len(points))))

    return bayes.Cube(
        np.append(cube.levels, 0), np.append(cube.categorical, False), snap, np.append(cube.default, 1.0)
    )


def _tried(problem: Problem, history: History, order: list[int]) -> bayes.Tried:
    seen = results(problem, history)
    return bayes.Tried(seen.x[:, order], seen.y, ~seen.valid, seen.pending[:, order])


def _told(problem: Problem, order: list[int], proposal: bayes.Proposal) -> str:
    """Return the reason of a suggestion as a sentence."""
    if proposal.reason == "default":
        return "the defaults, tried first"
    if proposal.reason == "design":
        return "quasi-random, before the model has enough to go by"
    metric = problem.objective.metric
    expected = f"{metric} {problem.objective.sign * proposal.mean:.4g} ± {proposal.deviation:.2g} expected"
    return f"{_reason(problem, order, proposal)}; {expected}"


def _reason(problem: Problem, order: list[int], proposal: bayes.Proposal) -> str:
    if proposal.reason == "exploit" or proposal.column < 0:
        return "exploit: best predicted"
    if proposal.column == len(order):
        return "explore: what becomes of it later on is uncertain"
    return f"explore: largest uncertainty along {problem.space.columns[order[proposal.column]].name}"
