"""Acquisition: what a try at a point is worth, given its predicted mean and deviation.

Each function returns its value and the partial derivatives by mean and deviation, all (m,); the
chain rule through the process is done once, by whoever maximises.

Sources: Ament et al. 2023, arXiv:2310.20708 (log expected improvement and its branches); Srinivas
et al. 2010, arXiv:0912.3995 (confidence bounds); Gelbart et al. 2014 (probability of success).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from osetra.numerics.kernels import Array

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)

HOPE = 0.25
"""Targets' deviations over which a hope turns into a gain."""

Valued = tuple[Array, Array, Array]


def optimism(mean: Array, deviation: Array, beta: float) -> Valued:
    """Return -mean + beta * deviation: minus the lower confidence bound."""
    return beta * deviation - mean, np.full_like(mean, -1.0), np.full_like(mean, beta)


def log_improvement(mean: Array, deviation: Array, best: float) -> Valued:
    """Return ln E[max(best - f, 0)] = ln s + ln h(z) with z = (best - mean) / s, h = phi + z Phi."""
    z = (best - mean) / deviation
    log = log_h(z)
    by_mean = -np.exp(log_ndtr(z) - log) / deviation
    by_deviation = np.exp(-0.5 * z * z - LOG_SQRT_2PI - log) / deviation
    return np.log(deviation) + log, by_mean, by_deviation


def log_hope(mean: Array, deviation: Array, best: float, beta: float) -> Valued:
    """Return ln softplus((best - mean + beta * deviation) / HOPE): optimism as the logarithm of a gain.

    It orders points as optimism does, and can be divided by what they cost.
    """
    hope = (best - mean + beta * deviation) / HOPE
    soft = np.logaddexp(0.0, hope)
    log = np.where(hope < -30.0, hope, np.log(np.maximum(soft, 1e-30)))
    # d ln softplus(t) / dt = sigmoid(t) / softplus(t), which is 1 far below 0.
    steep = np.where(
        hope < -30.0, 1.0, 1.0 / ((1.0 + np.exp(-np.maximum(hope, -30.0))) * np.maximum(soft, 1e-30))
    )
    return log, -steep / HOPE, beta * steep / HOPE


def log_success(mean: Array, deviation: Array) -> Valued:
    """Return ln P(success) = ln Phi(-mean / sqrt(1 + s^2)) for labels of +1 where it failed."""
    spread = 1.0 + deviation * deviation
    w = -mean / np.sqrt(spread)
    log = log_ndtr(w)
    steep = np.exp(-0.5 * w * w - LOG_SQRT_2PI - log)
    return log, -steep / np.sqrt(spread), steep * mean * deviation / spread**1.5


def log_h(z: Array) -> Array:
    """Return ln(phi(z) + z Phi(z)) without loss of digits for any z.

    Below -1 the two terms cancel; erfcx takes out their common factor. Beyond -1e3, where even
    that cancels, h = phi(z) / z^2 (1 - 3 / z^2) to eleven digits.
    """
    near, far = z > -1.0, z < -1e3
    found = np.empty_like(z)
    a = z[near]
    found[near] = np.log(np.exp(-0.5 * a * a - LOG_SQRT_2PI) + a * ndtr(a))
    b = -z[~near & ~far]
    rest = 1.0 - math.sqrt(math.pi / 2.0) * b * erfcx(b / math.sqrt(2.0))
    found[~near & ~far] = -0.5 * b * b - LOG_SQRT_2PI + np.log(np.maximum(rest, 1e-16))
    c = -z[far]
    found[far] = -0.5 * c * c - LOG_SQRT_2PI - 2.0 * np.log(c) + np.log1p(-3.0 / c**2)
    return found
