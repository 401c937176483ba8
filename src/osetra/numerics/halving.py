"""Halving: rungs at which trainings are compared, and who passes them.

Values are minimised; NaN and infinities are worst. Sources: successive halving (Jamieson and
Talwalkar 2016), its asynchronous form ASHA (Li et al. 2020), Hyperband (Li et al. 2018).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def rungs(lowest: int, eta: float, steps: int) -> tuple[int, ...]:
    """Return lowest, lowest·eta, lowest·eta², … below `steps`, and `steps` itself."""
    found: list[int] = []
    rung = float(max(lowest, 1))
    while round(rung) < steps:
        found.append(round(rung))
        rung *= eta
    return (*dict.fromkeys(found), steps)


def ladder(steps: int, halvings: int) -> tuple[int, ...]:
    """Return steps/2^halvings, …, steps/4, steps/2, steps, rounded, without those below 1 or double."""
    shares = [round(steps / 2**power) for power in range(halvings, -1, -1)]
    return tuple(dict.fromkeys(max(1, share) for share in shares))


def order(values: Array) -> Ints:
    """Return the rows of values (n,) from best to worst, the earlier of equals first."""
    return np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")


def rank(values: Array, value: float) -> int:
    """Return the place of a value among values (n,) that contain it: 1 plus the number of better ones."""
    if not math.isfinite(value):
        return int(np.isfinite(values).sum()) + 1
    return 1 + int(np.count_nonzero(values[np.isfinite(values)] < value))


def cut(values: Array, kept: int) -> float:
    """Return the worst value that is kept when the best `kept` of values (n,) are; NaN for none."""
    finite = np.sort(values[np.isfinite(values)])
    return float(finite[min(kept, len(finite)) - 1]) if kept > 0 and len(finite) else math.nan


def concordance(a: Array, b: Array) -> float:
    """Return Kendall's tau of pairs a (n,), b (n,); ties count half a pair on neither side."""
    rows, columns = np.triu_indices(len(a), 1)
    signs = np.sign(a[rows] - a[columns]) * np.sign(b[rows] - b[columns])
    return float(signs.mean()) if len(signs) else 1.0


def brackets(lowest: int, eta: float, steps: int) -> tuple[int, ...]:
    """Return one round of Hyperband as bracket numbers (sum of n_s,), evenly interleaved.

    Bracket s begins at rung s; a round holds n_s = ceil((S + 1)/(s' + 1) · eta^s') trials of it,
    where S + 1 is the number of rungs and s' = S - s counts from the longest bracket.
    """
    last = len(rungs(lowest, eta, steps)) - 1
    sizes = [math.ceil((last + 1) / (last - s + 1) * eta ** (last - s)) for s in range(last + 1)]
    places = [((j + 0.5) / size, s) for s, size in enumerate(sizes) for j in range(size)]
    return tuple(s for _, s in sorted(places))
