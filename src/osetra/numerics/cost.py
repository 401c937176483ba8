"""Cost: what a training takes at every point, learnt from those that were run.

Seconds are positive and vary by factors, so that their logarithm is a Gaussian process with the kernel that
values have. What a point is worth is then its gain per second, ln gain - a ln seconds, whose power a cools
from 1 to 0 while the time is used up: early seconds buy many cheap trainings, the last the best there is.

    symbol   shape   meaning                                        equation
    x        (n, d)  configurations whose pace was measured
    seconds  (n,)    of a step, or of a training without steps
    power    ()      a                                              Lee et al. 2020, arXiv:2003.10870, EI-cool
    log      (m,)    a E[ln seconds] at points                      RW 2.25, gp.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics import gp
from osetra.numerics.kernels import Array, Ints, Layout, layout
from osetra.numerics.maximise import Score, Slope
from osetra.numerics.memory import Memory

FEWEST = 4
"""Trainings from which a model of the seconds is made."""
MOST = 64
"""Trainings that it is made of at most, from the first to the latest: seconds are smoother than values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paces:
    """What trainings took, oldest first."""

    x: Array
    """(n, d)"""
    seconds: Array
    """(n,), above 0."""
    power: float
    """By which power of the seconds gain is divided, 0 … 1."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A process over ln seconds."""

    process: gp.GP
    power: float

    def log(self, points: Array) -> Array:
        """Return a ln seconds (m,) of points (m, d), up to a constant; further columns cost nothing."""
        return self.power * gp.mean(self.process, points[:, : self.process.layout.columns])[:, 0]

    def slope(self, points: Array) -> tuple[Array, Array]:
        """Return that, and its gradients (m, d)."""
        d = self.process.layout.columns
        mean, by_mean = gp.mean_slope(self.process, points[:, :d])
        gradient = np.zeros(points.shape)
        gradient[:, :d] = self.power * by_mean[0]
        return self.power * mean[:, 0], gradient


def learn(paces: Paces | None, among: Layout, prior: gp.Prior, memory: Memory[gp.Hyper]) -> Cost | None:
    """Return the process of what points cost; None where that does not matter, or too few trainings tell it.

    Hyperparameters are learnt anew whenever a tenth more is known; `memory` saves time only.

    Args:
        paces: what trainings took.
        among: the columns of which the first are those of configurations.
        prior: what is believed of the hyperparameters.
        memory: keeps them.
    """
    if paces is None:
        return None
    d = paces.x.shape[1]
    at = layout(among.levels[:d], among.categorical[:d], among.conditional[:d])
    count = len(paces.seconds)
    if count < FEWEST or paces.power <= 0:
        return None
    learnt = FEWEST
    while (following := max(learnt + 1, int(1.1 * learnt))) <= count:
        learnt = following
    logs = np.log(paces.seconds)
    rows = _evenly(learnt)
    x, y = paces.x[rows], logs[rows]
    hyper = memory.recall(
        b"cost" + x.tobytes() + y.tobytes() + at.levels.tobytes() + at.conditional.tobytes(),
        lambda: gp.fit(at, x, _scaled(y), np.ones(len(y)), prior=prior),
    )
    rows = _evenly(count)
    x, y = paces.x[rows], logs[rows]
    spread = max(float(np.std(y)), 1e-9)
    # In units of ln seconds again: the power is one of the seconds themselves.
    return Cost(gp.condition(at, hyper, x, _scaled(y)[:, None], np.ones(len(y))), paces.power * spread)


def costing(score: Score, slope: Slope, cost: Cost | None) -> tuple[Score, Slope]:
    """Return what points are worth per second, and its gradients along climbs from the first points asked.

    Along a climb ln seconds is the line that touches it where the climb begins, which spares its process
    all other steps; where climbs end is judged by what points are worth.
    """
    if cost is None:
        return score, slope

    def per_second(points: Array) -> Array:
        return score(points) - cost.log(points)

    along: list[tuple[Array, Array, Array]] = []

    def steepness(points: Array) -> tuple[Array, Array]:
        if not along:
            along.append((points, *cost.slope(points)))
        begin, log, steep = along[0]
        value, gradient = slope(points)
        return value - log - np.sum(np.nan_to_num(points - begin) * steep, axis=1), gradient - steep

    return per_second, steepness


def _evenly(count: int) -> Ints:
    return np.unique(np.rint(np.linspace(0, count - 1, min(count, MOST))).astype(np.int64))


def _scaled(y: Array) -> Array:
    return np.asarray((y - np.mean(y)) / max(float(np.std(y)), 1e-9))
