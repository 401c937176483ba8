"""Paired: a searcher and a scheduler side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.decisions import Suggestion, Verdict
from osetra.core.history import History
from osetra.core.ports import Budget, CurveSearcher, Scheduler, Searcher, ThriftySearcher
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.experience.first import due, farewells, remembering
from osetra.policies.fidelity import at_fidelity
from osetra.policies.readings import readings
from osetra.schedulers.closing import closing
from osetra.schedulers.full import steered_to_the_end
from osetra.schedulers.table import outgrown


@dataclass(frozen=True, slots=True)
class Paired:
    """New configurations from a searcher, their length from a scheduler."""

    searcher: Searcher
    scheduler: Scheduler

    @property
    def name(self) -> str:
        """The scheduler's name."""
        return self.scheduler.name

    @property
    def judges(self) -> bool:
        """Whether running trials have to be looked at."""
        return self.scheduler.judges

    def plan(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator, budget: Budget
    ) -> Sequence[Suggestion | Verdict]:
        """Return what goes on, the best first, then new configurations, and what is given up."""
        steered = steered_to_the_end(history)
        by_hand = {verdict.trial for verdict in steered}
        until = self.scheduler.first(problem, history, budget)
        last = closing(problem, history, budget, until)
        if last is not None:
            return [*steered, *(verdict for verdict in last if verdict.trial not in by_hand)][: max(count, 0)]
        verdicts = [v for v in self.scheduler.revive(problem, history, budget) if v.trial not in by_hand]
        going = [*steered, *(verdict for verdict in verdicts if verdict.verb != "stop")][: max(count, 0)]
        ending = [verdict for verdict in verdicts if verdict.verb == "stop"]
        if not budget.open or len(going) >= count:
            return [*ending, *going]
        step = self.scheduler.fidelity(problem, history, budget)
        if step is None and outgrown(problem.objective, history):
            step = budget.steps
        new = count - len(going)
        compared = history if step is None else at_fidelity(problem, history, step)
        found: Sequence[Suggestion] = due(problem, compared, self.searcher.name, new)
        if not found:
            found = remembering(
                self._searched(problem, history, compared, step, budget, new, rng),
                farewells(problem, compared, self.searcher.name),
            )
        return [*ending, *going, *(replace(suggestion, until=until) for suggestion in found)]

    def _searched(
        self,
        problem: Problem,
        history: History,
        compared: History,
        step: int | None,
        budget: Budget,
        count: int,
        rng: np.random.Generator,
    ) -> Sequence[Suggestion]:
        """Return the searcher's own suggestions, from values at one step or from whole curves."""
        searcher = _thrifty(self.searcher, budget)
        if step is None or budget.steps is None:
            return searcher.suggest(problem, history, count, rng)
        if not isinstance(searcher, CurveSearcher):
            return searcher.suggest(problem, compared, count, rng)
        curves = readings(problem, history, step, budget.steps)
        return searcher.suggest_from_curves(problem, compared, curves, count, rng)

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return the scheduler's verdict."""
        return self.scheduler.judge(problem, history, trial, budget)


def _thrifty(searcher: Searcher, budget: Budget) -> Searcher:
    """Return the searcher as it counts seconds in a search by time, less and less as they are used up."""
    if math.isinf(budget.seconds) or not isinstance(searcher, ThriftySearcher) or searcher.thrift:
        return searcher
    return replace(searcher, thrift=1.0 - budget.progress)  # type: ignore[type-var]  # it is a dataclass
