"""Warps: outcomes on the scale on which a model of them explains most.

    t(y) = (w(y) - shift) / scale,   w(y) = y                                          plain
                                     w(y) = knee + spread ln(1 + (y - knee) / spread)  above the knee

The knee is the upper quartile and the spread that between the quartiles: losses that are bad without
limit say nothing about what makes good ones better, and a plain variance would be that of the worst.
Which of the two is used is decided by the evidence for the model, with ln |dt/dy| added, as for any
change of variables.

Source: Snelson, Rasmussen and Ghahramani 2004, "Warped Gaussian processes", eq. 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics.kernels import Array

LARGEST = 1e100
"""Outcomes beyond are cut first: squares of their differences would overflow."""


@dataclass(frozen=True, slots=True)
class Warp:
    """A monotone map of outcomes to targets of mean 0 and deviation 1."""

    knee: float
    spread: float
    """Infinite for the plain one."""
    shift: float
    scale: float
    least: float = -np.inf
    most: float = np.inf
    """Between which outcomes lie: beyond 0, where none has been, nothing is foretold."""

    def targets(self, y: Array) -> Array:
        """Return targets (n,) of outcomes (n,)."""
        return (_bent(y, self.knee, self.spread) - self.shift) / self.scale

    def outcomes(self, t: Array) -> Array:
        """Return outcomes of targets of any shape."""
        w = self.shift + self.scale * np.asarray(t)
        if not np.isfinite(self.spread):
            return np.clip(w, self.least, self.most)
        over = np.minimum(np.maximum(w - self.knee, 0.0) / self.spread, 300.0)
        return np.clip(np.minimum(w, self.knee) + self.spread * np.expm1(over), self.least, self.most)

    def slope(self, y: Array) -> Array:
        """Return dt/dy (n,) at outcomes (n,)."""
        return 1.0 / ((1.0 + np.maximum(y - self.knee, 0.0) / self.spread) * self.scale)


def warps(y: Array) -> list[Warp]:
    """Return the plain warp and the bent one of outcomes (n,), which are not all equal."""
    y = np.clip(y, -LARGEST, LARGEST)
    low, high = np.percentile(y, [25, 75])
    found = []
    for spread in (np.inf, float(high - low)):
        if spread > 1e-9 * float(np.max(np.abs(y))):
            bent = _bent(y, float(high), spread)
            moments = float(np.mean(bent)), float(np.std(bent))
            found.append(Warp(float(high), spread, *moments, *beyond(y)))
    return found


def beyond(y: Array) -> tuple[float, float]:
    """Return what a model foretells of outcomes like (n,) at least and at most.

    Losses, errors and times are never below 0, and a model that goes on in a straight line does not know:
    where all outcomes lie on one side of 0, so does what is foretold.
    """
    return 0.0 if np.all(y >= 0) else -np.inf, 0.0 if np.all(y <= 0) else np.inf


def _bent(y: Array, knee: float, spread: float) -> Array:
    y = np.clip(y, -LARGEST, LARGEST)
    if not np.isfinite(spread):
        return np.asarray(y)
    return np.asarray(np.minimum(y, knee) + spread * np.log1p(np.maximum(y - knee, 0.0) / spread))
