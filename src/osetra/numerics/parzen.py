"""Tree-structured Parzen estimator: where good configurations are dense and bad ones are not.

The best share of the points becomes a density l(x), the others g(x); what maximises l(x)/g(x)
among samples of l is suggested. Each density is a mixture with one component per point, a product
over columns, and one uniform component, so that columns are modelled together:

    numbers     normal round the point, truncated to [0, 1], bandwidth 0.2 n^(-1/(d+4)), at least
                0.03; integrated over the cell of a value when there are few values
    categories  a share 1/sqrt(1 + n) is spread over all of them, the rest is the point's own
    inactive    a column that is inactive in the component or in x is uniform, so that configurations
                of different branches share what they have in common

Sources: Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization; Falkner et al. 2018
(multivariate); Watanabe 2023, arXiv:2304.11127 (bandwidth floor and prior weight).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr, ndtri

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

FLOOR = 0.03


@dataclass(frozen=True, slots=True)
class Parzen:
    """A mixture density over the unit cube."""

    centres: Array
    """Points (n, d) of the components; NaN is inactive."""
    bandwidth: float
    levels: Ints
    categorical: Mask


def parzen(centres: Array, levels: Ints, categorical: Mask) -> Parzen:
    """Return the density of points (n, d); n = 0 gives the uniform one."""
    n, d = centres.shape
    return Parzen(centres, max(FLOOR, 0.2 * float(max(n, 1)) ** (-1.0 / (d + 4))), levels, categorical)


def split(y: Array, share: float = 0.1, most: int = 25) -> tuple[Ints, Ints]:
    """Return the indices of the best ceil(share * n) values, at most `most`, and of the others."""
    order = np.argsort(y, kind="stable")
    good = min(math.ceil(share * len(y)), most)
    return order[:good], order[good:]


def sample(density: Parzen, count: int, rng: np.random.Generator) -> Array:
    """Return points (count, d); columns that a component does not have are uniform.

    The caller snaps them, which removes what the drawn branch does not have.
    """
    n, d = density.centres.shape
    points = rng.random((count, d))
    component = rng.integers(n + 1, size=count)
    drawn = np.flatnonzero(component < n)
    centres = density.centres[component[drawn]]
    for j in range(d):
        active = ~np.isnan(centres[:, j])
        rows, at = drawn[active], centres[active, j]
        if density.categorical[j]:
            change = rng.random(len(rows)) < _other(density)
            points[rows, j] = np.where(change, points[rows, j], at)
        else:
            low, high = ndtr(-at / density.bandwidth), ndtr((1 - at) / density.bandwidth)
            points[rows, j] = at + density.bandwidth * ndtri(low + points[rows, j] * (high - low))
    return np.clip(points, 0.0, 1.0)


def log_density(density: Parzen, x: Array) -> Array:
    """Return ln p (m,) at snapped points x (m, d)."""
    n, d = density.centres.shape
    terms = np.zeros((len(x), n + 1))
    for j in range(d):
        terms[:, :n] += _log_factor(density, j, x[:, j][:, None], density.centres[:, j][None, :])
    return np.asarray(logsumexp(terms, axis=1)) - math.log(n + 1)


def _log_factor(density: Parzen, j: int, x: Array, centre: Array) -> Array:
    """Return ln of the factor of column j, (m, n), relative to the uniform density."""
    levels, width = int(density.levels[j]), density.bandwidth
    if density.categorical[j]:
        other = _other(density) / levels
        log = np.log(levels * np.where(np.abs(x - centre) * levels < 0.5, 1 - (levels - 1) * other, other))
    else:
        mass = ndtr((1 - centre) / width) - ndtr(-centre / width)
        if 1 < levels <= 1 / width:
            inside = ndtr((x + 0.5 / levels - centre) / width) - ndtr((x - 0.5 / levels - centre) / width)
            log = np.log(np.maximum(levels * inside / mass, 1e-300))
        else:
            z = (x - centre) / width
            log = -0.5 * z * z - math.log(width * math.sqrt(2 * math.pi)) - np.log(mass)
    found: Array = np.nan_to_num(log, nan=0.0)
    return found


def _other(density: Parzen) -> float:
    """Share of a categorical factor that does not depend on the component's own category."""
    return float(1.0 / math.sqrt(1.0 + len(density.centres)))
