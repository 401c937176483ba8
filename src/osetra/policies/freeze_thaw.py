"""Freeze-thaw: every training waits after each unit of steps until it is the best use of the next one.

All curves are extrapolated to the last step with a deviation (`numerics.extrapolate`). A waiting
training is worth what it is expected to improve there on the best expected end, for each step that it
still needs. A new configuration is worth what one more like the latest ones would be. The best goes
on. The searcher sees every training at its expected end, or all curves when it can read them.

Where trainings keep no checkpoints they cannot wait; they are stopped when they will hardly improve.

Source: Swersky, Snoek and Adams 2014, "Freeze-thaw Bayesian optimization", arXiv:1406.3896, with
extrapolation by shared shapes instead of its kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace

import numpy as np
from msgspec.structs import replace as evolved

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion, Verdict
from osetra.core.history import History
from osetra.core.ports import Budget, CurveSearcher, Searcher
from osetra.core.problem import Objective, Problem
from osetra.core.scales import Array
from osetra.core.state import State
from osetra.core.trial import ENDED, Trial
from osetra.errors import StudyError
from osetra.experience.first import due, farewells, remembering
from osetra.numerics.acquisition import log_improvement
from osetra.numerics.extrapolate import Curve, predict
from osetra.policies.readings import readings
from osetra.schedulers.full import steered_to_the_end

UNITS = 13
"""Units in a full training, when no unit is given."""
RECENT = 8
"""How many of the latest configurations say what a new one is worth."""
WIDE = 10.0
"""Ratio of largest to smallest value from which curves are compared by their logarithms."""


@settings_checked
@dataclass(frozen=True, slots=True)
class FreezeThaw:
    """Freezes and thaws trainings by their extrapolated curves."""

    searcher: Searcher
    _: KW_ONLY
    unit: int | None = None
    """Steps between decisions; None takes a thirteenth of a full training."""
    initial: int = 4
    """Configurations that are begun before any goes on."""
    thrift: float = 1.0
    """Power of the steps that are still needed, by which expected improvement is divided."""
    least: float = 0.05
    """Probability of becoming the best below which a training is given up."""

    name = "freeze_thaw"
    judges = True

    def __post_init__(self) -> None:
        if self.unit is not None and self.unit < 1:
            raise StudyError(f"FreezeThaw(unit={self.unit}): 1 step or more is needed")
        if self.initial < 2:
            raise StudyError(f"FreezeThaw(initial={self.initial}): 2 configurations or more are needed")

    def plan(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator, budget: Budget
    ) -> Sequence[Suggestion | Verdict]:
        """Return the waiting trainings and new configurations that are worth most, the best first."""
        steered = steered_to_the_end(history)
        by_hand = {verdict.trial for verdict in steered}
        waiting = [t for t in history.paused if not t.held and t.number not in by_hand]
        planned = self._planned(problem, history, waiting, count - len(steered), rng, budget)
        return [*steered, *planned]

    def _planned(
        self,
        problem: Problem,
        history: History,
        waiting: list[Trial],
        count: int,
        rng: np.random.Generator,
        budget: Budget,
    ) -> Sequence[Suggestion | Verdict]:
        begun = sum(t.repeats is None for t in history.trials.values())
        ahead = expected(problem.objective, history, budget.steps)
        if ahead is None or (budget.open and begun < self.initial):
            return self._new(problem, history, ahead, count, rng, budget)
        if not budget.open and ahead.settled(history, waiting, self.least):
            return [_give_up(ahead, trial) for trial in waiting]
        lost = [trial for trial in waiting if trial.number not in ahead.mean]
        waiting = [trial for trial in waiting if trial.number in ahead.mean]
        new = ahead.worth_of_new if budget.open else -math.inf
        ranked = sorted(
            ((ahead.worth(trial.number, self.thrift), trial.number) for trial in waiting), reverse=True
        )
        going = [number for worth, number in ranked if worth >= new][: max(count, 0)]
        found: list[Suggestion | Verdict] = [_give_up(ahead, trial) for trial in lost]
        found += [
            Verdict(
                trial=number,
                verb="resume",
                why=f"goes on from step {ahead.reached[number]}: {ahead.forecast(number)}",
                until=self._until(ahead.reached[number], budget),
            )
            for number in going
        ]
        if budget.open and len(going) < count:
            found += self._new(problem, history, ahead, count - len(going), rng, budget)
        return found

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return stop for a training that cannot wait and will hardly become the best."""
        step = history.step(trial, problem.objective.metric)
        blind = trial.until is not None and step > trial.until
        if not blind or trial.repeats is not None or step % self._unit(budget):
            return None
        ahead = expected(problem.objective, history, budget.steps)
        if ahead is None or len(ahead.mean) < self.initial or ahead.chance(trial.number) >= self.least:
            return None
        return _give_up(ahead, trial)

    def _new(
        self,
        problem: Problem,
        history: History,
        ahead: Ahead | None,
        count: int,
        rng: np.random.Generator,
        budget: Budget,
    ) -> list[Suggestion]:
        if not budget.open or count <= 0:
            return []
        complete = history if ahead is None else ahead.completed(history)
        found: Sequence[Suggestion] = due(problem, complete, self.searcher.name, count)
        notes = () if found else farewells(problem, complete, self.searcher.name)
        if found:
            pass
        elif budget.steps is not None and isinstance(self.searcher, CurveSearcher):
            curves = readings(problem, history, budget.steps, budget.steps)
            found = self.searcher.suggest_from_curves(problem, complete, curves, count, rng)
        else:
            found = self.searcher.suggest(problem, complete, count, rng)
        return [replace(one, until=self._until(0, budget)) for one in remembering(found, notes)]

    def _unit(self, budget: Budget) -> int:
        return self.unit or (1 if budget.steps is None else max(1, budget.steps // UNITS))

    def _until(self, step: int, budget: Budget) -> int | None:
        following = (step // self._unit(budget) + 1) * self._unit(budget)
        return None if budget.steps is not None and following >= budget.steps else following


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is expected of every training at the last step, on the scale on which curves are compared."""

    objective: Objective
    steps: int
    logarithmic: bool
    reached: dict[int, int]
    """The last step, by trial; so below."""
    mean: dict[int, float]
    """Minimised."""
    deviation: dict[int, float]
    best: float
    """The best expected end."""

    def worth(self, number: int, thrift: float) -> float:
        """Return the logarithm of the improvement expected for each step that is needed."""
        left = max(self.steps - self.reached[number], 1)
        return self._improvement([number])[0] - thrift * math.log(left / self.steps)

    @property
    def worth_of_new(self) -> float:
        """Return the same of a new configuration: one more like the latest."""
        latest = sorted(self.mean)[-RECENT:]
        means = np.array([self.mean[n] for n in latest])
        within = np.mean([self.deviation[n] ** 2 for n in latest])
        spread = np.sqrt(np.var(means) + within)
        return float(log_improvement(np.array([means.mean()]), np.array([spread]), self.best)[0][0])

    def chance(self, number: int) -> float:
        """Return the probability that a training ends better than the best expected end."""
        gap = (self.best - self.mean[number]) / self.deviation[number]
        return 0.5 * math.erfc(-gap / math.sqrt(2.0))

    def settled(self, history: History, waiting: Sequence[Trial], least: float) -> bool:
        """Whether the best is known: it has finished, and no waiting one has a chance to beat it."""
        leader = min(self.mean, key=self.mean.__getitem__)
        over = history.trials[leader].state in ENDED
        return over and all(self.chance(t.number) < least for t in waiting if t.number in self.mean)

    def completed(self, history: History) -> History:
        """Return the history as if every training had ended as expected."""
        complete: dict[int, Trial] = {}
        for number in self.mean:
            trial = history.trials[number]
            if not trial.steered:
                value = self.objective.sign * self._plain(self.mean[number])
                complete[number] = evolved(trial, state=State.FINISHED, value=value)
        return replace(history, trials=history.trials.updated(complete))

    def forecast(self, number: int) -> str:
        """Return the expectation in words."""
        mean, deviation = self.mean[number], self.deviation[number]
        low, high = self._plain(mean - deviation), self._plain(mean + deviation)
        low, high = sorted((self.objective.sign * low, self.objective.sign * high))
        return (
            f"{self.objective.metric} {low:.4g} … {high:.4g} expected at step {self.steps}, best expected "
            f"{self.objective.sign * self._plain(self.best):.4g}"
        )

    def _improvement(self, numbers: Sequence[int]) -> list[float]:
        mean = np.array([self.mean[n] for n in numbers])
        deviation = np.array([self.deviation[n] for n in numbers])
        found: list[float] = log_improvement(mean, deviation, self.best)[0].tolist()
        return found

    def _plain(self, value: float) -> float:
        return math.exp(value) if self.logarithmic else value


def expected(objective: Objective, history: History, steps: int | None) -> Ahead | None:
    """Return what is expected of every training with a finite value; None without any.

    Values beyond Tukey's upper fence of the latest ones are cut: how bad a bad training is says
    nothing about good ones.
    """
    curves = {}
    for trial in history.searched:
        if trial.state in ("diverged", "failed"):
            continue
        at, values = history.curve(trial, objective.metric)
        if len(values) and np.isfinite(values[-1]):
            good = np.isfinite(values)
            y = objective.sign * values[good]
            curves[trial.number] = (at[good], np.minimum.accumulate(y) if objective.pick == "best" else y)
    if not curves:
        return None
    last = np.array([y[-1] for _, y in curves.values()])
    low, middle, high = np.percentile(last, [25, 50, 75])
    fence = max(high + 1.5 * (high - low), middle)
    smallest = min(float(y.min()) for _, y in curves.values())
    logarithmic = smallest > 0 and fence / smallest > WIDE
    scaled = [_scaled(curve, fence, logarithmic) for curve in curves.values()]
    horizon = max(steps or 0, max(int(at[-1]) for at, _ in scaled))
    mean, deviation = predict(scaled, horizon)
    reached = {number: int(at[-1]) for number, (at, _) in curves.items()}
    for i, (number, (_, y)) in enumerate(zip(curves, scaled, strict=True)):
        over = history.trials[number].state == "finished" or reached[number] >= horizon
        if over:
            mean[i], deviation[i] = y[-1], 1e-9
    numbers = list(curves)
    return Ahead(
        objective,
        horizon,
        bool(logarithmic),
        reached,
        dict(zip(numbers, mean.tolist(), strict=True)),
        dict(zip(numbers, np.maximum(deviation, 1e-9).tolist(), strict=True)),
        float(mean.min()),
    )


def _scaled(
    curve: Curve, fence: float, logarithmic: bool
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Array]:
    steps, values = curve
    cut = np.minimum(values, fence)
    return steps, np.log(cut) if logarithmic else cut


def _give_up(ahead: Ahead, trial: Trial) -> Verdict:
    if trial.number not in ahead.mean:
        return Verdict(trial=trial.number, verb="stop", why="stopped: it has no value any more")
    chance, step = ahead.chance(trial.number), ahead.reached[trial.number]
    why = f"stopped at step {step}: {ahead.forecast(trial.number)}, chance {100 * chance:.2g} %"
    return Verdict(trial=trial.number, verb="stop", why=why)
