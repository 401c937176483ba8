"""Mixed: the built-in networks on pictures and letters, over their catalogue's mixed, conditional spaces.

Searches the trainings that `bank_mixed.py` banked; a step takes the seconds that it took.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import bank_mixed
import osetra as ose
from problems.benchmark import Array

FEWEST = 250
"""A bank that is not finished is left out."""


def banks() -> Iterator[tuple[str, ose.Space, Array, Array, Array]]:
    """Yield the name, space, points (n, d), errors (n, epochs) and seconds per epoch (n,) of each bank."""
    for path in sorted(bank_mixed.FOLDER.glob("*.npz")):
        bank = np.load(path, allow_pickle=False)
        if len(bank["points"]) >= FEWEST:
            yield (
                path.stem,
                bank_mixed.space(path.stem),
                bank["points"],
                bank["val_error"].astype(np.float64),
                bank["seconds"].astype(np.float64),
            )
