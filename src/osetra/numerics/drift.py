"""Drift: do two samples come from one distribution, and how far apart are they?

Both samples are counted in the same groups: tenths of a number, levels of a category, missing cells.

    symbol     shape   meaning
    p          (k,)    shares of the groups in the first sample, of n rows
    c          (k,)    counts of the groups in the second one, of m rows
    χ²                 Σ (√(m/n) a − √(n/m) c)² / (a + c) with a = n p: Pearson's test of homogeneity
    index              Σ (q − p) ln (q / p) with q = c / m: the population stability index

With many rows any difference is significant, with few a large one may be luck: a column has drifted where
it is significant and large. Of many columns some are significant by luck alone: Holm's procedure keeps the
chance of naming any of them at the level.

Sources: Pearson 1911 (two samples); Holm 1979; Siddiqi 2006, Credit Risk Scorecards, and Yurdakul 2018 for
the index, below a tenth of which nothing much has changed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

Array = NDArray[np.float64]
FEWEST = 5.0
"""Rows that are expected in a group at least, in either sample; smaller ones are taken together."""
LEVEL = 0.05
MUCH = 0.1
"""Index from which on a difference is large enough to be spoken of."""


def homogeneity(shares: Array, rows: int, counts: Array) -> tuple[float, float]:
    """Return the chance p of a difference as large by luck, and the index.

    Args:
        shares: of the groups in the first sample (k,); they sum to 1.
        rows: of the first sample.
        counts: of the groups in the second one (k,).
    """
    first, second = _merged(shares * rows, counts.astype(np.float64))
    n, m = float(first.sum()), float(second.sum())
    if len(first) < 2 or not n or not m:
        return 1.0, 0.0
    square = np.sum((np.sqrt(m / n) * first - np.sqrt(n / m) * second) ** 2 / (first + second))
    p, q = (np.maximum(each / each.sum(), 1e-3) for each in (first, second))
    return float(chdtrc(len(first) - 1, square)), float(np.sum((q - p) * np.log(q / p)))


def holm(chances: Array) -> Array:
    """Return chances (k,) that are right for k of them at once: what stays below the level is named."""
    order = np.argsort(chances, kind="stable")
    steps = np.maximum.accumulate(chances[order] * np.arange(len(chances), 0, -1))
    adjusted = np.empty_like(chances)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _merged(first: Array, second: Array) -> tuple[Array, Array]:
    """Take groups together, in their order, until each is expected in both samples often enough."""
    total = first + second
    smaller = min(first.sum(), second.sum()) / max(total.sum(), 1.0)
    made: list[tuple[float, float]] = []
    held = (0.0, 0.0)
    for a, c in zip(first, second, strict=True):
        held = (held[0] + a, held[1] + c)
        if sum(held) * smaller >= FEWEST:
            made.append(held)
            held = (0.0, 0.0)
    if made and sum(held):
        made[-1] = (made[-1][0] + held[0], made[-1][1] + held[1])
    groups = np.array(made, dtype=np.float64).reshape(-1, 2)
    return groups[:, 0], groups[:, 1]
