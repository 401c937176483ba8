"""Space-filling designs: points that cover the unit cube more evenly than independent draws.

Source: Sobol' 1967; direction numbers of Joe & Kuo 2008, scrambling of Matoušek 1998, as in SciPy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sobol(start: int, count: int, d: int, seed: int) -> Array:
    """Return points start, start+1, … (count, d) of the scrambled Sobol' sequence of a seed.

    A point depends on its place in the sequence, d and the seed only, so that any part of the
    sequence can be had without the rest.
    """
    if d == 0 or count == 0:
        return np.empty((count, d))
    # SciPy's statistics take half a second to import, which not every program has to pay.
    from scipy.stats import qmc

    sequence = qmc.Sobol(d, scramble=True, rng=np.random.default_rng(seed))
    if start > 0:
        sequence.fast_forward(start)
        return np.asarray(sequence.random(count))
    # From the very start SciPy wants a power of two, or warns.
    return np.asarray(sequence.random(1 << (count - 1).bit_length())[:count])
