"""Aims: which error of a number is made small, after the metric that is asked for.

Nothing is the squared error, whose best answer is the mean; mae the absolute error, whose best answer is the
median; quantile_0.9 the pinball loss, whose best answer is that quantile (Koenker & Bassett 1978).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SQUARED = ""
ABSOLUTE = "mae"
_QUANTILE = "quantile_"


def aim_of(metric: str) -> str:
    """Return the aim of a search for a metric, with or without val_ in front."""
    plain = metric.removeprefix("val_")
    return plain if plain == ABSOLUTE or plain.startswith(_QUANTILE) else SQUARED


def level_of(aim: str) -> float:
    """Return which quantile of the truth is the best answer; of the squared error there is none."""
    return 0.5 if aim == ABSOLUTE else float(aim.removeprefix(_QUANTILE))


def scale_of(aim: str) -> float:
    """Return by what the pinball loss is multiplied: the absolute error is twice that of the median."""
    return 2.0 if aim == ABSOLUTE else 1.0


def errors(above: Array, aim: str) -> Array:
    """Return the error of each answer, by how far it is above the truth."""
    if aim == SQUARED:
        return np.asarray(above**2)
    level = level_of(aim)
    return np.asarray(scale_of(aim) * np.maximum((1.0 - level) * above, -level * above))


def words(aim: str) -> str:
    """Return an aim in words."""
    if aim == SQUARED:
        return "squared error"
    return "absolute error" if aim == ABSOLUTE else f"pinball loss of the {level_of(aim):g} quantile"
