"""Functional analysis of variance of functions on the unit cube: whose effect is how large.

A function f of independent uniform coordinates has the parts

    symbol  meaning                                                              equation
    V       Var f(x)                                                             Sobol 2001, eq. 5
    e_j     E[f | x_j] - E f: the effect of a coordinate, averaged over others   Hutter et al. 2014, eq. 4
    V_j     Var e_j: what it explains alone; the first-order index is V_j / V    Sobol 2001, eq. 6
    T_j     E Var(f | all but x_j): alone and with others; total index T_j / V   Homma and Saltelli 1996

The measure is that of the space, whatever a search looked at. Both variances are found on the same
points: a quasi-random base of N points, in each of which coordinate j takes the G values of a grid.
A coordinate that does not exist at a base point changes nothing there, so its effect counts by the
share of the space in which it exists, and turning a branch on or off counts for the coordinate that
does so.

Sources: Sobol 2001; Homma and Saltelli 1996; Hutter, Hoos and Leyton-Brown 2014, "An efficient
approach for assessing hyperparameter importance".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from osetra.numerics.kernels import Array, Ints, Mask

Function = Callable[[Array], Array]
"""Points (N, G, d), snapped, to the values (N, G, k) of k functions."""


@dataclass(frozen=True, slots=True)
class Design:
    """The points at which functions are looked at."""

    base: Array
    """(N, d), not snapped."""
    grids: tuple[Array, ...]
    """For each column its values (G,), equally likely."""
    moved: tuple[Array, ...]
    """For each column the snapped points (N, G, d) in which it takes the values of its grid."""
    exists: Array
    """Share of the base (d,) at which the column exists."""


@dataclass(frozen=True, slots=True)
class Anova:
    """The parts of k functions."""

    variance: Array
    """V (k,)."""
    main: Array
    """V_j (d, k)."""
    total: Array
    """T_j (d, k)."""
    effects: tuple[Array, ...]
    """For each column E[f | x_j, it exists] (G, k)."""

    @property
    def shares(self) -> Array:
        """Total effects (d, k) over their sum; 0 where nothing has an effect."""
        whole = self.total.sum(axis=0)
        found: Array = np.divide(self.total, whole, out=np.zeros_like(self.total), where=whole > 0)
        return found


def design(base: Array, levels: Ints, snap: Callable[[Array], Array], *, cells: int) -> Design:
    """Return the points for a base (N, d): every column over `cells` values, or all when it has fewer."""
    grids = tuple(_grid(int(n), cells) for n in levels)
    moved, exists = [], []
    for j, grid in enumerate(grids):
        points = np.repeat(base[:, None], len(grid), axis=1)
        points[:, :, j] = grid
        snapped = snap(points.reshape(-1, base.shape[1])).reshape(points.shape)
        moved.append(snapped)
        exists.append(float(np.mean(~np.isnan(snapped[:, :, j]))))
    return Design(base, grids, tuple(moved), np.array(exists))


def anova(function: Function, at: Design) -> Anova:
    """Return the parts of functions."""
    main, total, effects, values = [], [], [], []
    for j, points in enumerate(at.moved):
        found = function(points)
        total.append(np.mean(np.var(found, axis=1), axis=0))
        active = ~np.isnan(points[:, :, j])
        effects.append(_effect(found, active))
        main.append(_main(found))
        values.append(found.reshape(-1, found.shape[-1]))
    variance = np.mean([np.var(rows, axis=0) for rows in values], axis=0)
    return Anova(variance, np.array(main), np.array(total), tuple(effects))


def _main(found: Array) -> Array:
    """Return Var e_j (k,) of values (N, G, k), less what a finite base adds to it.

    The mean over N points has an error of its own, whose variance is that of the interaction over N.
    """
    centred = found - found.mean(axis=1, keepdims=True)
    curve = centred.mean(axis=0)
    residual = np.var(centred - curve, axis=0) / max(len(found) - 1, 1)
    return np.asarray(np.maximum(np.mean(curve**2, axis=0) - np.mean(residual, axis=0), 0.0))


def _effect(found: Array, active: Mask) -> Array:
    """Return the mean (G, k) over the base points at which the column exists."""
    weight = active[:, :, None].astype(np.float64)
    count = weight.sum(axis=0)
    mean = np.sum(found * weight, axis=0) / np.maximum(count, 1.0)
    return np.asarray(np.where(count > 0, mean, np.nan))


def _grid(levels: int, cells: int) -> Array:
    """Return equally likely coordinates: the middles of cells, or of an even selection of values."""
    if levels == 0 or levels > cells:
        middles = (np.arange(cells) + 0.5) / cells
        return middles if levels == 0 else (np.floor(middles * levels) + 0.5) / levels
    return np.asarray((np.arange(levels) + 0.5) / levels)
