"""Shares: what each column contributes to functions that may have given the outcomes, and when that is open.

The analysis of variance of every drawn function, over a quasi-random base; `anova` holds its symbols.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from osetra.numerics import effects
from osetra.numerics.anova import Anova, anova, design
from osetra.numerics.design import sobol
from osetra.numerics.effects import Effects
from osetra.numerics.kernels import Array, Ints, Mask

FEWEST = 8
"""Trials with a value; fewer say nothing of several hyperparameters."""
EXPLAINED = 0.1
"""Share of the differences between trials that the model must foretell of those left out."""
WIDEST = 0.5
"""An interval that is wider says nothing: cannot tell yet."""
SURE = 0.95
"""Of the intervals."""
MANY = 64
"""Columns beyond which each is looked at more coarsely: shares of so many are small, and seconds count."""


def explains(functions: Effects | None) -> bool:
    """Whether the outcomes are more than noise to the functions."""
    if functions is None:
        return False
    return functions.evidence >= effects.SURE and functions.explained >= EXPLAINED


def parts(
    functions: Effects, levels: Ints, snap: Callable[[Array], Array]
) -> tuple[Anova, tuple[Array, ...]]:
    """Return the parts of all functions, and the grids (G,) of each column that they were looked at on."""
    d = len(levels)
    base, cells = (64, 12) if d <= 8 else (48, 8) if d <= MANY else (32, 6)
    points = sobol(0, base, d, 0)
    at = design(points, levels, snap, cells=cells)
    return anova(functions.near(snap(points)), at), at.grids


def interval(drawn: Array) -> tuple[Array, Array]:
    """Return the ends (d,) of the interval of shares (d, k) that were drawn."""
    low, high = np.quantile(drawn, [0.5 - SURE / 2, 0.5 + SURE / 2], axis=1)
    return low, high


def decided(functions: Effects | None, levels: Ints, snap: Callable[[Array], Array]) -> Mask:
    """Return for which columns (d,) it is known how much they matter, be it nothing."""
    if functions is None or not explains(functions):
        return np.zeros(len(levels), dtype=bool)
    low, high = interval(parts(functions, levels, snap)[0].shares[:, 1:])
    known: Mask = high - low <= WIDEST
    return known
