"""Extrapolation: where learning curves will end, with an honest deviation.

A curve of trial i, seen at steps t up to a horizon R, is one of K shapes that fall from 1 to 0,

    y_i(t) = c_i + a_i s_k(t) + noise,   s_k(1) = 1, s_k(R) = 0,   noise ~ N(0, sigma_k^2),

so that c_i is the value at the horizon. Shapes are powers of t, its logarithm and exponentials. The
pair (c_i, a_i) has a normal prior per shape that all trials share; prior, noise and the share of each
shape are learnt by expectation maximisation from all curves at once. Short curves lean on the prior,
that is on what longer ones did, and long ones on themselves. A prediction is the mixture over shapes.

Points are thinned to a geometric grid of steps, because neighbours repeat each other's noise, and
deviations are widened until they would have covered what curves did after half of their steps.

Source: shapes as in Domhan et al. 2015, "Speeding up automatic hyperparameter optimization of deep
neural networks by extrapolation of learning curves"; the shared prior is the linear mixed model of
Laird and Ware 1982, "Random-effects models for longitudinal data", equations 3.1 to 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Curve = tuple[Ints, Array]
"""Steps (m,), increasing, and values (m,), finite."""

POWERS = (0.25, 0.5, 1.0, 2.0)
RATES = (4.0, 12.0, 40.0)
"""Of the exponentials, per horizon."""
SHAPES = 1 + len(POWERS) + len(RATES)
ROUNDS = 12
"""Of expectation maximisation."""
THIN = 2**0.5
"""Ratio of successive steps that are used."""
SMALL = 1e-4
"""Least variance of prior and noise, in units of the curves' variance."""
WEIGHT = 2.0
"""How many curves the first guess of prior and noise counts for."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the model needs of n curves under K shapes, each with features x = (1, s_k(t))."""

    count: Array
    """Points (n,)."""
    square: Array
    """Sum of y^2 (n,)."""
    cross: Array
    """Sum of x y (K, n, 2)."""
    gram: Array
    """Sum of x x' (K, n, 2, 2)."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """What the curves have in common, for each of K shapes."""

    share: Array
    """(K,)."""
    mean: Array
    """Of (c, a): (K, 2)."""
    spread: Array
    """Covariance of (c, a): (K, 2, 2)."""
    noise: Array
    """sigma^2 (K,)."""


def shapes(steps: Array, horizon: int) -> Array:
    """Return every shape (K, m) at steps (m,), 1 at step 1 and 0 at the horizon."""
    t, end = np.maximum(steps, 1.0), float(max(horizon, 2))
    rows = [(np.log(end) - np.log(t)) / np.log(end)]
    rows += [(t**-p - end**-p) / (1.0 - end**-p) for p in POWERS]
    for rate in RATES:
        last = np.exp(-rate * (end - 1.0) / end)
        rows.append((np.exp(-rate * (t - 1.0) / end) - last) / (1.0 - last))
    return np.array(rows)


def predict(curves: Sequence[Curve], horizon: int) -> tuple[Array, Array]:
    """Return mean and deviation (n,) of each curve's value at the horizon; a curve may be empty."""
    pooled = np.concatenate([values for _, values in curves])
    if not len(pooled):
        raise ValueError("no curve has a value")
    shift, scale = float(np.mean(pooled)), float(np.std(pooled)) or 1.0
    scaled = [(steps, (values - shift) / scale) for steps, values in curves]
    sums = summed(scaled, horizon)
    mixed = learn(sums)
    mean, variance = posterior(sums, mixed)
    wider = widening(scaled, mixed, horizon)
    return shift + scale * mean, scale * wider * np.sqrt(variance)


def summed(curves: Sequence[Curve], horizon: int) -> Sums:
    """Return the sums of n curves."""
    n = len(curves)
    count, square = np.zeros(n), np.zeros(n)
    cross, gram = np.zeros((SHAPES, n, 2)), np.zeros((SHAPES, n, 2, 2))
    for i, (steps, values) in enumerate(curves):
        rows = thinned(steps)
        y = values[rows]
        x = np.ones((SHAPES, len(rows), 2))
        x[:, :, 1] = shapes(steps[rows].astype(np.float64), horizon)
        count[i], square[i] = len(rows), y @ y
        cross[:, i] = np.einsum("kmf,m->kf", x, y)
        gram[:, i] = np.einsum("kmf,kmg->kfg", x, x)
    return Sums(count, square, cross, gram)


def thinned(steps: Ints) -> Ints:
    """Return rows whose steps grow by a ratio, counted backwards so that the last is among them."""
    rows, following = [], np.inf
    for row in range(len(steps) - 1, -1, -1):
        if steps[row] * THIN <= following or row == 0:
            rows.append(row)
            following = float(steps[row])
    return np.array(rows[::-1], dtype=np.int64)


def learn(sums: Sums) -> Mixed:
    """Return the most plausible prior and noise of each shape and their shares.

    The first guess counts like `WEIGHT` curves throughout, so that few curves, or curves without
    noise, give no prior that is too sure of itself.
    """
    first = Mixed(
        np.full(SHAPES, 1.0 / SHAPES),
        np.zeros((SHAPES, 2)),
        np.repeat(np.eye(2)[None], SHAPES, axis=0),
        np.full(SHAPES, 0.05),
    )
    mixed = first
    for _ in range(ROUNDS):
        mixed = _improved(sums, mixed, first)
    return mixed


def evidence(sums: Sums, mixed: Mixed) -> Array:
    """Return ln p(y_i | shape k), (K, n), the pair (c, a) integrated out."""
    centre, _, inner, noise = _conditioned(sums, mixed)
    mean, count = mixed.mean[:, None], sums.count
    drawn = np.einsum("knij,kj->kni", sums.gram, mixed.mean)
    rest = sums.square - np.sum(mean * (2.0 * sums.cross - drawn), axis=-1)
    explained = np.sum((sums.cross - drawn) / noise * (centre - mean), axis=-1)
    # |sigma^2 I + X S X'| = sigma^(2m) |I + S X'X / sigma^2|.
    volume = count * np.log(noise[..., 0]) + np.log(
        inner[..., 0, 0] * inner[..., 1, 1] - inner[..., 0, 1] * inner[..., 1, 0]
    )
    return np.asarray(-0.5 * (rest / noise[..., 0] - explained + volume + count * np.log(2.0 * np.pi)))


def posterior(sums: Sums, mixed: Mixed) -> tuple[Array, Array]:
    """Return mean and variance (n,) of each curve's value at the horizon, noise included."""
    weight = _responsibility(sums, mixed)
    centre, spread, _, _ = _conditioned(sums, mixed)
    means = centre[..., 0]
    mean = np.sum(weight * means, axis=0)
    inside = spread[..., 0, 0] + mixed.noise[:, None]
    return mean, np.sum(weight * (inside + (means - mean) ** 2), axis=0)


def widening(curves: Sequence[Curve], mixed: Mixed, horizon: int) -> float:
    """Return the factor by which deviations are too small, from what curves did after half their steps.

    Between 1 and 3; counts like one more curve that was as expected.
    """
    total, number = 1.0, 1.0
    long = [(steps, values) for steps, values in curves if len(steps) >= 4]
    if not long:
        return 1.0
    halves = [(steps[: len(steps) // 2], values[: len(steps) // 2]) for steps, values in long]
    sums = summed(halves, horizon)
    weight = _responsibility(sums, mixed)
    centre, spread, _, _ = _conditioned(sums, mixed)
    for i, (steps, values) in enumerate(long):
        x = np.ones((SHAPES, 2))
        x[:, 1] = shapes(steps[-1:].astype(np.float64), horizon)[:, 0]
        means = np.einsum("kf,kf->k", x, centre[:, i])
        inside = np.einsum("kf,kfg,kg->k", x, spread[:, i], x) + mixed.noise
        mean = float(weight[:, i] @ means)
        variance = float(weight[:, i] @ (inside + (means - mean) ** 2))
        total += min((float(values[-1]) - mean) ** 2 / variance, 25.0)
        number += 1.0
    return float(np.clip(np.sqrt(total / number), 1.0, 3.0))


def _conditioned(sums: Sums, mixed: Mixed) -> tuple[Array, Array, Array, Array]:
    """Return the pair's mean (K, n, 2) and covariance (K, n, 2, 2), I + S X'X / sigma^2, and sigma^2."""
    noise = mixed.noise[:, None, None]
    inner = np.eye(2) + np.einsum("kij,knjl->knil", mixed.spread, sums.gram) / noise[..., None]
    spread = np.linalg.solve(inner, np.broadcast_to(mixed.spread[:, None], inner.shape))
    off = sums.cross - np.einsum("knij,kj->kni", sums.gram, mixed.mean)
    centre = mixed.mean[:, None] + np.einsum("knij,knj->kni", spread, off) / noise
    return centre, spread, inner, noise


def _responsibility(sums: Sums, mixed: Mixed) -> Array:
    """Return the probability (K, n) of each shape for each curve."""
    logs = np.log(mixed.share)[:, None] + evidence(sums, mixed)
    weight = np.exp(logs - logs.max(axis=0))
    return np.asarray(weight / weight.sum(axis=0))


def _improved(sums: Sums, mixed: Mixed, first: Mixed) -> Mixed:
    """Return the next guess: one round of expectation maximisation."""
    weight = _responsibility(sums, mixed)
    centre, spread, _, _ = _conditioned(sums, mixed)
    total = weight.sum(axis=1)
    mean = np.einsum("kn,kni->ki", weight, centre) / (total[:, None] + 1e-9)
    mean *= (total / (total + 0.1))[:, None]
    gap = centre - mean[:, None]
    second = np.einsum("kn,knij->kij", weight, spread + gap[..., :, None] * gap[..., None, :])
    covariance = (second + WEIGHT * first.spread) / (total + WEIGHT)[:, None, None]
    left = (
        sums.square
        - 2.0 * np.einsum("kni,kni->kn", centre, sums.cross)
        + np.einsum("kni,knij,knj->kn", centre, sums.gram, centre)
        + np.einsum("knij,knji->kn", spread, sums.gram)
    )
    points = np.einsum("kn,n->k", weight, sums.count)
    noise = (np.einsum("kn,kn->k", weight, left) + WEIGHT * first.noise) / (points + WEIGHT)
    share = (total + 1.0) / (total.sum() + SHAPES)
    return Mixed(share, mean, covariance + SMALL * np.eye(2), np.maximum(noise, SMALL))
