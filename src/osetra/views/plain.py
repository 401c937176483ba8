"""Plain: any value as JSON can hold it. JSON has no NaN and no infinities, so they are texts there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def plain_data(value: object) -> Any:
    """Return a value as numbers, texts, lists and mappings; NaN is "nan", infinities "inf" and "-inf"."""
    if isinstance(value, np.ndarray):
        return plain_data(value.tolist())
    if isinstance(value, np.generic):
        return plain_data(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_data(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)  # an enumeration's member is a text
    return value if value is None or isinstance(value, (bool, int)) else str(value)


def plain_number(value: float | None) -> float | str | None:
    """Return a number as JSON can hold it."""
    return value if value is None or math.isfinite(value) else str(float(value))


def plain_numbers(values: NDArray[Any]) -> list[Any]:
    """Return numbers (n,) as JSON can hold them; quick for many."""
    listed: list[Any] = values.tolist()
    if values.dtype.kind == "f":
        for place in np.flatnonzero(~np.isfinite(values)).tolist():
            listed[place] = str(listed[place])
    return listed
