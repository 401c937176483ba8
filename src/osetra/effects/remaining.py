"""Remaining gain: how much better than the best so far the best of the whole space is, by the model.

Functions that may have given the trials are asked for their minimum over points all over the space and
close to the best one. What they expect to gain there is an upper bound of what any search can: where even
that is less than another seed changes, more trials of this space cannot be told from luck.

Symbols: f_k draws of the function, x* the best point known, X the points (m, d),
gain = mean over k of f_k(x*) - min over X of f_k, noise = deviation of one outcome; both in targets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.effects.model import EffectModel, model_of

FEWEST = 20
"""Trials before anything is said: a model of fewer does not know what it has not seen."""
ANYWHERE, CLOSE = 1024, 256
LEADERS = 256
"""Known points that are asked: of thousands the best, since the others are no draw's minimum."""
REACH = 0.05
"""How far from the best point those lie that are close to it, as a share of each range."""
LITTLE = 0.5
"""A gain of this share of the noise is not worth a search (`benchmarks/left_to_gain.py`)."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a perfect search would still gain."""

    gain: float
    noise: float
    trials: int

    @property
    def share(self) -> float:
        """The gain in units of what another seed changes."""
        return self.gain / self.noise if self.noise > 0 else np.inf

    @property
    def is_over(self) -> bool:
        """Whether there is far less to gain than another seed changes."""
        return self.share < LITTLE


def remaining(problem: Problem, history: History) -> Remaining | None:
    """Return what is left to gain; None while the trials do not tell."""
    if len(history.finished) < FEWEST:
        return None
    return of_model(model_of(problem, history))


def of_model(model: EffectModel) -> Remaining | None:
    """Return what functions expect to be left; None where there are none."""
    functions = model.effects
    if functions is None or model.doubt or model.trials < FEWEST:
        return None
    rng, d = np.random.default_rng(0), len(model.space.columns)
    known = functions.points[np.argsort(functions.means, kind="stable")[:LEADERS]]
    best = np.nan_to_num(known[0], nan=0.5)
    close = np.clip(best + REACH * rng.standard_normal((CLOSE, d)), 0.0, 1.0)
    points = model.space.snap(np.concatenate((rng.random((ANYWHERE, d)), close)))
    draws = functions.values(np.concatenate((known, points)))[:, 1:]
    gain = float(np.mean(draws[0] - np.min(draws, axis=0)))
    return Remaining(gain, functions.noise, model.trials)
