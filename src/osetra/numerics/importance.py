"""Importance: which coordinates separate the best points from the rest.

A coordinate matters when its values among the best points are distributed otherwise than among all
points. The distance of the two histograms is Pearson's divergence, after PED-ANOVA; because few
points differ by luck alone, its expectation under luck is subtracted and its chance is found by
permutation.

Source: Watanabe, Bansal & Hutter 2023, "PED-ANOVA", arXiv:2304.10255, eq. 12 with histograms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FEWEST = 15
"""Fewer points than this say nothing."""
BINS = 4


@dataclass(frozen=True, slots=True)
class Importance:
    """What each of d coordinates contributes; NaN where it was active too rarely to tell."""

    share: Array
    """Share (d,) of the divergence of all coordinates, 0 … 1."""
    chance: Array
    """How often luck alone gives as much (d,)."""


def importance(x: Array, y: Array, rng: np.random.Generator, *, draws: int = 1000) -> Importance:
    """Return the importance of the coordinates of points x (n, d) with values y (n,), minimised.

    A coordinate that is inactive (NaN) at some points is judged on the others: does its value matter
    where it exists?
    """
    d = x.shape[1]
    excess, chance = np.full(d, np.nan), np.full(d, np.nan)
    for j in range(d):
        active = ~np.isnan(x[:, j])
        if np.sum(active) >= FEWEST:
            excess[j], chance[j] = _judge(bins(x[active, j]), best_quarter(y[active]), rng, draws)
    total = np.nansum(excess)
    return Importance(excess / total if total > 0 else np.where(np.isnan(excess), np.nan, 0.0), chance)


def intervals(
    x: Array, y: Array, rng: np.random.Generator, *, draws: int = 200, sure: float = 0.95
) -> tuple[Array, Array]:
    """Return between which shares (d,) and (d,) the importance of each coordinate lies, by bootstrap.

    Points are drawn with replacement as often as there are points. A resample has the luck of the points
    and that of its own draw, so twice its expectation is subtracted.
    """
    n, d = x.shape
    order = np.argsort(y, kind="stable")
    x, drawn = x[order], rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
    excess = np.full((draws, d), np.nan)
    for j in range(d):
        active = ~np.isnan(x[:, j])
        if np.sum(active) >= FEWEST:
            excess[:, j] = _excess(bins(x[active, j]), drawn[:, active])
    total = np.nansum(excess, axis=1, keepdims=True)
    shares = np.divide(excess, total, out=np.where(np.isnan(excess), np.nan, 0.0), where=total > 0)
    low, high = np.full(d, np.nan), np.full(d, np.nan)
    judged = ~np.isnan(excess).all(axis=0)
    ends = [0.5 - sure / 2, 0.5 + sure / 2]
    low[judged], high[judged] = np.nanquantile(shares[:, judged], ends, axis=0)
    return low, high


def _excess(bin_of: Ints, drawn: Array) -> Array:
    """Return the divergence beyond luck of resamples (r, n) of points in the order of their values."""
    kinds = np.unique(bin_of, return_inverse=True)[1]
    belongs = np.eye(int(kinds.max()) + 1)[kinds]
    n = drawn.sum(axis=1, keepdims=True)
    quarter = np.ceil(n / 4)
    before = np.cumsum(drawn, axis=1) - drawn
    best = np.clip(quarter - before, 0.0, drawn)
    share, among = drawn @ belongs / np.maximum(n, 1), best @ belongs / np.maximum(quarter, 1)
    found = np.divide((among - share) ** 2, share, out=np.zeros_like(share), where=share > 0).sum(axis=1)
    several = np.sum(share > 0, axis=1, keepdims=True)
    luck = (several - 1) / np.maximum(quarter, 1) * (n - quarter) / np.maximum(n - 1, 1)
    excess: Array = np.maximum(0.0, found - 2 * luck[:, 0])
    return excess


def best_quarter(y: Array) -> Mask:
    """Return which points (n,) are the best quarter, rounded up; earlier points win ties."""
    best = np.zeros(len(y), dtype=bool)
    best[np.argsort(y, kind="stable")[: -(-len(y) // 4)]] = True
    return best


def bins(values: Array) -> Ints:
    """Return a bin (n,) for each value: one per distinct value when few, quartiles otherwise."""
    distinct, place = np.unique(values, return_inverse=True)
    if len(distinct) <= BINS:
        return np.asarray(place, dtype=np.int64)
    inner = np.quantile(values, np.arange(1, BINS) / BINS)
    return np.asarray(np.searchsorted(inner, values, side="right"), dtype=np.int64)


def divergence(bin_of: Ints, best: Mask) -> float:
    """Return Pearson's divergence of the best points' histogram from that of all points."""
    count = np.bincount(bin_of)
    share = count[count > 0] / len(bin_of)
    among = np.bincount(bin_of[best], minlength=len(count))[count > 0] / np.sum(best)
    return float(np.sum((among - share) ** 2 / share))


def expected_divergence(kinds: int, best: int, n: int) -> float:
    """Return the divergence that `best` points drawn by luck out of n have on average."""
    # Each bin's count is hypergeometric: Var = best p (1-p) (n-best) / (n-1).
    return (kinds - 1) / best * (n - best) / (n - 1)


def _judge(bin_of: Ints, best: Mask, rng: np.random.Generator, draws: int) -> tuple[float, float]:
    n, k = len(bin_of), int(np.sum(best))
    found = divergence(bin_of, best)
    kinds = len(np.unique(bin_of))
    if kinds < 2:
        return 0.0, 1.0
    count = np.bincount(bin_of)
    count = count[count > 0]
    # Permuting the points makes the best ones' histogram multivariate hypergeometric.
    hits = rng.multivariate_hypergeometric(count, k, size=draws)
    by_luck = np.sum((hits / k - count / n) ** 2 / (count / n), axis=1)
    chance = (1 + np.sum(by_luck >= found - 1e-12)) / (1 + draws)
    return max(0.0, found - expected_divergence(kinds, k, n)), float(chance)
