"""Draws of whole functions from the posterior of a Gaussian process, its hyperparameters included.

    symbol  shape    meaning                                                     equation
    z       (n, p)   features in which the kernel is Euclidean                   below
    l       (p,)     lengthscale of each feature's column
    F       ()       random features of a Matern-5/2 kernel                      RR algorithm 1
    w       (F, p)   their frequencies: of a t distribution with 5 degrees       RW 4.15
    g       (m, k)   k draws of the prior: sum_F theta cos(w z + b)              RR algorithm 1
    v       (n, k)   C^-1 (y - g(x) - noise)
    f       (m, k)   k draws of the posterior: g + K v                           Wilson et al. 2020, eq. 13

A conditioned draw is exact in the correction K v and approximate in the prior alone, so that what the
data say is not blurred by the random features. Hyperparameters are drawn from a normal distribution
round the most plausible ones, in logarithms, by the curvature of the loss there (Laplace): where few
points leave a lengthscale open, draws differ in it.

A category is a unit vector over sqrt 2 for each option and one for "inactive", which makes the Hamming
distance Euclidean.

Sources: Rahimi and Recht 2007 (RR); Rasmussen and Williams 2006 (RW); Wilson et al. 2020, "Efficiently
sampling functions from Gaussian process posteriors".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve, lapack

from osetra.numerics.curvature import curvature
from osetra.numerics.gp import JITTER, Hyper, Pairs, Prior
from osetra.numerics.kernels import Array, Ints, Layout, Scales

Small = npt.NDArray[np.float32]

FREEDOM = 5.0
"""Degrees of freedom of the spectral density of Matern-5/2: twice 5/2."""
WIDEST = 1.0
"""Largest deviation of a hyperparameter's logarithm."""


@dataclass(frozen=True, slots=True)
class Conditioned:
    """One draw of the hyperparameters, and k functions drawn given them."""

    layout: Layout
    hyper: Hyper
    points: Array
    """Points (n, d) of the data."""
    weights: Array
    """v (n, 1 + k): first those of the posterior mean, then those of the draws."""
    frequencies: Array
    """Of the product (F, p), lengthscales applied."""
    phases: Array
    amplitudes: Array
    """Of the product (F, k)."""
    single: tuple[tuple[Array, Array, Array], ...]
    """For each column the frequencies (G, p_j), phases (G,) and amplitudes (G, k) of its own effect."""


def euclidean(at: Layout, x: Array) -> tuple[Array, Ints]:
    """Return features (n, p) of points (n, d), and the column (p,) of each."""
    blocks, owner = [], []
    for j in range(at.columns):
        block = feature(at, j, x[:, j])
        blocks.append(block)
        owner += [j] * block.shape[1]
    return np.concatenate([np.empty((len(x), 0)), *blocks], axis=1), np.array(owner, dtype=np.int64)


def feature(at: Layout, j: int, u: Array) -> Array:
    """Return the features (n, p_j) of coordinates (n,) of a column; NaN is inactive."""
    if at.categorical[j]:
        levels = int(at.levels[j])
        option = np.nan_to_num(np.minimum(np.floor(u * levels), levels - 1), nan=levels).astype(np.int64)
        return np.asarray(np.eye(levels + 1)[option] / np.sqrt(2.0))
    if at.conditional[j]:
        arc = 0.5 * np.column_stack((np.cos(2.0 * u), np.sin(2.0 * u)))
        return np.nan_to_num(arc, nan=0.0)
    return u[:, None]


def matern(left: Array, right: Array) -> Array:
    """Return Matern-5/2 (n, m) between scaled features (n, p) and (m, p)."""
    return matern_of(scaled_squares(left, right))


def scaled_squares(left: Array, right: Array) -> Array:
    """Return squared distances (n, m) between features (n, p) and (m, p)."""
    square: Array = -2.0 * (left @ right.T)
    square += np.sum(left * left, axis=1)[:, None]
    square += np.sum(right * right, axis=1)
    return np.maximum(square, 0.0, out=square)


def matern_of(square: Array) -> Array:
    """Return Matern-5/2 of squared distances, in their place."""
    square *= 5.0
    a = np.sqrt(square)
    square /= 3.0
    square += a
    square += 1.0
    np.negative(a, out=a)
    square *= np.exp(a, out=a)
    return square


def hypers(best: Hyper, data: Pairs, prior: Prior, count: int, rng: np.random.Generator) -> list[Hyper]:
    """Return draws of the hyperparameters; the first is the most plausible one itself."""
    d = len(best.scales.lengthscales)
    centre = np.log(
        np.concatenate((best.scales.lengthscales, [best.scales.product, best.scales.additive, best.noise]))
    )
    size, bent = len(centre), curvature(centre, data, prior)
    values, vectors = np.linalg.eigh(0.5 * (bent + bent.T))
    deviation = 1.0 / np.sqrt(np.maximum(values, WIDEST**-2))
    drawn = centre + (rng.standard_normal((count - 1, size)) * deviation) @ vectors.T
    low = np.log(np.concatenate((np.full(d, 0.02), [0.02, 1e-3, 1e-6])))
    high = np.log(np.concatenate((np.full(d, 1000.0), [50.0, 50.0, 2.0])))
    drawn = np.exp(np.clip(drawn, low, high))
    return [
        best,
        *(Hyper(Scales(row[:d], float(row[d]), float(row[d + 1])), float(row[d + 2]), 0.0) for row in drawn),
    ]


def conditioned(
    at: Layout,
    hyper: Hyper,
    x: Array,
    y: Array,
    noise: Array,
    draws: int,
    rng: np.random.Generator,
    *,
    features: int = 192,
) -> Conditioned:
    """Return functions drawn given y (n,) at x (n, d), whose noise is sigma2 times `noise` (n,)."""
    z, owner = euclidean(at, x)
    length, scales, d = hyper.scales.lengthscales, hyper.scales, at.columns
    frequencies = _frequencies(rng, features, z.shape[1]) / length[owner]
    phases = rng.uniform(0.0, 2.0 * np.pi, features)
    amplitudes = np.sqrt(2.0 * scales.product / features) * rng.standard_normal((features, draws))
    single = []
    own = max(32, features // 4)
    for j in range(d):
        width = int(np.sum(owner == j))
        reach = np.sqrt(2.0 * scales.additive / (d * own))
        parts = (
            _frequencies(rng, own, width) / length[j],
            rng.uniform(0.0, 2.0 * np.pi, own),
            reach * rng.standard_normal((own, draws)),
        )
        single.append(parts)
    k = scales.product * matern(z / length[owner], z / length[owner])
    prior = waves(z, frequencies, phases, amplitudes)
    for j, (w, b, theta) in enumerate(single):
        mine = z[:, owner == j]
        k += scales.additive / d * matern(mine / length[j], mine / length[j])
        prior += waves(mine, w, b, theta)
    variance = hyper.noise * noise
    seen = prior + np.sqrt(variance)[:, None] * rng.standard_normal(prior.shape)
    targets = np.column_stack((y, y[:, None] - seen))
    return Conditioned(
        at, hyper, x, _solve(k, variance, targets), frequencies, phases, amplitudes, tuple(single)
    )


def evaluate(found: Conditioned, x: Array) -> Array:
    """Return the posterior mean and the draws (m, 1 + k) at points (m, d)."""
    z, owner = euclidean(found.layout, x)
    total = together(found, z, owner)
    for j in range(found.layout.columns):
        total += alone(found, j, x[:, j])
    return total


def mean(found: Conditioned, x: Array) -> Array:
    """Return the posterior mean alone (m,) at points (m, d): many points cost no draws."""
    only = replace(
        found,
        weights=found.weights[:, :1],
        amplitudes=found.amplitudes[:, :0],
        single=tuple((w, b, theta[:, :0]) for w, b, theta in found.single),
    )
    return evaluate(only, x)[:, 0]


def together(found: Conditioned, z: Array, owner: Ints) -> Array:
    """Return what the product of all columns adds (m, 1 + k) at features (m, p)."""
    data, _ = euclidean(found.layout, found.points)
    length = found.hyper.scales.lengthscales[owner]
    total = (found.hyper.scales.product * matern(z / length, data / length)) @ found.weights
    if found.amplitudes.shape[1]:
        total[:, 1:] += waves(z, found.frequencies, found.phases, found.amplitudes)
    return np.asarray(total)


def waves(z: Array, frequencies: Array, phases: Array, amplitudes: Array) -> Array:
    """Return a draw of the prior (m, k) at features (m, p).

    In single precision, whose cosine is ten times as fast: random features are no better than that.
    """
    small = np.float32
    return waves_of(z.astype(small) @ frequencies.T.astype(small), phases, amplitudes)


def waves_of(angle: Small, phases: Array, amplitudes: Array) -> Array:
    """Return the same of angles w z (m, F) in single precision, in their place."""
    angle += phases.astype(np.float32)
    return np.asarray(np.cos(angle, out=angle) @ amplitudes.astype(np.float32), dtype=np.float64)


def alone(found: Conditioned, j: int, coordinates: Array) -> Array:
    """Return what a column adds by itself (m, 1 + k) at coordinates (m,)."""
    u, place = np.unique(coordinates, return_inverse=True)
    scales = found.hyper.scales
    mine, data = feature(found.layout, j, u), feature(found.layout, j, found.points[:, j])
    length = scales.lengthscales[j]
    share = scales.additive / found.layout.columns
    total = (share * matern(mine / length, data / length)) @ found.weights
    if found.amplitudes.shape[1]:
        total[:, 1:] += waves(mine, *found.single[j])
    return np.asarray(total[place.ravel()])


def _frequencies(rng: np.random.Generator, count: int, width: int) -> Array:
    gauss = rng.standard_normal((count, width))
    return np.asarray(gauss * np.sqrt(FREEDOM / rng.chisquare(FREEDOM, (count, 1))))


def _solve(k: Array, variance: Array, targets: Array) -> Array:
    jitter, diagonal = JITTER, np.arange(len(k))
    while True:
        c = k.copy()
        c[diagonal, diagonal] += variance + jitter
        factor, wrong = lapack.dpotrf(c, lower=1)
        if not wrong:
            return np.asarray(cho_solve((factor, True), targets))
        jitter *= 10.0
