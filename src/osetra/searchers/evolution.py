"""Evolution: a small population in which every trial challenges one member and replaces it if better.

The population is no state but a question to the history: member k is the best trial whose number
leaves the remainder k, which is exactly what replace-if-better comes to. Any number of workers can
challenge at once, and results may arrive in any order.

A challenger is the differential move of Storn & Price from the winner of a tournament, crossed with
the member, and now and then mutated in one coordinate as Real et al. do. On spheres, Rosenbrock,
Ackley with choices and a conditional space that was ahead of either source alone, whose base is
drawn blindly or whose children differ in one coordinate only.

With several objectives the population is what NSGA-II keeps: of all trials so far the best by front and by
distance from their neighbours. Every trial is a child of two of them, each the better one of a pair.

Sources: Storn & Price 1997 (differential evolution); Real et al. 2019 (regularised evolution); Deb et al.
2002 (NSGA-II, here one child at a time); equations in `osetra.numerics.evolution`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.finite import Identity, identity
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.results import Results
from osetra.core.scales import Array
from osetra.errors import StudyError
from osetra.numerics.evolution import Ints, differential, mutated, recombined, tournament
from osetra.searchers.beliefs import as_believed, believed
from osetra.searchers.fresh import fresh, repeatable
from osetra.searchers.sobol import sequence
from osetra.searchers.standing import standing

FEWEST = 4
"""A member and three others are the least that a differential move needs."""
SEVERAL = 2
"""So many times the members with several objectives: a front takes more of them than one best point."""
NEARNESS = 10.0
"""Eta of the crossover."""


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution:
    """A population of `population` members, begun with the defaults and a Sobol' sequence.

    `weight` is F, the length of a differential move; `crossover` is CR, the chance that a
    coordinate takes part in it; `rivals` is the size of the tournament for the base; `mutation` is
    the chance that one coordinate of the challenger is changed afterwards.
    """

    population: int = 10
    weight: float = 0.5
    crossover: float = 0.5
    rivals: int = 5
    mutation: float = 0.3

    name = "evolution"
    lookahead = 1

    def __post_init__(self) -> None:
        if self.population < FEWEST:
            raise StudyError(f"Evolution(population={self.population}): at least {FEWEST} are needed")
        if self.rivals < 1:
            raise StudyError(f"Evolution(rivals={self.rivals}): a tournament needs at least 1")
        if not 0 < self.weight <= 2:
            raise StudyError(f"Evolution(weight={self.weight}): a number in (0, 2] is needed, such as 0.5")
        for field in ("crossover", "mutation"):
            if not 0 <= getattr(self, field) <= 1:
                raise StudyError(f"Evolution({field}={getattr(self, field)}): a chance from 0 to 1 is needed")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        space, past = problem.space, standing(problem, history)
        members = _members(past, self.population)
        numbers = range(history.next_trial, history.next_trial + max(count, 0))
        young = (
            sum(number <= self.population for number in numbers) if len(members) >= FEWEST else len(numbers)
        )
        why = "a first member of the population, quasi-random point {}"
        belief = believed(problem, history)
        found = sequence(
            space,
            history,
            young,
            why=why.format,
            defaults_first=True,
            placed=lambda number, points: as_believed(belief, number, history.seed, points),
        )
        if young == len(numbers) or len(found) < young:
            return found
        levels = np.array([c.levels if c.categorical else 0 for c in space.columns], dtype=np.int64)
        known = repeatable(space, history) | {identity(s.config) for s in found}
        if problem.others:
            return [*found, *self._children(problem, past, levels, known, len(numbers) - young, rng)]
        for number in numbers[young:]:
            slot = number % self.population
            target = members.get(slot, next(iter(members.values())))
            rows = np.array(list(members.values()))
            config = fresh(space, known, self._challenger(past, levels, target, rows, rng)[None], rng)
            if config is None:
                break
            found.append(
                Suggestion(config, f"challenges trial {past.trials[target].number} of the population")
            )
        return found

    def _children(
        self,
        problem: Problem,
        past: Results,
        levels: Ints,
        known: set[Identity],
        count: int,
        rng: np.random.Generator,
    ) -> list[Suggestion]:
        """Return up to `count` children of the best; fewer mean that the space is exhausted."""
        rows = np.array(past.order[: SEVERAL * self.population])
        found: list[Suggestion] = []
        for _ in range(count):
            one, other = (rows[tournament(past.y[rows], 2, rng)] for _ in range(2))
            point = recombined(past.x[one], past.x[other], levels, NEARNESS, rng)
            same = np.array_equal(point, past.x[one], equal_nan=True)
            if same or rng.random() < self.mutation:
                point = mutated(point, levels, rng)
            config = fresh(problem.space, known, point[None], rng)
            if config is None:
                break
            parents = f"trials {past.trials[one].number} and {past.trials[other].number}"
            found.append(Suggestion(config, f"a child of {parents} of the population"))
        return found

    def _challenger(
        self,
        past: Results,
        levels: Ints,
        target: int,
        rows: Ints,
        rng: np.random.Generator,
    ) -> Array:
        x = past.x
        base = rows[tournament(past.y[rows], self.rivals, rng)]
        left, right = rng.choice(rows[(rows != target) & (rows != base)], 2, replace=False)
        point = differential(x[target], x[[base, left, right]], levels, self.weight, self.crossover, rng)
        return mutated(point, levels, rng) if rng.random() < self.mutation else point


def _members(past: Results, population: int) -> dict[int, int]:
    """Return the row of every member of the population, by the remainder of its trial's number."""
    members: dict[int, int] = {}
    for row in past.order[::-1]:
        members[past.trials[row].number % population] = row
    return dict(sorted(members.items()))
