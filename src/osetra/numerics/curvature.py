"""Curvature of the loss of a Gaussian process, by the logarithms of its hyperparameters.

    symbol  shape    meaning
    D       (d, P)   squared distances of all pairs in each column, lengthscales applied
    M, M'            Matern-5/2 and its slope, of the sum of all columns or of one
    G       (d, P)   M'(D_j) D_j
    p       (P,)     slope of F by the covariance of each pair

The gradient (gp.py) is  -2 (s2 D (M'(sum_j D_j) p) + a2/d G p)  by the lengthscales, and a step of one
lengthscale changes one row of D and of G. So a row of the curvature costs two products with what is
there, and not d Materns anew: with 200 columns, a thirtieth.

Symbols and sources as in `gp`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics.gp import JITTER, Pairs, Prior, misfit, penalty_of
from osetra.numerics.kernels import Array, matern52_slope

STEP = 1e-3
"""Of the central differences of the gradient, in logarithms."""


@dataclass(slots=True)
class _Pieces:
    """What the gradient is made of; one row is replaced at a time."""

    scaled: Array
    """D."""
    whole: Array
    """sum_j D_j (P,)."""
    own: Array
    """Mean of M(D_j) over the columns (P,)."""
    steep: Array
    """G."""


def curvature(log_hyper: Array, data: Pairs, prior: Prior) -> Array:
    """Return the derivatives of the gradient of F (d + 3, d + 3), by central differences."""
    size = len(log_hyper)
    at = _pieces(log_hyper[:-3], data)
    found = np.empty((size, size))
    for i in range(size):
        up, down = (_gradient(at, log_hyper, i, step, data, prior) for step in (STEP, -STEP))
        found[i] = (up - down) / (2.0 * STEP)
    return found


def _pieces(log_lengths: Array, data: Pairs) -> _Pieces:
    scaled = data.squares * np.exp(-2.0 * log_lengths)[:, None]
    single, slope = matern52_slope(scaled)
    return _Pieces(scaled, scaled.sum(axis=0), single.mean(axis=0), slope * scaled)


def _gradient(at: _Pieces, log_hyper: Array, i: int, step: float, data: Pairs, prior: Prior) -> Array:
    """Return the gradient where one hyperparameter is a step away."""
    moved, d = log_hyper.copy(), len(at.scaled)
    moved[i] += step
    s2, a2, sigma2 = np.exp(moved[d:])
    whole, own = at.whole, at.own
    if i < d:
        row = at.scaled[i] * np.exp(-2.0 * step)
        whole = whole + (row - at.scaled[i])
        new, slope = matern52_slope(row)
        own = own + (new - matern52_slope(at.scaled[i])[0]) / d
    together, together_slope = matern52_slope(whole)
    found = misfit(s2 * together + a2 * own, s2 + a2 + sigma2 * data.noise + JITTER, data.y)
    if found is None:
        return np.zeros(len(moved))
    _, pair, alone = found
    by_whole = together_slope * pair
    gradient = np.empty(len(moved))
    gradient[:d] = s2 * (at.scaled @ by_whole) + a2 / d * (at.steep @ pair)
    if i < d:
        gradient[i] = s2 * (row @ by_whole) + a2 / d * ((slope * row) @ pair)
    gradient[:d] *= -2.0
    gradient[d] = s2 * (pair @ together + alone.sum())
    gradient[d + 1] = a2 * (pair @ own + alone.sum())
    gradient[d + 2] = sigma2 * (alone @ data.noise)
    return np.asarray(gradient + penalty_of(moved, prior)[1])
