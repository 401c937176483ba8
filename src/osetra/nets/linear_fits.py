"""Linear fits beyond the mean and the classes: quantiles, several numbers, several labels.

Each returns weights (d, k) and bias (k,) of inputs (n, d), with an L2 penalty on the weights. The pinball
loss has a corner, which is rounded: softplus instead of the positive part (He et al. 2023, smoothed quantile
regression); the bias then is the exact quantile of what is left over.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from osetra.nets import aims

Array = NDArray[np.float64]
Features: TypeAlias = "Array | sparse.csr_array"
Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
ITERATIONS = 200
TOLERANCE = 1e-6
ROUNDED = 0.05
"""Over so many standard deviations of the target the corner of the pinball loss is rounded."""


def fit_aimed(
    x: Features, y: Array, penalty: float, aim: str, shares: Array | None, start: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Fit numbers (n, k), NaN where unknown, to an error other than the squared one.

    Args:
        x: the inputs.
        y: the truth, standardised.
        penalty: on half the squared weights.
        aim: which error is made small.
        shares: how much each row counts, 1 in all; None is all alike.
        start: weights and bias to begin with.
    """
    level, scale = aims.level_of(aim), aims.scale_of(aim)
    known, truth = ~np.isnan(y), np.nan_to_num(y)
    counts = _counts(known, shares)

    def error(raw: Array) -> tuple[float, Array]:
        above = (raw - truth) / ROUNDED
        # Rounded: level · (truth - raw) and the soft positive part of raw - truth.
        cost = scale * ROUNDED * (np.logaddexp(0.0, above) - level * above)
        slope = scale * (0.5 * (1.0 + np.tanh(0.5 * above)) - level)
        return float(np.sum(counts * cost)), counts * slope

    weights, bias = _minimised(x, error, penalty, start)
    left = truth - np.asarray(x @ weights)
    for place in range(y.shape[1]):
        rows = known[:, place]
        if rows.any():
            bias[place] = _quantile(left[rows, place], counts[rows, place], level)
    return weights, bias


def fit_labels(
    x: Features, y: NDArray[Any], penalty: float, shares: Array | None, start: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Fit labels (n, k), 1, 0 or NaN where unknown: a logistic regression of each, all at once."""
    known, truth = ~np.isnan(y), np.nan_to_num(y.astype(np.float64))
    counts = _counts(known, shares)

    def error(raw: Array) -> tuple[float, Array]:
        cost = np.logaddexp(0.0, raw) - truth * raw
        return float(np.sum(counts * cost)), counts * (0.5 * (1.0 + np.tanh(0.5 * raw)) - truth)

    return _minimised(x, error, penalty, start)


def _counts(known: NDArray[np.bool_], shares: Array | None) -> Array:
    """Return how much each cell (n, k) counts: 1 in all of a column, nothing where it is unknown."""
    counts = known.astype(np.float64) if shares is None else known * shares[:, None]
    return np.asarray(counts / np.maximum(counts.sum(axis=0), 1e-300))


def _minimised(x: Features, error: Any, penalty: float, start: tuple[Array, Array]) -> tuple[Array, Array]:
    weights, bias = start
    outputs = weights.shape[1]

    def cost(flat: Vector) -> tuple[float, Vector]:
        weights, bias = flat[:-outputs].reshape(-1, outputs), flat[-outputs:]
        value, slope = error(np.asarray(x @ weights) + bias)
        gradient = np.asarray(x.T @ slope) + penalty * weights
        full: Vector = np.concatenate([gradient.ravel(), slope.sum(axis=0)])
        return value + penalty * float(np.sum(weights**2)) / 2, full

    flat: Vector = np.concatenate([weights.ravel(), np.broadcast_to(bias, outputs)])
    found = minimize(
        cost, flat, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "ftol": TOLERANCE}
    ).x
    return found[:-outputs].reshape(-1, outputs).copy(), found[-outputs:].copy()


def _quantile(values: Array, counts: Array, level: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order])
    return float(values[order][min(len(values) - 1, int(np.searchsorted(reached, level * reached[-1])))])
