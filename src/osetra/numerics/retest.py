"""Re-test: is a setting that was chosen some time ago still the best, by as few trainings as will do?

The challengers race each other: a run each, then another for those that are not far behind, `ROUNDS` at
most. The best of them and the incumbent share the runs that are left. Halfway the check-in ends unless the
challenger is ahead; else all runs of the two decide. The best of three challengers is lucky in the race: the
level of the test is stricter for that, so that of tied settings about one in forty wins (successive
elimination as in Even-Dar et al. 2006; two stages as in Cohen & Sackrowitz 1989, the level by simulation in
benchmarks/retest.py). Whether the incumbent is worth what it was is told by Student's test against its runs
of then.

These runs of then say what the incumbent is worth now, too, unless the world has changed. So the gain is
corrected by how far the incumbent of now is off that of then (a control variate, Lavenberg & Welch 1981),
and by less the more surprising that is:

    gain        = mean(old) - mean(new) - beta gap,     gap = mean(old) - mean(then)
    beta        = w (1 - r) (1 / n_old) / (1 / n_old + 1 / n_then)
    variance    = 1 / n_old + 1 / n_new - 2 beta / n_old + beta^2 (1 / n_old + 1 / n_then), of the noise's
    w           = exp(-z^2 / 3), z the gap over its standard error

r is what the runs of both with the same seed have in common, which cancels in their difference already. The
variance counts on nothing in common: where there is, gains are seen more often, and ties win less. The k-th
run of every setting has the same seed.

    symbol          shape   meaning
    then            (n,)    runs of the incumbent when it was released, minimised
    values          (k,)    runs now of the incumbent, then of its challengers; infinite where one failed,
                            which puts a challenger out of the race
    before                  noise of a seed, pooled over the study until now
    noise                   the same, with all runs of the check-in
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from osetra.numerics.selection import LEVEL, Noise, pooled

MOST = 22
"""Runs of a check-in."""
BEHIND = (0.8, 0.5, 0.4)
"""How many deviations of a difference behind a challenger drops out of the race, by its runs."""
ROUNDS = len(BEHIND)
"""Runs of a challenger in the race at most."""
ALONE = 5
"""Runs of an incumbent that has no challenger."""
CHALLENGERS = 3
WIN = 0.0135
"""Level of Student's test at which a challenger wins, one-sided."""
SURPRISE = 0.002
"""Level, in all, at which the incumbent is said to be worth something else than it was."""
DOUBT = 3.0
"""The square of the gap in standard errors at which the runs of then count 1/e of what they would."""

Now = Literal["as before", "worse", "better"]
Runs = Sequence[Sequence[float]]
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


def wanted(values: Runs, before: Noise) -> list[int] | None:
    """Return how many runs each setting is to have next, in all; None when the check-in is over."""
    have = [len(each) for each in values]
    rounds, alive = _raced(values, before)
    if not have[0] or any(have[i] < rounds for i in alive):
        first = [max(1, have[0]), *(rounds if i in alive else have[i] for i in range(1, len(have)))]
        return first if len(have) > 1 else [ALONE]
    if not alive:
        return None if have[0] >= ALONE else [ALONE, *have[1:]]
    best, half, end = alive[0], *_shares(have, alive[0], rounds)
    ahead = np.mean(values[best][: half[1]]) < np.mean(finite(values[0][: half[0]]) or np.inf)
    for goal in (half, end):
        if have[0] < goal[0] or have[best] < goal[1]:
            return [goal[0] if i == 0 else goal[1] if i == best else n for i, n in enumerate(have)]
        if not ahead:
            return None
    return None


def finalist(values: Runs, before: Noise) -> int | None:
    """Return the place of the challenger that all runs decide about; None where none came so far."""
    have = [len(each) for each in values]
    rounds, alive = _raced(values, before)
    if len(alive) != 1 or have[alive[0]] < rounds:
        return None
    _, end = _shares(have, alive[0], rounds)
    sound = bool(np.isfinite(values[alive[0]]).all())
    return alive[0] if sound and have[0] >= end[0] and have[alive[0]] >= end[1] else None


def finite(values: Sequence[float]) -> list[float]:
    """Return the values of runs that came to their end."""
    return [value for value in values if np.isfinite(value)]


def least(challengers: int) -> int:
    """Return how many runs a check-in has at least: one that ends halfway."""
    if not challengers:
        return ALONE
    half, _ = _shares([1] * (challengers + 1), 1, 1)
    return sum(half) + challengers - 1


def most(challengers: int) -> int:
    """Return how many runs a check-in has at most."""
    return MOST if challengers else ALONE


def _raced(values: Runs, before: Noise) -> tuple[int, list[int]]:
    """Return how many runs those in the race are to have, and who they are; the race is over with one."""
    alive = list(range(1, len(values)))
    for k in range(1, ROUNDS + 1):
        if any(len(values[i]) < k for i in alive):
            return k, alive
        alive = _near(values, alive, k, before)
        if len(alive) < 2:
            return k, alive
    return ROUNDS, [min(alive, key=lambda i: float(np.mean(values[i][:ROUNDS])))]


def _near(values: Runs, alive: Sequence[int], k: int, before: Noise) -> list[int]:
    """Return who is not far behind after k runs; one of which a run failed is."""
    means = {i: float(np.mean(values[i][:k])) for i in alive if np.isfinite(values[i][:k]).all()}
    noise = joined(before, pooled([values[i][:k] for i in means]))
    gap = BEHIND[k - 1] * noise.sd * float(np.sqrt(2 / k)) if noise.df else np.inf
    return [i for i in means if means[i] - min(means.values()) <= gap]


def _shares(have: Sequence[int], best: int, rounds: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the runs of incumbent and challenger halfway and at the end: what others left.

    The challenger has two more, for the incumbent has had some before.
    """
    left = MOST - sum(n for i, n in enumerate(have) if i not in (0, best))
    end = (left // 2 - 1, left - left // 2 + 1)
    return ((end[0] + 1) // 2, max(rounds, end[1] // 2)), end


def gain(old: Sequence[float], new: Sequence[float], noise: Noise, then: Sequence[float] = ()) -> Gain:
    """Return what a challenger gains over the incumbent.

    Args:
        old: all runs of the incumbent now (n,); the k-th has the seed of the challenger's k-th.
        new: all of the challenger.
        noise: of a seed.
        then: runs of the incumbent when it was released.
    """
    now, mean = float(np.mean(old)), float(np.mean(old) - np.mean(new))
    variance = 1 / len(old) + 1 / len(new)
    if len(then) and noise.df and noise.sd > 0:
        apart, gap = 1 / len(old) + 1 / len(then), now - float(np.mean(then))
        doubt = float(np.exp(-((gap / noise.sd) ** 2) / apart / DOUBT))
        beta = doubt * (1 - _in_common(old, new, noise)) / len(old) / apart
        mean -= beta * gap
        variance += beta**2 * apart - 2 * beta / len(old)
    error = max(noise.sd * float(np.sqrt(variance)), 1e-300)
    half = float(stdtrit(noise.df, 1 - LEVEL / 2)) * error
    return Gain(mean, mean - half, mean + half, float(stdtr(noise.df, -mean / error)))


def _in_common(old: Sequence[float], new: Sequence[float], noise: Noise) -> float:
    """Return the share of a seed's effect that two settings have in common, by their runs of equal seeds."""
    pairs = min(len(old), len(new))
    if pairs < 2:
        return 0.0
    return float(np.clip(np.cov(old[:pairs], new[:pairs])[0, 1] / noise.sd**2, 0, 1))


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


def half_width(runs: int, noise: Noise) -> float:
    """Return half the width of the 95 % interval of a mean of so many runs."""
    return float(stdtrit(noise.df, 1 - LEVEL / 2)) * noise.sd / float(np.sqrt(runs))
