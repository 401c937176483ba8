"""Lessons: past studies as seen from a new problem.

Each past study becomes a model of its own outcomes, asked at configurations of the new space that are
carried over into its own. What was best there are the candidates; how good each of them is on every other
past study says which few of them serve nearly any task (`osetra.numerics.portfolio`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.clean import one_line
from osetra.core.edits import holds
from osetra.core.finite import identity
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.experience.names import Way, readable, way_into
from osetra.experience.records import FEWEST, StudyRecord
from osetra.numerics import bayes, portfolio
from osetra.numerics.design import sobol
from osetra.numerics.memory import Memory
from osetra.searchers.bayes import cube_of
from osetra.searchers.threads import one_thread

SHARED = 0.5
"""Share of the searched hyperparameters that a past study has to know."""
LEADERS = 6
"""Best configurations of each past study that are candidates."""
PROBES = 256
"""Points of a past study's space by which its best and its median are known."""
MOST = 32
"""Past studies that are asked at most; each costs some 20 ms."""
TRIED = 4
"""Configurations that are tried first."""
LEAST = 0.01
"""What the next one has to bring on average of the way from a median random configuration to the best."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One past study that a problem can learn from."""

    record: StudyRecord
    into: Way
    """From the past study's configurations to the problem's."""
    back: Way
    model: bayes.Surrogate
    best: float
    median: float
    leaders: tuple[Config, ...]
    """The best configurations, in the past study's own space, best first."""

    @property
    def space(self) -> Space:
        """The past study's space."""
        return self.back.target

    def loss(self, configs: Sequence[Config]) -> Array:
        """Return how far from the past study's best the problem's configurations are there (n,): 0 … 1."""
        points = self.space.encode([self.back.carry(config) for config in configs])
        return portfolio.relative(bayes.predict(self.model, points)[0], self.best, self.median)


def lesson(problem: Problem, record: StudyRecord) -> Lesson | str:
    """Return what a record teaches about a problem, or in a few words why it teaches nothing."""
    goal = problem.objective
    if record.metric == goal.metric and record.direction != goal.direction:
        return f"it made {record.metric} {'smaller' if record.direction == 'minimize' else 'larger'}"
    if record.finished < FEWEST:
        return f"{record.finished} trials with a value, {FEWEST} are needed"
    space = readable(record.space)
    if space is None:
        return "its space is of a kind that this version cannot read"
    into, back = way_into(problem.space, space.names), way_into(space, problem.space.names)
    ours, theirs = set(problem.space.searched), set(space.searched)
    known = [name for name in ours if into.names.get(name) in theirs]
    if not known or len(known) < SHARED * len(ours):
        return f"it searched {len(known)} of {len(ours)} hyperparameters"
    trials = [(config, value) for config, value in record.trials if holds(space, config)]
    y = np.array([np.nan if value is None else record.objective.sign * value for _, value in trials])
    failed = ~np.isfinite(y)
    if len(y) - failed.sum() < FEWEST:
        return (
            f"{len(record.trials) - len(trials)} of its {len(record.trials)} trials lie outside its own space"
        )
    x = space.encode([config for config, _ in trials])
    if float(y[~failed].min()) == float(y[~failed].max()):
        return "all its trials have the same value"
    observed = bayes.Observations(x, y, failed, np.empty((0, x.shape[1])))
    cube = cube_of(space)
    model = bayes.learn(observed, cube, bayes.Settings(), Memory(1))
    probes = bayes.predict(model, cube.snap(sobol(0, PROBES, x.shape[1], 0)))[0]
    order = np.flatnonzero(~failed)[np.argsort(y[~failed], kind="stable")][:LEADERS]
    own = bayes.predict(model, x[order])[0]
    leaders = tuple(trials[row][0] for row in order[np.argsort(own, kind="stable")])
    return Lesson(record, into, back, model, float(own.min()), float(np.median(probes)), leaders)


def lessons(problem: Problem, records: Sequence[StudyRecord]) -> tuple[list[Lesson], list[str]]:
    """Return what records teach about a problem, and a sentence for each that teaches nothing.

    Of many the nearest ones count: those that share the most hyperparameters, then the latest.
    """
    found: list[Lesson] = []
    silent: list[str] = []
    order = sorted(records, key=lambda record: (-_shared(problem.space, record), -record.opened, record.name))
    with one_thread():
        for record in order:
            if len(found) == MOST:
                break
            one = lesson(problem, record)
            if isinstance(one, str):
                silent.append(one_line(f"experience of {record.study} is left out: {one}"))
            else:
                found.append(one)
    return found, silent


def _shared(space: Space, record: StudyRecord) -> int:
    """Return how many searched hyperparameters a record knows by name."""
    return len(way_into(space, record.space).names.keys() & set(space.searched))


def to_try(problem: Problem, found: Sequence[Lesson], most: int = TRIED) -> list[Config]:
    """Return the configurations of a problem to try first, the most helpful one first."""
    candidates: dict[object, Config] = {}
    for one in found:
        for leader in one.leaders:
            config = one.into.carry(leader)
            candidates.setdefault(identity(config), config)
    configs = list(candidates.values())
    if not configs:
        return []
    with one_thread():
        loss = np.column_stack([one.loss(configs) for one in found])
    return [configs[row] for row in portfolio.greedy(loss, np.ones(len(found)), most, LEAST)]
