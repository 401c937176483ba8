"""Split: the one condition that best tells marked points from the others.

Source: Fisher's exact test (1922), corrected for the number of conditions looked at (Bonferroni).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def best_split(candidates: Mask, marked: Mask) -> tuple[int, float]:
    """Return which candidate condition (c, n) gathers the marked points (n,) best, and its chance.

    The chance is how often luck alone would give one so good among c candidates, at most 1.
    """
    total, all_marked = candidates.shape[1], int(np.sum(marked))
    sizes = np.sum(candidates, axis=1).tolist()
    inside = np.sum(candidates & marked, axis=1).tolist()
    chances = [tail(total, all_marked, n, k) for n, k in zip(sizes, inside, strict=True)]
    index = int(np.argmin(chances)) if chances else -1
    return index, min(1.0, len(chances) * chances[index]) if chances else 1.0


def tail(total: int, marked: int, drawn: int, hits: int) -> float:
    """Return the chance of at least `hits` marked ones among `drawn` out of `total`."""
    most = min(marked, drawn)
    ways = sum(math.comb(marked, k) * math.comb(total - marked, drawn - k) for k in range(hits, most + 1))
    return ways / math.comb(total, drawn)
