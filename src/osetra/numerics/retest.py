"""Re-test: is a setting that was chosen some time ago still the best, by as few trainings as will do?

Stage 1 runs the incumbent and its challengers with `FIRST` seeds each. Whether the incumbent is worth what
it was is told by Student's test against its runs of then. Where no challenger has a better mean than the
incumbent the check-in ends; else stage 2 runs the best one and the incumbent with `SECOND` fresh seeds, and
all runs of the two decide. The best of three challengers is lucky in stage 1: the level is stricter for that,
so that of tied settings one in fifty wins (the two-stage design of Cohen & Sackrowitz 1989, its level by
simulation in benchmarks/retest.py).

    symbol          shape   meaning
    then            (n,)    runs of the incumbent when it was released, minimised
    now             (k, 2)  stage 1: the incumbent first, then its challengers
    again           (2, 7)  stage 2: the incumbent, then the challenger
    noise                   of a seed, pooled over the study and all runs of the check-in
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from osetra.numerics.selection import LEVEL, Noise, pooled

FIRST, SECOND = 2, 7
"""Seeds of a setting in either stage."""
CHALLENGERS = 3
WIN = 0.0115
"""Level of Student's test at which a challenger wins, one-sided."""
SURPRISE = 0.005
"""Level, in all, at which the incumbent is said to be worth something else than it was."""

Now = Literal["as before", "worse", "better"]
Outcome = Literal["good", "world changed", "adopt", "re-tune", "too good"]


@dataclass(frozen=True, slots=True)
class Gain:
    """What a challenger is better by, in units of the metric, above 0 is better."""

    mean: float
    low: float
    high: float
    """Ends of the 95 % interval."""
    p: float
    """Chance of a gain as large if there were none."""


def joined(*noises: Noise) -> Noise:
    """Return the deviation pooled over all of them."""
    known = [noise for noise in noises if noise.df]
    df = sum(noise.df for noise in known)
    if not df:
        return Noise(float("nan"), 0)
    return Noise(float(np.sqrt(sum(noise.sd**2 * noise.df for noise in known) / df)), df)


def replicated(then: Sequence[float], now: Sequence[float], noise: Noise) -> Now:
    """Return whether the incumbent is worth now what it was."""
    gap = float(np.mean(now) - np.mean(then))
    error = noise.sd * np.sqrt(1 / len(then) + 1 / len(now))
    if gap == 0 or not noise.df or 2 * stdtr(noise.df, -abs(gap) / max(error, 1e-300)) >= SURPRISE:
        return "as before"
    return "worse" if gap > 0 else "better"


def screened(now: Sequence[Sequence[float]]) -> int | None:
    """Return the challenger that is worth a second look, by its place in `now`; None when there is none."""
    best = int(np.argmin([float(np.mean(values)) for values in now]))
    return best or None


def gain(old: Sequence[float], new: Sequence[float], noise: Noise) -> Gain:
    """Return what a challenger gains over the incumbent by all runs of both."""
    mean = float(np.mean(old) - np.mean(new))
    error = max(noise.sd * float(np.sqrt(1 / len(old) + 1 / len(new))), 1e-300)
    half = float(stdtrit(noise.df, 1 - LEVEL / 2)) * error
    return Gain(mean, mean - half, mean + half, float(stdtr(noise.df, -mean / error)))


def outcome(now: Now, won: Gain | None, noise: Noise, delta: float, *, edge: bool) -> Outcome:
    """Return the verdict.

    Args:
        now: whether the incumbent is worth what it was.
        won: what the challenger gains, when it was looked at twice.
        noise: of a seed.
        delta: the smallest gain that is cared for, in deviations of the seed noise.
        edge: whether the challenger is a neighbour of the incumbent, behind which there may be more.
    """
    if now == "better":
        return "too good"
    wins = won is not None and won.p < WIN
    if not wins or won is None:
        return "world changed" if now == "worse" else "good"
    if now == "worse":
        return "re-tune"
    return "re-tune" if edge and won.mean > 2 * delta * noise.sd else "adopt"


def noise_of(before: Noise, *stages: Sequence[Sequence[float]]) -> Noise:
    """Return the deviation of a seed by the study before and all runs since."""
    return joined(before, *(pooled(stage) for stage in stages))


def half_width(runs: int, noise: Noise) -> float:
    """Return half the width of the 95 % interval of a mean of so many runs."""
    return float(stdtrit(noise.df, 1 - LEVEL / 2)) * noise.sd / float(np.sqrt(runs))
