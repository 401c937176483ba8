"""The winner of a study: its best trial, how clear that is, and the seeds that it is trained with."""

from __future__ import annotations

import math

from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial
from osetra.errors import NothingFinished
from osetra.tuning.deadline import MOST_NETWORKS
from osetra.views.terminal.tables import repeats_text


def seeds_of(history: History, winner: Trial) -> list[int]:
    """Return the fresh seeds that a trial was run with, and its own where those are few."""
    again = [*history.repeats(winner.number), *history.lost.get(winner.number, [])]
    seeds = [trial.seed for trial in again]
    return [*seeds, winner.seed] if len(seeds) < MOST_NETWORKS else seeds


def winner_of(history: History, objective: Objective) -> tuple[Trial, str]:
    """Return the study's best trial, and a sentence on how clear that is by its fresh seeds.

    Raises:
        NothingFinished: no trial has a valid result.
    """
    from osetra.nets.choose import choose

    best, kept, lost = history.best(objective), history.repeated, history.lost
    if best is None:
        raise NothingFinished("no trial has a valid result; osetra show names the reasons")
    if best.number in lost:
        broken = repeats_text(history, best.number)
        return (
            best,
            f"trial {best.number}: {broken}; no setting finished with every seed, so narrow the ranges",
        )
    if best.state != "finished":
        step = history.step(best, objective.metric)
        return best, (
            f"trial {best.number}, the best of those that were trained longest: after step {step} of "
            f"{history.steps}, for no training came to its end; more time would tell more"
        )
    if best.number in kept:
        results = {
            f"trial {trial.number}": [
                *(objective.sign * (again.value or 0.0) for again in kept.get(trial.number, [])),
                *(math.nan for _ in lost.get(trial.number, [])),
            ]
            for trial in history.ranked(objective)
            if trial.number in kept or trial.number in lost
        }
        return best, choose(results, sign=objective.sign).sentence
    sentence = f"trial {best.number}, by its one result; fresh seeds would tell how lucky it was"
    if lost:
        numbers = ", ".join(map(str, sorted(lost)))
        sentence += f"; trial{'s' if len(lost) > 1 else ''} {numbers} diverged or failed with fresh seeds"
    return best, sentence


def enough(seeds: list[int], wanted: int) -> list[int]:
    """Return at least as many seeds as are wanted: further ones follow from the first."""
    import numpy as np

    if len(seeds) >= wanted:
        return seeds
    fresh = np.random.default_rng((seeds[0], wanted)).integers(2**31, size=wanted - len(seeds))
    return [*seeds, *map(int, fresh)]
