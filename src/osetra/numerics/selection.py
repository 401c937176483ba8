"""Selection: what the best of many noisy results is truly worth, and whether it is clearly the best.

Each of k settings has a true value θ, and was run n times, each run off by seed noise of deviation σ.

    symbol        shape   meaning                                              equation
    means         (k,)    mean over the runs of each setting, minimised
    counts        (k,)    how many runs each had
    s, df                 σ as pooled within settings, its degrees of freedom  `pooled`
    t                     gap of winner and rival over its standard error      Student
    G             (m,)    weights of true values on a grid                     Kiefer & Wolfowitz 1956
    posterior     (m,)    ∝ G(θ) N(mean; θ, σ²/n)                              Robbins 1956, Efron 2011

Knowing what all settings are like takes the winner's curse away: the posterior of one setting does not
depend on how it was chosen, nor on when its runs were stopped (Dawid 1994), as long as G is theirs. G is
learnt from all of them by expectation-maximisation, ended early so that it stays smooth. The interval has
the width that the runs themselves leave open, round the posterior mean (Casella & Hwang 1983): it keeps its
coverage where G is wrong. And where G is wrong it must not lead far astray: the mean stays within `FARTHEST`
standard errors of the setting's fresh runs (limited translation, Efron & Morris 1971).

That the winner beats the others is claimed after the fact. The most false claims come from two settings
that tie ahead of all others, so that the two-sided level of Student's test between the winner and every
rival holds for any number of settings (Gutmann & Maymin 1987).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, stdtr, stdtrit

Array = NDArray[np.float64]
GRID = 201
"""Points of the grid of true values."""
FARTHEST = 0.7
"""Standard errors of its fresh runs that a mean is moved by at most."""
NEAR = 8
"""Deviations of the seeds round the chosen setting in which others tell what it is like."""
ROUNDS = 200
"""Of expectation-maximisation: more make G a handful of spikes, which no few results can prove."""
LEVEL = 0.05
"""Of false claims that the winner is the best, and of intervals."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How far runs of one setting lie apart."""

    sd: float
    """Standard deviation; NaN while no setting was run twice."""
    df: int
    """Degrees of freedom: runs minus settings."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a setting is worth."""

    mean: float
    low: float
    high: float
    """Ends of the 95 % interval."""


def pooled(groups: Sequence[Sequence[float]]) -> Noise:
    """Return the standard deviation within groups of runs; groups of one say nothing."""
    several = [np.asarray(group, dtype=np.float64) for group in groups if len(group) > 1]
    df = sum(len(group) - 1 for group in several)
    if not df:
        return Noise(float("nan"), 0)
    squares = sum(float(np.sum((group - group.mean()) ** 2)) for group in several)
    return Noise(float(np.sqrt(squares / df)), df)


def p_best(means: Array, counts: Array, noise: Noise) -> float:
    """Return the chance of a gap as large to the nearest rival if the winner were not the best.

    Below `LEVEL` the smallest of the means (k,) is clearly the best; 1 while nothing can be told.
    """
    if len(means) < 2:
        return 1.0
    return float(max(np.delete(p_rivals(means, counts, noise), np.argmin(means))))


def p_rivals(means: Array, counts: Array, noise: Noise) -> Array:
    """Return the same chance for every setting (k,) against the winner; 1 for the winner itself."""
    gap = means - means.min()
    if not noise.df:
        return np.ones(len(means))
    error = noise.sd * np.sqrt(1 / counts + 1 / counts[np.argmin(means)])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(gap > 0, gap / error, 0.0)
    return np.asarray(2 * stdtr(noise.df, -t), dtype=np.float64)


def reach(counts: Array, noise: Noise) -> float:
    """Return the gap between two means of so many runs (2,) that chance alone exceeds in 5 % of cases."""
    return float(stdtrit(noise.df, 1 - LEVEL / 2) * noise.sd * np.sqrt(np.sum(1 / counts)))


def worth(means: Array, counts: Array, noise: Noise, chosen: int, fresh: Array) -> Worth:
    """Return what one of all settings is worth, the luck of being chosen taken back.

    Args:
        means: of all runs of each setting (k,).
        counts: how many runs each had (k,).
        noise: of a seed; its deviation is above 0.
        chosen: which setting.
        fresh: its runs (n,) that were made after it was chosen.
    """
    # Deviations of few runs are small more often than large: the median is put right.
    sd = noise.sd * np.sqrt(noise.df / chdtri(noise.df, 0.5))
    errors = sd / np.sqrt(counts)
    near = np.abs(means - means[chosen]) <= NEAR * sd  # those farther off say nothing of it
    chosen, means, errors = int(np.sum(near[:chosen])), means[near], errors[near]
    grid = np.linspace(means.min() - errors.max(), means.max() + errors.max(), GRID)
    likely = _likelihood(means, errors, grid)
    share = likely[chosen] * _population(likely)
    error = noise.sd / np.sqrt(fresh.size)
    mean = float(np.clip(share @ grid / share.sum(), *(fresh.mean() + FARTHEST * error * np.array([-1, 1]))))
    half = float(stdtrit(noise.df, 1 - LEVEL / 2)) * float(error)
    return Worth(mean, mean - half, mean + half)


def _population(likely: Array) -> Array:
    """Return the weights G (m,) of true values that explain likelihoods (k, m) best, and stay smooth."""
    weights = np.full(likely.shape[1], 1 / likely.shape[1])
    for _ in range(ROUNDS):
        weights = np.mean(likely / (likely @ weights)[:, None], axis=0) * weights
    return weights


def _likelihood(means: Array, errors: Array, grid: Array) -> Array:
    """Return the likelihood (k, m) of every true value, up to a factor of each setting."""
    z = (means[:, None] - grid) / errors[:, None]
    log = -0.5 * z * z
    return np.asarray(np.exp(log - log.max(axis=1, keepdims=True)), dtype=np.float64)
