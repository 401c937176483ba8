"""Drawn functions near base points, of which few coordinates change at a time.

    symbol  shape    meaning
    b       (N, d)   base points
    x       (N,G,d)  points, each like its base but for some columns C
    A       (N, F)   w z(b): angles of the random features at the base
    S       (N, n)   squared distances of the base from the data, lengthscales applied

What all columns together add depends on the angles and the squared distances, and both are sums over columns:

    A(x) = A(b) + sum_{c in C} w_c (z_c(x) - z_c(b))
    S(x) = S(b) + sum_{c in C} |z_c(x) - z_c(data)|^2 - |z_c(b) - z_c(data)|^2

as is what every column adds by itself. So a point costs its changed columns, not all of them: with 200, a
hundredth. Symbols and sources as in `posterior`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics.kernels import Array, Ints
from osetra.numerics.posterior import (
    Conditioned,
    Small,
    alone,
    euclidean,
    feature,
    matern_of,
    scaled_squares,
    waves_of,
)


@dataclass(frozen=True, slots=True)
class Around:
    """A draw of the hyperparameters at base points, ready to be asked near them."""

    found: Conditioned
    base: Array
    angles: Small
    squares: Array
    own: Array
    """What the columns add by themselves (d, N, 1 + k)."""
    owner: Ints
    """The column of each feature (p,)."""


def around(found: Conditioned, base: Array) -> Around:
    """Return what is needed to ask functions near base points (N, d)."""
    z, owner = euclidean(found.layout, base)
    data, _ = euclidean(found.layout, found.points)
    length = found.hyper.scales.lengthscales[owner]
    angles = z.astype(np.float32) @ found.frequencies.T.astype(np.float32)
    own = np.array([alone(found, j, base[:, j]) for j in range(found.layout.columns)])
    return Around(found, base, angles, scaled_squares(z / length, data / length), own, owner)


def changed(base: Array, points: Array) -> Ints:
    """Return the columns in which any of the points (N, G, d) is not like its base (N, d)."""
    at = base[:, None]
    same = (points == at) | (np.isnan(points) & np.isnan(at))
    return np.flatnonzero(~same.all(axis=(0, 1)))


def near(at: Around, points: Array, columns: Ints) -> Array:
    """Return the mean and the draws (N, G, 1 + k) of points (N, G, d) unlike their base in these columns."""
    found, (n, cells, _) = at.found, points.shape
    angles = np.repeat(at.angles, cells, axis=0)
    squares = np.repeat(at.squares, cells, axis=0)
    own = at.own.sum(axis=0) - at.own[columns].sum(axis=0)
    total = np.repeat(own, cells, axis=0)
    for j in columns.tolist():
        length = found.hyper.scales.lengthscales[j]
        new = feature(found.layout, j, points[:, :, j].ravel())
        old, data = feature(found.layout, j, at.base[:, j]), feature(found.layout, j, found.points[:, j])
        step = (new - np.repeat(old, cells, axis=0)).astype(np.float32)
        angles += step @ found.frequencies[:, at.owner == j].T.astype(np.float32)
        before = np.repeat(scaled_squares(old / length, data / length), cells, axis=0)
        squares += scaled_squares(new / length, data / length) - before
        total += alone(found, j, points[:, :, j].ravel())
    total += (found.hyper.scales.product * matern_of(np.maximum(squares, 0.0, out=squares))) @ found.weights
    if found.amplitudes.shape[1]:
        total[:, 1:] += waves_of(angles, found.phases, found.amplitudes)
    return np.asarray(total.reshape(n, cells, -1))
