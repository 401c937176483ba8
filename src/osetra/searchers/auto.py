"""Auto: the searcher that suits what is seen, with a guard against a model that is wrong.

The Gaussian process of `bayes` needs the fewest trials on every kind of space, noisy ones included,
and its cost stays flat; beyond `MANY` finished trials of a space with continuous ranges, trainings
are so cheap that a population improves the last digits better. The choice is a note in the log.

The guard: every `GUARD`th trial is quasi-random whatever the model says. While the model's latest
trials are no better than those, every other trial is, so that a search is never much worse than
random search at equal cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.construction import settings_checked
from osetra.core.decisions import Suggestion
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.ports import CurveSearcher, Searcher
from osetra.core.problem import Problem
from osetra.core.results import Readings, Results
from osetra.core.space import Space
from osetra.searchers.bayes import Bayes
from osetra.searchers.cmaes import Cmaes
from osetra.searchers.evolution import Evolution
from osetra.searchers.sobol import sequence
from osetra.searchers.standing import standing

GUARD = 16
"""One trial in so many is quasi-random."""
MANY = 2000
"""Finished trials from which a population takes over."""
MANY_OF_SEVERAL = 600
"""The same with several objectives."""
WINDOW = 24
"""How many of the model's latest trials are compared with the quasi-random ones."""


@settings_checked
@dataclass(frozen=True, slots=True)
class AutoSearcher:
    """Chooses a searcher by space and finished trials, and hedges against it.

    `thrift` is that of `Bayes`.
    """

    thrift: float = 0.0

    name = "auto"
    lookahead = 1

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        return self._suggest(problem, history, None, count, rng)

    def suggest_from_curves(
        self, problem: Problem, history: History, readings: Readings, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions from what curves say at several steps.

        `history` is the view in which all trials have their values at one step.
        """
        return self._suggest(problem, history, readings, count, rng)

    def _suggest(
        self,
        problem: Problem,
        history: History,
        readings: Readings | None,
        count: int,
        rng: np.random.Generator,
    ) -> Sequence[Suggestion]:
        past = standing(problem, history)
        chosen, why = choose(problem.space, past, several=bool(problem.others))
        if isinstance(chosen, Bayes):
            chosen = replace(chosen, thrift=self.thrift)
        numbers = range(history.next_trial, history.next_trial + max(count, 0))
        every = 2 if model_fails(past) else GUARD
        guards = sum(number % every == 0 for number in numbers)
        model = len(numbers) - guards
        if readings is not None and isinstance(chosen, CurveSearcher):
            found = list(chosen.suggest_from_curves(problem, history, readings, model, rng))
        else:
            found = list(chosen.suggest(problem, history, model, rng))
        if guards:
            found += _quasi_random(problem, history, guards, rng, found)
        return _with_note(found, history, chosen.name, why)


def choose(space: Space, past: Results, *, several: bool = False) -> tuple[Searcher, str]:
    """Return the searcher for a space and its results and, in a sentence, why this one.

    With `several` objectives a population takes over earlier: each of them has a model of its own to fit.
    """
    continuous = any(column.levels == 0 for column in space.columns)
    finished = int(past.valid.sum())
    if several and finished >= MANY_OF_SEVERAL:
        return Evolution(), f"{finished} trials have finished: a population spreads along the front"
    if finished >= MANY and continuous:
        return Cmaes(), f"{finished} trials have finished: a population refines the last digits"
    return Bayes(), f"{_description(space)}: a Gaussian process needs the fewest trials"


def model_fails(past: Results) -> bool:
    """Whether the model's latest trials are no better than the quasi-random ones.

    Needs eight of each with a result; compares medians, failures counting as worst.
    """
    y = np.nan_to_num(past.y, nan=np.inf)
    guard = np.array([trial.number % GUARD == 0 or trial.number <= 3 for trial in past.trials], dtype=bool)
    model = y[~guard][-WINDOW:]
    if guard.sum() < 8 or len(model) < 8:
        return False
    return bool(np.median(model) >= np.median(y[guard]))


def _quasi_random(
    problem: Problem, history: History, count: int, rng: np.random.Generator, taken: Sequence[Suggestion]
) -> list[Suggestion]:
    """Return quasi-random suggestions that are not among those taken in this very call."""
    why = "guard: quasi-random, in case the model is wrong"
    others = sequence(problem.space, history, count, why=lambda _: why, defaults_first=False)
    known = [suggestion.config for suggestion in taken]
    return [suggestion for suggestion in others if suggestion.config not in known]


def _description(space: Space) -> str:
    """Return the space in a few words, such as "7 hyperparameters (2 with options, 3 conditional)"."""
    columns = space.columns
    kinds = {
        "with options": sum(column.categorical for column in columns),
        "conditional": sum(bool(column.param.when) for column in columns),
    }
    mixture = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    if len(columns) == 1:
        return "1 hyperparameter" + "".join(f", {kind}" for kind, number in kinds.items() if number)
    return f"{len(columns)} hyperparameters" + (f" ({mixture})" if mixture else "")


def _with_note(found: Sequence[Suggestion], history: History, name: str, why: str) -> list[Suggestion]:
    """Attach the choice to the first suggestion unless the log has it already."""
    notes = history.noted("choice")
    if not found or (notes and notes[-1].data.get("searcher") == name):
        return list(found)
    note = Noted("choice", str(len(notes) + 1), f"{name}: {why}", {"searcher": name})
    first = found[0]
    return [Suggestion(first.config, first.why, (*first.notes, note)), *found[1:]]
