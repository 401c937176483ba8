"""CMA-ES with margin: a normal distribution that learns where good points lie and how they covary.

A generation is ranked, never measured: the mean moves to the weighted best half, two evolution
paths sum up the moves, and from them and the ranked steps the step size and the covariance are
learnt. The margin keeps a chance of at least 1/(d λ) that a column with few values changes its
value, where a plain CMA-ES would shrink until it is stuck inside one cell.

Sources: Hansen 2016, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772 (equation numbers
below); Hamano et al. 2022, CMA-ES with Margin, arXiv:2205.13482; Hansen 2011, Injecting External
Solutions Into CMA-ES, arXiv:1110.4181; Auger & Hansen 2005 (restarts with a doubled population).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gaussian:
    """The sampling distribution N(mean, sigma² C) after some generations."""

    mean: Array
    """(d,)"""
    sigma: float
    cov: Array
    """C (d, d)."""
    path_sigma: Array
    path_c: Array
    margin: Array
    """Diagonal of A (d,): how much a column's step is widened before it is rounded."""
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Rates:
    """Weights of the ranks, and learning rates, which depend on d and the population only."""

    weights: Array
    """(λ,) best first; negative for the worse half."""
    mu: int
    mu_eff: float
    c1: float
    c_mu: float
    c_c: float
    c_sigma: float
    d_sigma: float
    chi: float
    """Expected length of a standard normal vector."""


def population(d: int) -> int:
    """Return the default population λ (eq. 48)."""
    return 4 + math.floor(3 * math.log(max(d, 1)))


def start(mean: Array, sigma: float) -> Gaussian:
    """Return an isotropic distribution at a mean (d,)."""
    d = len(mean)
    return Gaussian(mean, sigma, np.eye(d), np.zeros(d), np.zeros(d), np.ones(d))


def rates(d: int, size: int) -> Rates:
    """Return the weights and rates for d ≥ 1 columns and a population of `size` (eqs. 49 to 58)."""
    raw = math.log((size + 1) / 2) - np.log(np.arange(1, size + 1))
    mu = size // 2
    better, worse = raw[:mu], raw[mu:]
    mu_eff = float(np.sum(better) ** 2 / np.sum(better**2))
    mu_eff_minus = float(np.sum(worse) ** 2 / np.sum(worse**2))
    c1 = 2 / ((d + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c1 - 1e-8, 2 * (mu_eff - 2 + 1 / mu_eff) / ((d + 2) ** 2 + mu_eff))
    least = min(1 + c1 / c_mu, 1 + 2 * mu_eff_minus / (mu_eff + 2), (1 - c1 - c_mu) / (d * c_mu))
    weights = np.where(raw >= 0, raw / raw[raw > 0].sum(), least * raw / -raw[raw < 0].sum())
    c_sigma = (mu_eff + 2) / (d + mu_eff + 5)
    return Rates(
        weights,
        mu,
        mu_eff,
        c1,
        c_mu,
        (4 + mu_eff / d) / (d + 4 + 2 * mu_eff / d),
        c_sigma,
        1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (d + 1)) - 1) + c_sigma,
        math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d**2)),
    )


def draw(normal: Gaussian, count: int, rng: np.random.Generator) -> Array:
    """Return `count` raw points (count, d) of the distribution, before the margin (eq. 40)."""
    lengths, axes = _axes(normal.cov)
    standard = rng.standard_normal((count, len(lengths)))
    drawn: Array = normal.mean + normal.sigma * (standard * lengths) @ axes.T
    return drawn


def widened(normal: Gaussian, raw: Array) -> Array:
    """Return the points (n, d) that raw points stand for: what is rounded and evaluated."""
    points: Array = normal.mean + normal.margin * (raw - normal.mean)
    return points


def by_rank(weights: Array, y: Array) -> Array:
    """Return the weight of each of n outcomes (n,): by rank, shared evenly among equal outcomes.

    Outcomes that are not finite count as equally bad.
    """
    worth = np.where(np.isfinite(y), y, np.inf)
    order = np.argsort(worth, kind="stable")
    _, group, sizes = np.unique(worth[order], return_inverse=True, return_counts=True)
    shared = np.empty(len(y))
    shared[order] = (np.bincount(group, weights) / sizes)[group]
    return shared


def tell(normal: Gaussian, raw: Array, y: Array, foreign: NDArray[np.bool_], given: Rates) -> Gaussian:
    """Return the distribution after a generation of raw points (λ, d) with outcomes (λ,).

    `foreign` (λ,) marks points that the distribution did not draw itself; their steps are clipped
    to the length that its own have (Hansen 2011, eq. 7), so that no outsider tears it apart.
    """
    d = len(normal.mean)
    lengths, axes = _axes(normal.cov)
    whiten = (axes / lengths) @ axes.T
    steps = (raw - normal.mean) / normal.sigma
    far = np.linalg.norm(steps @ whiten, axis=1)
    longest = math.sqrt(d) + 2 * d / (d + 2)
    steps = steps * np.where(foreign, np.minimum(1, longest / np.maximum(far, 1e-300)), 1)[:, None]
    weights = by_rank(given.weights, y)
    # Ranks give the positive weights to the first μ; ties spread them over all that are equal.
    move = by_rank(np.where(np.arange(len(y)) < given.mu, given.weights, 0.0), y) @ steps  # eq. 41
    path_sigma = (1 - given.c_sigma) * normal.path_sigma + math.sqrt(
        given.c_sigma * (2 - given.c_sigma) * given.mu_eff
    ) * (whiten @ move)  # eq. 43
    length = float(np.linalg.norm(path_sigma))
    sigma = normal.sigma * math.exp(min(1.0, given.c_sigma / given.d_sigma * (length / given.chi - 1)))
    age = 1 - (1 - given.c_sigma) ** (2 * (normal.generation + 2))
    moving = length / math.sqrt(age) < (1.4 + 2 / (d + 1)) * given.chi
    path_c = (1 - given.c_c) * normal.path_c + moving * math.sqrt(
        given.c_c * (2 - given.c_c) * given.mu_eff
    ) * move  # eq. 45
    reach = np.linalg.norm(steps @ whiten, axis=1) ** 2
    signed = np.where(weights >= 0, weights, weights * d / (reach + 1e-8))  # eq. 46
    kept = 1 + given.c1 * (not moving) * given.c_c * (2 - given.c_c) - given.c1
    cov = (kept - given.c_mu * given.weights.sum()) * normal.cov
    cov = cov + given.c1 * np.outer(path_c, path_c) + given.c_mu * (steps.T * signed) @ steps  # eq. 47
    mean = normal.mean + normal.sigma * move
    return Gaussian(mean, sigma, cov, path_sigma, path_c, normal.margin, normal.generation + 1)


def with_margin(normal: Gaussian, edges: Sequence[Array], chance: float) -> Gaussian:
    """Return the distribution with mean and A corrected so that discrete columns can still move.

    `edges[j]` are the borders between the cells of column j, ascending; empty for continuous ones.
    `chance` is the least probability, 1/(d λ) in the paper (Hamano et al. 2022, section 4.2).
    """
    mean, margin = normal.mean.copy(), normal.margin.copy()
    spread = normal.sigma * np.sqrt(np.diag(normal.cov))
    for j, border in enumerate(edges):
        if len(border):
            mean[j], margin[j] = _corrected(mean[j], margin[j], spread[j], border, chance)
    return replace(normal, mean=mean, margin=margin)


def spent(normal: Gaussian, narrow: float) -> bool:
    """Whether no step is longer than `narrow` any more, or the covariance is ill-conditioned."""
    lengths, _ = _axes(normal.cov)
    return bool(normal.sigma * lengths[-1] < narrow or lengths[-1] > 1e7 * lengths[0] or normal.sigma > 1e4)


def _axes(cov: Array) -> tuple[Array, Array]:
    """Return the ascending standard deviations (d,) along the principal axes (d, d) of C."""
    variances, axes = np.linalg.eigh((cov + cov.T) / 2)
    return np.sqrt(np.where(variances < 0, 1e-8, np.maximum(variances, 1e-30))), axes


def _corrected(
    mean: float, margin: float, spread: float, border: Array, chance: float
) -> tuple[float, float]:
    cell = int(np.searchsorted(border, mean))
    low, high = border[max(cell - 1, 0)], border[min(cell, len(border) - 1)]
    below, above = (
        float(ndtr((low - mean) / (spread * margin))),
        float(ndtr((mean - high) / (spread * margin))),
    )
    if max(below, above) > 0.5:  # the mean is in the first or the last cell
        if min(below, above) >= chance:
            return mean, margin
        return high + np.sign(mean - high) * -ndtri(chance) * spread * margin, margin
    inside = 1 - below - above
    least = chance / 2
    raised_below, raised_above = max(below, least), max(above, least)
    excess = 1 - raised_below - raised_above - inside
    room = raised_below + inside + raised_above - 3 * least
    new_below = raised_below + excess * (raised_below - least) / room
    new_above = raised_above + excess * (raised_above - least) / room
    left, right = (-float(ndtri(np.clip(p, 1e-10, 0.5 - 1e-10))) for p in (new_below, new_above))
    return (low * right + high * left) / (left + right), (high - low) / ((left + right) * spread)
