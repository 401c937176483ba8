"""Gaussian process regression whose hyperparameters are learnt from the data.

    symbol  shape   meaning                                                equation
    x, z            points (n, d) and their features (n, p)                kernels.py
    y       (n, q)  values of q quantities at the same points
    K       (n, n)  covariance of f at x                                   kernels.py
    C       (n, n)  covariance of y                                        RW 2.20
    L       (n, n)  lower triangle with C = L L'                           RW algorithm 2.1
    alpha   (n, q)  C^-1 y                                                 RW algorithm 2.1
    k       (m, n)  covariance of f at new points with f at x              kernels.py
    v       (m, n)  k (L^-1)', so that vv' = k C^-1 k'                     RW algorithm 2.1
    mean    (m, q)  k alpha                                                RW 2.25
    var     (m,)    s2 + a2 - diag vv'                                     RW 2.26
    F               loss of l, s2, a2 and sigma2                           below; RW 5.8, 5.9

Observations y = f(x) + noise have covariance C = K + sigma2 diag(noise), K from kernels.py. The
hyperparameters minimise the negative log of marginal likelihood times priors,

    F = y'C^-1 y / 2 + ln|C| / 2 + 0.1 sum_j ((l_j/c)^2 + (c/l_j)^2) - ln Gamma(s2; 2, 1)
        - ln Gamma(a2; 2, 4) - ln Gamma(sigma2; 1.1, 30),      c^2 = max(1, d/8), rates given last,

over their logarithms, by L-BFGS-B with analytic gradients. The prior on lengthscales keeps a column
from being called irrelevant, or erratic, on thin evidence. F leaves out constants.

Source: Rasmussen and Williams 2006, equations 2.25, 2.26 (posterior), 5.8, 5.9 (likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.optimize import minimize

from osetra.numerics.kernels import (
    Array,
    Layout,
    Scales,
    covariance,
    embed,
    gaps,
    matern52_slope,
    pull_back,
    squared_distances,
)

JITTER = 1e-8
REFUSED = 1e10
"""Loss of hyperparameters whose covariance is not positive definite in floating point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed of the hyperparameters before any data."""

    lengthscale: float = 0.1
    product: tuple[float, float] = (2.0, 1.0)
    """Shape and rate of a Gamma density; so below."""
    additive: tuple[float, float] = (2.0, 4.0)
    noise: tuple[float, float] = (1.1, 30.0)


@dataclass(frozen=True, slots=True)
class Hyper:
    """Hyperparameters of the process, and the loss F that they reached."""

    scales: Scales
    noise: float
    """sigma2, variance of one observation."""
    loss: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the loss of hyperparameters depends on: every pair of points, and their values."""

    squares: Array
    """D_j (d, n(n-1)/2) of each pair of points."""
    y: Array
    noise: Array
    """Noise variance (n,) as a multiple of sigma2: 1/k for a mean of k observations."""


@dataclass(frozen=True, slots=True)
class GP:
    """A process conditioned on observations of q quantities at the same n points."""

    layout: Layout
    hyper: Hyper
    features: Array
    """Embedded points (n, p)."""
    y: Array
    """Observations (n, q); the first quantity is the one that hyperparameters were learnt from."""
    l_inverse: Array
    """L^-1 (n, n), where C = L L'."""
    alpha: Array
    """C^-1 y (n, q)."""


def fit(at: Layout, x: Array, y: Array, noise: Array, *, prior: Prior, steps: int = 60) -> Hyper:
    """Return the most plausible hyperparameters for points x (n, d) and values y (n,).

    Always starts from the same place, so that the result is a function of the data alone.
    """
    data = pairs(at, x, y, noise)
    d = at.columns
    low = np.log(np.concatenate((np.full(d, 0.01), [0.02, 1e-3, 1e-6])))
    high = np.log(np.concatenate((np.full(d, 1000.0), [50.0, 50.0, 2.0])))
    start = np.log(np.concatenate((np.full(d, 0.5 * d**0.5), [1.0, 0.25, 0.02])))
    found = minimize(  # type: ignore[call-overload]  # its stubs know no arguments beside x with jac=True
        loss,
        start,
        args=(data, prior),
        jac=True,
        method="L-BFGS-B",
        bounds=np.column_stack((low, high)),
        options={"maxiter": steps, "gtol": 1e-2, "ftol": 1e-4},
    )
    values = np.exp(found.x)
    scales = Scales(values[:d], float(values[d]), float(values[d + 1]))
    return Hyper(scales, float(values[d + 2]), float(found.fun))


def pairs(at: Layout, x: Array, y: Array, noise: Array) -> Pairs:
    """Return the data of the loss."""
    z = embed(at, x)
    rows, columns = np.triu_indices(len(y), 1)
    return Pairs(gaps(at, z[rows], z[columns]), y, noise)


def loss(log_hyper: Array, data: Pairs, prior: Prior) -> tuple[float, Array]:
    """Return F and its gradient by the logarithms of l (d), s2, a2 and sigma2."""
    d = len(log_hyper) - 3
    precision = np.exp(-2.0 * log_hyper[:d])
    s2, a2, sigma2 = np.exp(log_hyper[d:])
    scaled = data.squares * precision[:, None]
    together, together_slope = matern52_slope(scaled.sum(axis=0))
    single, single_slope = matern52_slope(scaled)
    alone = single.mean(axis=0)

    found = misfit(s2 * together + a2 * alone, s2 + a2 + sigma2 * data.noise + JITTER, data.y)
    if found is None:
        return REFUSED, np.zeros(len(log_hyper))
    value, pair, own = found
    gradient = np.empty(len(log_hyper))
    by_squares = (s2 * together_slope + (a2 / d) * single_slope) * scaled
    gradient[:d] = -2.0 * (by_squares @ pair)
    gradient[d] = s2 * (pair @ together + own.sum())
    gradient[d + 1] = a2 * (pair @ alone + own.sum())
    gradient[d + 2] = sigma2 * (own @ data.noise)
    penalty, slope = penalty_of(log_hyper, prior)
    return value + penalty, gradient + slope


def misfit(above: Array, diagonal: Array, y: Array) -> tuple[float, Array, Array] | None:
    """Return F without its priors, and its slope by the covariances; None where they are no covariance.

    Args:
        above: covariance of each pair of observations (n(n-1)/2,).
        diagonal: variance of each (n,).
        y: their values (n,).
    """
    n = len(y)
    rows, columns = np.triu_indices(n, 1)
    c = np.zeros((n, n))
    c[columns, rows] = above
    np.fill_diagonal(c, diagonal)
    factor, wrong = lapack.dpotrf(c, lower=1)
    if wrong:
        return None
    inverse, _ = lapack.dpotri(factor, lower=1)
    inverse += np.tril(inverse, -1).T - np.triu(inverse, 1)
    alpha = inverse @ y
    value = 0.5 * float(y @ alpha) + float(np.log(np.diagonal(factor)).sum())
    # dF = sum over pairs of (C^-1 - alpha alpha') dC, each pair once, half of it on the diagonal (RW 5.9).
    return (
        value,
        inverse[columns, rows] - alpha[columns] * alpha[rows],
        0.5 * (np.diagonal(inverse) - alpha * alpha),
    )


def condition(at: Layout, hyper: Hyper, x: Array, y: Array, noise: Array) -> GP:
    """Return the process given observations y (n, q) at x (n, d)."""
    z = embed(at, x)
    c = covariance(at, hyper.scales, z, z)
    diagonal = np.arange(len(x))
    c[diagonal, diagonal] += hyper.noise * noise
    l_inverse = _inverse_factor(c)
    return GP(at, hyper, z, y, l_inverse, l_inverse.T @ (l_inverse @ y))


def extend(gp: GP, x: Array) -> GP:
    """Return the process as if its own predictions had been observed at x (m, d).

    The mean stays what it was and the deviation shrinks round x: how trials that still run are
    accounted for (the believer's rule). O(n^2 m), nothing is learnt anew.
    """
    z = embed(gp.layout, x)
    k = covariance(gp.layout, gp.hyper.scales, z, gp.features)
    v = k @ gp.l_inverse.T
    inner = covariance(gp.layout, gp.hyper.scales, z, z) - v @ v.T
    inner[np.diag_indices(len(x))] += gp.hyper.noise
    corner = _inverse_factor(inner)
    n, m = len(gp.y), len(x)
    l_inverse = np.zeros((n + m, n + m))
    l_inverse[:n, :n] = gp.l_inverse
    l_inverse[n:, n:] = corner
    l_inverse[n:, :n] = -corner @ (v @ gp.l_inverse)
    y = np.concatenate((gp.y, k @ gp.alpha))
    alpha = np.concatenate((gp.alpha, np.zeros((m, y.shape[1]))))
    return GP(gp.layout, gp.hyper, np.concatenate((gp.features, z)), y, l_inverse, alpha)


def predict(gp: GP, x: Array) -> tuple[Array, Array]:
    """Return means (m, q) and the shared standard deviation (m,) of f at x (m, d)."""
    k = covariance(gp.layout, gp.hyper.scales, embed(gp.layout, x), gp.features)
    v = k @ gp.l_inverse.T
    variance = gp.hyper.scales.variance - np.sum(v * v, axis=1)
    return k @ gp.alpha, np.sqrt(np.maximum(variance, JITTER))


def mean(gp: GP, x: Array) -> Array:
    """Return the means (m, q) of f at x (m, d) alone."""
    return covariance(gp.layout, gp.hyper.scales, embed(gp.layout, x), gp.features) @ gp.alpha


def predict_slope(gp: GP, x: Array) -> tuple[Array, Array, Array, Array]:
    """Return means (m, q), deviation (m,), and their gradients (q, m, d) and (m, d) by x."""
    k, steep, z = _steep(gp, x)
    v = k @ gp.l_inverse.T
    variance = gp.hyper.scales.variance - np.sum(v * v, axis=1)
    deviation = np.sqrt(np.maximum(variance, JITTER))
    spread = -(v @ gp.l_inverse) / deviation[:, None]
    means = np.stack([_chain(gp, x, z, steep * w) for w in gp.alpha.T])
    return k @ gp.alpha, deviation, means, _chain(gp, x, z, steep * spread)


def mean_slope(gp: GP, x: Array) -> tuple[Array, Array]:
    """Return the means (m, q) of f at x alone, and their gradients (q, m, d) by x."""
    k, steep, z = _steep(gp, x)
    return k @ gp.alpha, np.stack([_chain(gp, x, z, steep * w) for w in gp.alpha.T])


def _steep(gp: GP, x: Array) -> tuple[Array, Array, Array]:
    """Return covariances (m, n) with what is known, dk / dD_j of every column (d, m, n), and features."""
    scales, z = gp.hyper.scales, embed(gp.layout, x)
    squares = squared_distances(gp.layout, z, gp.features, scales.lengthscales)
    together, together_slope = matern52_slope(squares.sum(axis=0))
    single, single_slope = matern52_slope(squares)
    share = scales.additive / gp.layout.columns
    k = scales.product * together + share * single.sum(axis=0)
    return k, scales.product * together_slope + share * single_slope, z


def _chain(gp: GP, x: Array, z: Array, by_square: Array) -> Array:
    """Return the gradient (m, d) of a sum whose derivatives by D_j / l_j^2 are given (d, m, n)."""
    owner = gp.layout.owner
    steep = by_square if gp.layout.plain else by_square[owner]
    # sum over n of 2 (z - z_n): one batched product for all features.
    drawn = (steep @ gp.features.T[:, :, None])[:, :, 0].T
    slope = 2.0 * (steep.sum(axis=2).T * z - drawn) / gp.hyper.scales.lengthscales[owner] ** 2
    return pull_back(gp.layout, x, slope)


def penalty_of(log_hyper: Array, prior: Prior) -> tuple[float, Array]:
    """Return the negative log prior and its gradient."""
    d = len(log_hyper) - 3
    slope = np.empty(len(log_hyper))
    long = np.exp(2.0 * log_hyper[:d]) / max(1.0, d / 8.0)
    total = prior.lengthscale * float(np.sum(long + 1.0 / long))
    slope[:d] = 2.0 * prior.lengthscale * (long - 1.0 / long)
    for i, (shape, rate) in enumerate((prior.product, prior.additive, prior.noise), start=d):
        value = float(np.exp(log_hyper[i]))
        total -= (shape - 1.0) * float(log_hyper[i]) - rate * value
        slope[i] = rate * value - (shape - 1.0)
    return total, slope


def _inverse_factor(c: Array) -> Array:
    """Return L^-1 of a symmetric matrix, with just as much jitter as floating point asks for."""
    diagonal, jitter = np.arange(len(c)), JITTER
    while True:
        padded = c.copy()
        padded[diagonal, diagonal] += jitter
        factor, wrong = lapack.dpotrf(padded, lower=1, clean=1)
        if not wrong:
            inverse, _ = lapack.dtrtri(factor, lower=1)
            return np.asarray(inverse)
        jitter *= 10.0
