"""Kernels: how alike two configurations are.

Every covariance is a function of one squared distance D_j per column, so that mixed and conditional
spaces need no special case further down:

    number        D = (u - u')^2
    category      D = [c != c'], the Hamming distance; "inactive" is a category of its own
    conditional   lies on an arc of radius 1/2 whose centre means "inactive": active values differ by
    number        D = sin(u - u')^2, and an inactive one is equally far, D = 1/4, from all of them

The covariance is a product and a sum of Matern-5/2 kernels with one lengthscale l per column:

    s2 k(sum_j D_j / l_j^2) + a2 mean_j k(D_j / l_j^2)

The sum learns each hyperparameter's own effect from few trials; the product learns how they act
together.

    symbol  shape      meaning                                              source
    x       (n, d)     points of the unit cube; NaN is inactive
    u       (n,)       one column of x
    z       (n, p)     features: u, the option, or both coordinates of an arc    Hutter and Osborne
    D_j     (n, m)     squared distance of two points in column j           above
    l_j     (d,)       lengthscale of column j, in units of the cube
    r2      (n, m)     sum_j D_j / l_j^2
    a       (n, m)     sqrt(5 r2)
    k       (n, m)     (1 + a + a^2/3) exp(-a), Matern-5/2                  RW 4.17
    s2, a2             variances of the product and of the sum              Duvenaud et al.

Sources: Rasmussen and Williams 2006, equation 4.17 (Matern); Hutter and Osborne 2013,
arXiv:1310.5738 (arcs); Duvenaud, Nickisch and Rasmussen 2011, arXiv:1112.4394 (sums).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SQRT5 = 5.0**0.5


@dataclass(frozen=True, slots=True)
class Layout:
    """How the d columns of the unit cube become p features."""

    levels: Ints
    """Number of values (d,); 0 is continuous."""
    categorical: Mask
    conditional: Mask
    """Columns (d,) that can be inactive."""
    owner: Ints
    """Column (p,) of each feature."""

    @property
    def columns(self) -> int:
        """Number of columns d."""
        return len(self.levels)

    @property
    def plain(self) -> bool:
        """Whether features and columns are the same thing."""
        return not (self.categorical.any() or self.conditional.any())


@dataclass(frozen=True, slots=True)
class Scales:
    """The hyperparameters of the covariance."""

    lengthscales: Array
    """l (d,), in units of the cube."""
    product: float
    """s2, variance of the product of all columns."""
    additive: float
    """a2, variance of the sum over columns."""

    @property
    def variance(self) -> float:
        """Prior variance at any point."""
        return self.product + self.additive


def layout(levels: Ints, categorical: Mask, conditional: Mask) -> Layout:
    """Return the feature layout of d columns."""
    widths = np.where(conditional & ~categorical, 2, 1)
    return Layout(levels, categorical, conditional, np.repeat(np.arange(len(levels)), widths))


def embed(at: Layout, x: Array) -> Array:
    """Return the features (n, p) of points (n, d); NaN is inactive."""
    if at.plain:
        return x
    blocks = []
    for j in range(at.columns):
        u = x[:, j]
        if at.categorical[j]:
            option = np.floor(u * at.levels[j])
            blocks.append(np.nan_to_num(option, nan=-1.0)[:, None])
        elif at.conditional[j]:
            arc = 0.5 * np.column_stack((np.cos(2.0 * u), np.sin(2.0 * u)))
            blocks.append(np.nan_to_num(arc, nan=0.0))
        else:
            blocks.append(u[:, None])
    return np.concatenate(blocks, axis=1)


def pull_back(at: Layout, x: Array, slope: Array) -> Array:
    """Return the gradient (n, d) with respect to x, given the one with respect to features (n, p).

    It is 0 for categories, which have no direction, and for inactive columns.
    """
    if at.plain:
        return slope
    found = np.zeros(x.shape)
    for j in np.flatnonzero(~at.categorical):
        (f, *rest) = np.flatnonzero(at.owner == j)
        if rest:
            turn = np.cos(2.0 * x[:, j]) * slope[:, f + 1] - np.sin(2.0 * x[:, j]) * slope[:, f]
            found[:, j] = np.nan_to_num(turn, nan=0.0)
        else:
            found[:, j] = slope[:, f]
    return found


def matern52_slope(r2: Array) -> tuple[Array, Array]:
    """Return k = (1 + a + a^2/3) exp(-a), a = sqrt(5 r2), and its derivative by r2, finite at 0 too."""
    a = np.sqrt(5.0 * r2)
    decay = np.exp(-a)
    return (1.0 + a * (1.0 + a / 3.0)) * decay, (-5.0 / 6.0) * (1.0 + a) * decay


def gaps(at: Layout, left: Array, right: Array) -> Array:
    """Return squared distances D_j (d, ...) between features (..., p) and (..., p), broadcast."""
    shape = np.broadcast_shapes(left.shape[:-1], right.shape[:-1])
    found = np.zeros((at.columns, *shape))
    for f, j in enumerate(at.owner):
        if at.categorical[j]:
            found[j] = left[..., f] != right[..., f]
        else:
            gap = left[..., f] - right[..., f]
            found[j] += gap * gap
    return found


def squared_distances(at: Layout, left: Array, right: Array, lengthscales: Array) -> Array:
    """Return D_j / l_j^2 (d, n, m) between features (n, p) and (m, p)."""
    found = gaps(at, left[:, None], right[None])
    found /= (lengthscales**2)[:, None, None]
    return found


def covariance(at: Layout, scales: Scales, left: Array, right: Array) -> Array:
    """Return the covariance (n, m) between features (n, p) and (m, p)."""
    total = np.zeros((len(left), len(right)))
    alone = np.zeros((len(left), len(right)))
    # Column by column, in place: what is worked on stays in the processor's cache.
    for j in range(at.columns):
        mine = at.owner == j
        one = Layout(
            at.levels[[j]], at.categorical[[j]], at.conditional[[j]], np.zeros(mine.sum(), dtype=int)
        )
        square = gaps(one, left[:, None, mine], right[None, :, mine])[0]
        square *= 5.0 / scales.lengthscales[j] ** 2
        total += square
        alone += _profile(np.sqrt(square, out=square))
    found = _profile(np.sqrt(total, out=total))
    found *= scales.product
    alone *= scales.additive / max(at.columns, 1)
    found += alone
    return found


def _profile(a: Array) -> Array:
    """Return (1 + a + a^2/3) exp(-a), using up a."""
    decay = np.exp(-a)
    found = a / 3.0
    found += 1.0
    found *= a
    found += 1.0
    found *= decay
    return found
