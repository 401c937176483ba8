"""Rerun: settings trained again in a study of their own, beside the one that chose them."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Sequence
from typing import Any

from osetra.core.decisions import Suggestion
from osetra.core.history import History
from osetra.core.numbers import number as figure
from osetra.core.outcomes import mean_measured
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.study.display import Display
from osetra.study.planner import Planner, seed_of
from osetra.study.tracking import Trackers

Runs = list[list[float]]


def brought_to(
    beside: Any,
    train: Callable[[Any], object],
    configs: Sequence[Config],
    counts: Sequence[int],
    failed: Container[int],
    workers: int,
    progress: bool | Display,
    trackers: Trackers,
) -> Runs:
    """Train settings until each has so many runs, and return them; what there is already is not repeated.

    The k-th run of each has the same seed. A challenger that breaks a limit counts as failed.
    """
    planner: Planner = beside._planner

    def run(config: Config, k: int) -> Suggestion:
        return Suggestion(config, f"run {k + 1} of the re-test", seed=seed_of(beside.seed, k))

    if not planner.history.trials:  # at once, so that a setting is known by its place
        planner.suggest([run(config, 0) for config in configs], "person", "re-test")
    for place, (config, count) in enumerate(zip(configs, counts, strict=True), start=1):
        if again := range(len(runs_of(planner.history, place, failed)), count):
            planner.suggest([run(config, k) for k in again], "person", "re-test", place)
    beside.run(
        train, trials=len(configs), workers=workers, keep_going=True, progress=progress, trackers=trackers
    )
    history, sign = planner.history, planner.problem.objective.sign
    values: Runs = []
    for place, count in enumerate(counts, start=1):
        runs = runs_of(history, place, failed)[:count]
        out = place > 1 and bool(broken_limits(beside, runs))
        sound = [t.value if t.state == "finished" and not out else None for t in runs]
        values.append([math.inf if value is None else sign * value for value in sound])
    return values


def broken_limits(beside: Any, runs: Sequence[Trial]) -> str:
    """Return which limits a setting breaks by its runs, on average; empty while it keeps them all."""
    problem: Problem = beside.problem
    finished = [trial for trial in runs if trial.state == "finished"]
    said = [
        (bound, mean_measured(beside.history, finished, problem.objective, bound.metric))
        for bound in (problem.bounds if finished else ())
    ]
    return ", ".join(
        f"{bound} ({'never reported' if math.isnan(value) else figure(value)} now)"
        for bound, value in said
        if bound.excess(value) > 0
    )


def runs_of(history: History, number: int, failed: Container[int]) -> list[Trial]:
    """Return the runs of a setting by the number of its first one, whatever became of them, in order."""
    mine = [t for t in history.trials.values() if number in (t.number, t.repeats)]
    return [trial for trial in mine if trial.number not in failed]
