"""Bayesian optimisation with a Gaussian process: few trials, chosen with care.

The maths is in `osetra.numerics.bayes`, and with several objectives or limits in `osetra.numerics.several`;
this file turns a history into its arrays and its points into configurations with a reason that a person
understands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.clean import name_text
from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.edits import readable
from osetra.core.history import History
from osetra.core.outcomes import outcomes
from osetra.core.pace import own_pace
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.results import Readings, results
from osetra.core.scales import Array
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.numerics import bayes, gp, several
from osetra.numerics.cost import Paces
from osetra.numerics.memory import Memory
from osetra.numerics.warp import beyond
from osetra.searchers.beliefs import believed
from osetra.searchers.fresh import DEFAULTS, fresh, repeatable
from osetra.searchers.threads import one_thread

_HYPER = Memory[gp.Hyper](64)
"""Fitted hyperparameters by what they were learnt from; the digest covers columns, trials and settings."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the model expects of a configuration, in the user's own direction."""

    predicted: float
    deviation: float
    reason: str
    """Why one would try it, such as "explore: largest uncertainty along dropout"."""


@settings_checked
@dataclass(frozen=True, slots=True, kw_only=True)
class Bayes:
    """The defaults, quasi-random points up to trial `initial`, then the model.

    `beta` is how many standard deviations of optimism a suggestion may hope for. `thrift` is the power of the
    seconds that a training takes by which its gain is divided: 0 unless a search is limited by time, which
    cools it from 1 to 0.
    """

    initial: int = 3
    beta: float = 1.8
    thrift: float = 0.0

    name = "bayes"
    lookahead = 1

    def __post_init__(self) -> None:
        if self.initial < 2:
            raise StudyError(f"Bayes(initial={self.initial}): the model starts from 2 trials or more")
        if not self.beta >= 0:
            raise StudyError(f"Bayes(beta={self.beta}): optimism is 0 or more deviations, such as 1.8")
        if not 0 <= self.thrift <= 1:
            raise StudyError(f"Bayes(thrift={self.thrift}): the power of the seconds is between 0 and 1")

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        if not problem.plain:
            return self._several(problem, history, count, rng)
        observed = _observed(problem, history)
        return self._suggest(problem, history, observed, _believing(problem, history), count, rng)

    def suggest_from_curves(
        self, problem: Problem, history: History, readings: Readings, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions for the end of a full training, from readings of curves.

        The depth of a reading is one more column of the same process, as in freeze-thaw and MOBSTER:
        how early values foretell late ones is learnt with everything else.
        """
        begun = len(np.unique(np.concatenate((readings.x, readings.pending)), axis=0))
        if np.isfinite(readings.y).sum() < 2 or begun < self.initial or not problem.plain:
            # The design must not take what was read early for something else than what is read late.
            return self.suggest(problem, history, count, rng)
        observed = bayes.Observations(
            np.column_stack((readings.x, readings.depth)),
            readings.y,
            ~np.isfinite(readings.y),
            np.column_stack((readings.pending, readings.pending_depth)),
        )
        return self._suggest(problem, history, observed, _deep(_believing(problem, history)), count, rng)

    def _suggest(
        self,
        problem: Problem,
        history: History,
        observed: bayes.Observations,
        cube: bayes.Cube,
        count: int,
        rng: np.random.Generator,
    ) -> list[Suggestion]:
        space, known = problem.space, repeatable(problem.space, history)
        settings = bayes.Settings(initial=self.initial, beta=self.beta)
        observed = replace(observed, paces=_paces(problem, history, self.thrift))
        with one_thread():
            proposals = bayes.suggest(
                observed, cube, count, rng, seed=history.seed, settings=settings, memory=_HYPER
            )
        d = len(space.columns)
        points = [proposal.x[:d] for proposal in proposals]
        points += list(rng.random((max(count, 0) - len(proposals), d)))
        found: list[Suggestion] = []
        for row, point in enumerate(points):
            config = fresh(space, known, point[None], rng)
            if config is None:
                break
            why = _why(problem, proposals[row]) if row < len(proposals) else "not tried before"
            found.append(Suggestion(config, why))
        return found

    def _several(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return suggestions where a trial's value does not decide alone."""
        space, known = problem.space, repeatable(problem.space, history)
        settings = bayes.Settings(initial=self.initial, beta=self.beta)
        observed, cube = _observed_several(problem, history), _believing(problem, history)
        with one_thread():
            choices = several.suggest(
                observed, cube, count, rng, seed=history.seed, settings=settings, memory=_HYPER
            )
        points = [(choice.proposal.x, _why_several(problem, choice)) for choice in choices]
        drawn = rng.random((max(count, 0) - len(choices), len(space.columns)))
        found: list[Suggestion] = []
        for point, why in [*points, *((row, "not tried before") for row in drawn)]:
            config = fresh(space, known, point[None], rng)
            if config is None:
                break
            found.append(Suggestion(config, why))
        return found


def explain(problem: Problem, history: History, config: Config) -> Explanation | None:
    """Return what the process predicts for a configuration from a history, whoever suggested it.

    None while fewer than two trials have finished.
    """
    observed = _observed(problem, history)
    if len(observed.x) - observed.failed.sum() < 2 or not problem.space.columns:
        return None
    model = bayes.learn(observed, cube_of(problem.space), bayes.Settings(), Memory(1))
    proposal = bayes.explained(model, problem.space.encode([config])[0])
    mean = problem.objective.sign * proposal.mean
    return Explanation(mean, proposal.deviation, _reason(problem, proposal))


def surface(problem: Problem, history: History, points: Array) -> tuple[Array, Array] | None:
    """Return what the process expects at points (m, d) of the unit cube, and its deviations (m,) and (m,).

    In the user's own direction; None while fewer than two trials have finished.
    """
    observed = _observed(problem, history)
    if len(observed.x) - observed.failed.sum() < 2 or not problem.space.columns:
        return None
    model = bayes.learn(observed, cube_of(problem.space), bayes.Settings(), _HYPER)
    mean, deviation = bayes.predict(model, points)
    mean = np.clip(mean, *beyond(observed.y[~observed.failed]))
    return problem.objective.sign * mean, deviation


def stated(problem: Problem, why: str) -> Explanation | None:
    """Return the prediction that the reason of a suggestion states; None where it states none.

    It knew more than the finished trials: curves so far, and what else was suggested at the same time.
    """
    figure = r"[-+.\deE]+|nan|-?inf"
    wanted = rf"(.*); {re.escape(problem.objective.metric)} ({figure}) ± ({figure}) expected"
    found = re.match(wanted, why, re.DOTALL)
    return None if found is None else Explanation(float(found[2]), float(found[3]), found[1])


def _observed(problem: Problem, history: History) -> bayes.Observations:
    past = results(problem, history)
    return bayes.Observations(past.x, past.y, ~past.valid, past.pending, past.count)


def _paces(problem: Problem, history: History, power: float) -> Paces | None:
    """Return what trials took, a step where they have steps; None where that does not matter."""
    if not power:
        return None
    trials, seconds = [], []
    for trial in readable(problem.space, history, list(history.trials.values())):
        own = own_pace(history, problem.objective.metric, trial) if history.steps else trial.seconds
        if own is not None and own > 0:
            trials.append(trial.config)
            seconds.append(own)
    return Paces(x=problem.space.encode(trials), seconds=np.array(seconds), power=power)


def _observed_several(problem: Problem, history: History) -> several.Observed:
    past = results(problem, history)
    found = outcomes(problem, history, list(past.trials))
    return several.Observed(past.x, found.values, found.margins, ~past.valid, past.pending, past.count)


def _why_several(problem: Problem, choice: several.Prospect) -> str:
    """Return the reason of a suggestion that is to move a front, or to keep limits, as a sentence."""
    if not len(choice.means):
        return _why(problem, choice.proposal)
    expected = [
        f"{one.metric} {one.sign * mean:.4g} ± {deviation:.2g} expected"
        for one, mean, deviation in zip(problem.objectives, choice.means, choice.deviations, strict=True)
    ]
    aim = "moves the front most" if problem.others else "improves most"
    chance = f"; keeps the limits with a chance of {100 * choice.chance:.0f} %" if problem.bounds else ""
    return f"{aim}; {', '.join(expected)}{chance}"


def cube_of(space: Space) -> bayes.Cube:
    """Return a space as the arrays that the maths knows."""
    return bayes.Cube(
        np.array([min(column.levels, 2**62) for column in space.columns], dtype=np.int64),
        np.array([column.categorical for column in space.columns], dtype=bool),
        space.snap,
        space.encode([space.default])[0],
    )


def _believing(problem: Problem, history: History) -> bayes.Cube:
    """Return the problem's space as arrays, with what is still believed of it."""
    return replace(cube_of(problem.space), belief=believed(problem, history))


def _deep(cube: bayes.Cube) -> bayes.Cube:
    """Return the cube with the depth of a reading as one more column, in which only the end is sought."""

    def snap(points: Array) -> Array:
        return np.column_stack((cube.snap(points[:, :-1]), np.ones(len(points))))

    return bayes.Cube(
        np.append(cube.levels, 0),
        np.append(cube.categorical, False),
        snap,
        np.append(cube.default, 1.0),
        None if cube.belief is None else cube.belief.with_column(),
    )


def _why(problem: Problem, proposal: bayes.Proposal) -> str:
    """Return the reason of a suggestion as a sentence."""
    if proposal.reason == "default":
        return DEFAULTS
    if proposal.reason == "design":
        return "quasi-random, before the model has enough to go by"
    metric = problem.objective.metric
    expected = f"{metric} {problem.objective.sign * proposal.mean:.4g} ± {proposal.deviation:.2g} expected"
    return f"{_reason(problem, proposal)}; {expected}"


def _reason(problem: Problem, proposal: bayes.Proposal) -> str:
    columns = problem.space.columns
    if proposal.reason == "exploit" or proposal.column < 0:
        return "exploit: best predicted"
    if proposal.column == len(columns):
        return "explore: what becomes of it later on is uncertain"
    return f"explore: largest uncertainty along {name_text(columns[proposal.column].name)}"
