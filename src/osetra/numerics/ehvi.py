"""Expected hypervolume improvement: what a try is worth by how much it should move the front.

What no point dominates is cut into boxes (`pareto.boxes`); within one, independent normal outcomes move each
side on their own, so that the expectation is a sum of products:

    E = sum over boxes k of prod over outcomes j of [psi_j(high_kj) - psi_j(low_kj)]
    psi_j(b) = E[max(b - f_j, 0)] = s_j h((b - mean_j) / s_j),   h(z) = phi(z) + z Phi(z)

It is worked out by logarithms throughout, for far from the front all products underflow.

Sources: Emmerich, Deutz & Klinkenberg 2011, CEC (the closed form); Yang et al. 2019, J. Global Optimization
75 (by boxes); Ament et al. 2023, arXiv:2310.20708 (logarithms).
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr, logsumexp

from osetra.numerics.acquisition import LOG_SQRT_2PI, log_h
from osetra.numerics.pareto import Array


def log_improvement(mean: Array, deviation: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Return ln E (c,) at candidates, and its derivatives by means (c, m) and deviations (c, m).

    Args:
        mean: of the outcomes at each candidate (c, m).
        deviation: likewise.
        low: lower corners of the boxes (k, m); may be minus infinity.
        high: upper corners (k, m), finite.
    """
    parts, sides = [], []
    for j in range(mean.shape[1]):
        side = _side(mean[:, j], deviation[:, j], low[:, j], high[:, j])
        parts.append(side[0])
        sides.append(side[1:])
    terms = np.sum(parts, axis=0)
    total = logsumexp(terms, axis=1)
    weight = np.exp(terms - total[:, None])
    by_mean = np.column_stack([np.sum(weight * side[0], axis=1) for side in sides])
    by_deviation = np.column_stack([np.sum(weight * side[1], axis=1) for side in sides])
    return total, by_mean, by_deviation


def _side(mean: Array, deviation: Array, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Return ln[psi(high) - psi(low)] (c, k) of one outcome, and its derivatives by mean and deviation."""
    bounds, inverse = np.unique(np.concatenate((low, high)), return_inverse=True)
    finite = np.isfinite(bounds)
    s = deviation[:, None]
    z = (bounds[None, finite] - mean[:, None]) / s
    psi, below, density = (np.full((len(mean), len(bounds)), -np.inf) for _ in range(3))
    psi[:, finite] = np.log(s) + log_h(z)
    below[:, finite] = log_ndtr(z)
    density[:, finite] = -0.5 * z * z - LOG_SQRT_2PI
    at_low, at_high = inverse[: len(low)], inverse[len(low) :]
    gap = np.minimum(psi[:, at_low] - psi[:, at_high], -1e-15)  # psi grows with its bound
    log = psi[:, at_high] + np.log(-np.expm1(gap))
    by_mean = np.exp(below[:, at_low] - log) - np.exp(below[:, at_high] - log)
    by_deviation = np.exp(density[:, at_high] - log) - np.exp(density[:, at_low] - log)
    return log, by_mean, by_deviation


def log_feasible(mean: Array, deviation: Array, bound: float) -> tuple[Array, Array, Array]:
    """Return ln P(g <= bound) (m,) of a normal quantity, and its derivatives by mean and deviation."""
    z = (bound - mean) / deviation
    log = log_ndtr(z)
    steep = np.exp(-0.5 * z * z - LOG_SQRT_2PI - log) / deviation
    return log, -steep, -steep * z
