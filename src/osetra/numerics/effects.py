"""Effects: what a Gaussian process, fitted to trials that a model may have chosen, says of each column.

1. Outcomes are warped (warp.py), repeats of a configuration become their mean, failures half a
   deviation worse than the worst.
2. A process is fitted (gp.py). Where outcomes are foretold from unfinished curves, their own variance
   is added to the noise, in units of what a first fit found.
3. Its evidence is compared with that of noise alone. Bayes factors may be watched while trials are
   being chosen by what they said: under noise alone, one beyond 20 comes up in at most one of 20
   searches, whoever chose the points (Ville 1939).
4. Functions are drawn from it, hyperparameters included (posterior.py). What is asked of it is then
   asked of every function, over the uniform measure of the space.

    symbol   shape   meaning                                         equation
    x        (n, d)  configurations
    t        (n,)    targets
    r        (n,)    leave-one-out residuals: [C^-1 t]_i / [C^-1]_ii   RW 5.12
    R2               1 - r'r / t't

Beyond `LEARNT` configurations hyperparameters are learnt from some, and beyond `USED` functions are
conditioned on some: a quarter the best, the others evenly by time.

Source: Rasmussen and Williams 2006 (RW), equation 5.12 (leave-one-out).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from osetra.numerics import gp
from osetra.numerics.around import around, changed, near
from osetra.numerics.kernels import Array, Ints, Layout, Mask, covariance, embed, layout
from osetra.numerics.posterior import Conditioned, conditioned, evaluate, hypers, mean
from osetra.numerics.transform import merge
from osetra.numerics.warp import Warp, warps

LEARNT = 100
USED = 200
PRIOR = gp.Prior(noise=(1.1, 2.0))
"""Of the process. The search presumes little noise, which keeps it greedy; a statement must not."""
SURE = float(np.log(20.0))
"""Log Bayes factor against noise alone from which on anything is said."""
HYPERS = 24
DRAWS = 4
"""Draws of the hyperparameters, and of functions for each of them."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What trials gave."""

    x: Array
    """(n, d), NaN where a column is inactive."""
    y: Array
    """(n,), minimised; anything where the trial failed."""
    failed: Mask
    variance: Array
    """What is uncertain of each outcome beside its noise (n,)."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Functions that may have given the outcomes."""

    draws: tuple[Conditioned, ...]
    """The first has the most plausible hyperparameters."""
    warp: Warp
    points: Array
    """The different configurations (m, d)."""
    means: Array
    """The mean at each of them (m,), in targets."""
    evidence: float
    """Log Bayes factor against noise alone."""
    explained: float
    """R2 by leaving one out."""
    noise: float
    """Deviation of one outcome, in targets."""

    def values(self, x: Array) -> Array:
        """Return the mean and all draws (m, 1 + k) of targets at points (m, d)."""
        return _side_by_side([evaluate(draw, x) for draw in self.draws])

    def near(self, base: Array) -> Callable[[Array], Array]:
        """Return the same as a function of points (N, G, d), near base points (N, d), see `around`."""
        ready = [around(draw, base) for draw in self.draws]

        def values(points: Array) -> Array:
            columns = changed(base, points)
            return _side_by_side([near(one, points, columns) for one in ready])

        return values


def learn(
    data: Trained, levels: Ints, categorical: Mask, snap: Callable[[Array], Array], seed: int
) -> Effects | None:
    """Return functions given trials; None where fewer than two different outcomes are known."""
    good = np.asarray(data.y[~data.failed], dtype=np.float64)
    if len(good) < 2 or np.ptp(good) <= 1e-12 * np.max(np.abs(good)):
        return None
    y = np.where(data.failed, np.max(good) + 0.5 * np.std(good), data.y)
    probe = snap(np.random.default_rng(0).random((256, data.x.shape[1])))
    conditional = np.any(np.isnan(np.concatenate((probe, data.x))), axis=0)
    at, merged = layout(levels, categorical, conditional), merge(data.x)
    points = data.x[merged.first]
    fits = [_fitted(at, merged.first, merged.group, merged.count, data, y, warp) for warp in warps(good)]
    best = max(fits, key=lambda fit: fit.worth)
    kept = _subset(best.target, USED)
    rng = np.random.default_rng((seed, len(y)))
    learnt = _subset(best.target, LEARNT)
    pairs = gp.pairs(at, points[learnt], best.target[learnt], best.noise[learnt])
    draws = tuple(
        conditioned(at, hyper, points[kept], best.target[kept], best.noise[kept], DRAWS, rng)
        for hyper in hypers(best.hyper, pairs, PRIOR, _hypers(at.columns), rng)
    )
    alone = _noise_alone(best.target[learnt], best.noise[learnt])
    explained = _explained(at, best.hyper, points[kept], best.target[kept], best.noise[kept])
    deviation = float(np.sqrt(best.hyper.noise))
    means = mean(draws[0], points)
    return Effects(draws, best.warp, points, means, alone - best.hyper.loss, explained, deviation)


def _side_by_side(found: Sequence[Array]) -> Array:
    """Return the mean of the most plausible hyperparameters beside all draws, along the last axis."""
    return np.concatenate([found[0][..., :1], *(part[..., 1:] for part in found)], axis=-1)


@dataclass(frozen=True, slots=True)
class _Fit:
    warp: Warp
    target: Array
    """Of each different configuration (m,)."""
    noise: Array
    """Variance (m,) as a multiple of that of one outcome."""
    hyper: gp.Hyper
    worth: float
    """Log evidence of the outcomes themselves."""


def _fitted(at: Layout, first: Ints, group: Ints, count: Array, data: Trained, y: Array, warp: Warp) -> _Fit:
    target = np.bincount(group, warp.targets(y)) / count
    slope = warp.slope(y)
    extra = np.bincount(group, data.variance * slope**2) / count**2
    x, noise = data.x[first], 1.0 / count
    rows = _subset(target, LEARNT)
    hyper = gp.fit(at, x[rows], target[rows], noise[rows], prior=PRIOR)
    if np.any(extra > 0):
        noise = noise + extra / max(hyper.noise, 1e-4)
        hyper = gp.fit(at, x[rows], target[rows], noise[rows], prior=PRIOR)
    chosen = np.isin(group, rows) & ~data.failed
    return _Fit(warp, target, noise, hyper, float(np.sum(np.log(slope[chosen]))) - hyper.loss)


def _noise_alone(t: Array, noise: Array) -> float:
    """Return the least loss, as gp.loss, of targets (n,) without any effect."""
    shape, rate = PRIOR.noise
    square, n = float(np.sum(t * t / noise)), len(t)
    spread = 0.5 * float(np.sum(np.log(noise)))

    def loss(log_noise: float) -> float:
        penalty = (shape - 1.0) * log_noise - rate * np.exp(log_noise)
        return float(0.5 * square / np.exp(log_noise) + 0.5 * n * log_noise + spread - penalty)

    return float(minimize_scalar(loss, bounds=(np.log(1e-6), np.log(2.0)), method="bounded").fun)


def _explained(at: Layout, hyper: gp.Hyper, x: Array, t: Array, noise: Array) -> float:
    z = embed(at, x)
    c = covariance(at, hyper.scales, z, z)
    c[np.diag_indices(len(t))] += hyper.noise * noise + gp.JITTER
    inverse = np.linalg.inv(c)
    residual = inverse @ t / np.diagonal(inverse)
    return float(1.0 - residual @ residual / max(float(t @ t), 1e-12))


def _hypers(columns: int) -> int:
    """Return how many draws of the hyperparameters: fewer where there are many columns to look along."""
    return HYPERS if columns <= 8 else HYPERS // 2


def _subset(target: Array, most: int) -> Ints:
    n = len(target)
    if n <= most:
        return np.arange(n)
    kept = np.zeros(n, dtype=bool)
    kept[np.argsort(target, kind="stable")[: most // 4]] = True
    rest = np.flatnonzero(~kept)
    kept[rest[np.linspace(0, len(rest) - 1, most - int(kept.sum())).astype(np.int64)]] = True
    return np.flatnonzero(kept)
