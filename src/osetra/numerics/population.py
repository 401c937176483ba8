"""Population: who is copied by whom, and how far a copied value is moved.

Truncation selection: the worst share of a population goes on from one of the best share. A copied
value is multiplied by a factor near one in the quantity that its scale counts in: the value itself,
1 - x for a momentum, the odds for a probability.

Source: Jaderberg et al. 2017, "Population based training of neural networks", arXiv:1711.09846,
section 4.1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def extremes(values: Array, share: float) -> tuple[Ints, Ints]:
    """Return the rows of the worst and of the best `share` of values (n,), minimised, worst and best first.

    Both have ceil(n share) rows, and at most half of all. NaN counts as worst; among equals the later
    row is worse.
    """
    n = len(values)
    order = np.argsort(np.nan_to_num(values, nan=math.inf, posinf=math.inf), kind="stable")
    size = min(math.ceil(n * share), n // 2)
    return order[::-1][:size], order[:size]


def moved(value: float, factor: float, scale: str) -> float:
    """Return a value times a factor, in the quantity that its scale counts in."""
    match scale:
        case "one_minus_log":
            return 1.0 - (1.0 - value) / factor
        case "logit":
            odds = factor * value / (1.0 - value)
            return odds / (1.0 + odds)
        case _:
            return factor * value
