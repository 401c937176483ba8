"""The best trial with what it is worth: the luck of the best of many taken back, with an interval.

The maths is in `osetra.numerics.selection`; this file turns a history into its arrays.
"""

from __future__ import annotations

import math

import numpy as np

from osetra.core.comparison import at_equal_steps
from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial

MOST = 500
"""Of the best trials that say what settings are like; those far behind say nothing about the best."""


class Best(Trial, frozen=True, gc=False):
    """The incumbent as a trial, and what is known of its worth, in the user's own direction."""

    mean: float = math.nan
    """What it is worth with a new seed: of all its runs, drawn to what all trials are like."""
    low: float = math.nan
    high: float = math.nan
    """Ends of the 95 % interval of the mean; NaN while no configuration was run twice with fresh seeds."""
    seeds: int = 1
    """How many runs it had: its first one, and those with fresh seeds."""
    luck: float = 0.0
    """How much better its first value looks than it is worth."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the mean."""
        return self.low, self.high

    def __eq__(self, other: object) -> bool:
        """Whether it is the same trial, whatever is said of its worth."""
        if not isinstance(other, Trial):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in Trial.__struct_fields__)

    def __hash__(self) -> int:
        return hash(self.number)


def best_of(history: History, objective: Objective) -> Best | None:
    """Return the incumbent with its worth; None while there is none."""
    trial = history.best(objective)
    if trial is None:
        return None
    fields = {name: getattr(trial, name) for name in Trial.__struct_fields__}
    again = [t.value for t in history.repeats(trial.number) if t.value is not None]
    if trial.value is None:
        return Best(**fields)
    if not again:
        return Best(**fields, mean=trial.value)
    mean, half = _worth(history, objective, trial)
    mean *= objective.sign
    return Best(
        **fields,
        mean=mean,
        low=mean - half,
        high=mean + half,
        seeds=1 + len(again),
        luck=objective.sign * (mean - trial.value),
    )


def _worth(history: History, objective: Objective, chosen: Trial) -> tuple[float, float]:
    """Return what a trial with fresh seeds is worth, minimised, and half the width of its interval."""
    from osetra.numerics.selection import pooled, worth  # with SciPy, which most programs do not need

    equal = at_equal_steps(history, objective)

    def value(trial: Trial) -> float:
        return objective.sign * (trial.value or 0.0) if equal is None else equal.worth[trial.number]

    fresh = {n: [value(t) for t in again] for n, again in history.repeated.items()}
    noise = pooled(list(fresh.values()))
    again = fresh[chosen.number]
    if not noise.df or noise.sd == 0 or not math.isfinite(noise.sd):
        return float(np.mean(again)), math.nan if not noise.df else 0.0
    first = [t for t in history.finished if t.repeats is None and not t.by_hand]
    first = sorted({t.number: t for t in [*first, chosen]}.values(), key=value)
    kept = [t for place, t in enumerate(first) if place < MOST or t.number == chosen.number]
    runs = [[value(t), *fresh.get(t.number, ())] for t in kept]
    means, counts = np.array([np.mean(r) for r in runs]), np.array([len(r) for r in runs], dtype=np.float64)
    place = next(i for i, t in enumerate(kept) if t.number == chosen.number)
    found = worth(means, counts, noise, place, np.array(again))
    return found.mean, (found.high - found.low) / 2
