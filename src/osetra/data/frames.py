"""Frames: columns of pandas, polars and plain mappings as arrays of numbers or text.

Neither library is imported: both say which columns they have and give them as NumPy arrays.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.data.arrays import as_table
from osetra.data.tables import Table
from osetra.errors import DataError


def is_frame(data: object) -> bool:
    """Whether it is a pandas or polars frame, or looks like one."""
    return hasattr(data, "columns") and hasattr(data, "__getitem__") and hasattr(data, "shape")


def columns_of(data: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame or mapping: each (n,) of float64 or text, empty text where missing.

    Raises:
        DataError: no columns, no rows, a name twice, or a column that is not one-dimensional.
    """
    names = list(data if isinstance(data, Mapping) else data.columns)
    if len({str(name) for name in names}) < len(names):
        twice = next(str(name) for name in names if [str(n) for n in names].count(str(name)) > 1)
        raise DataError(f"{twice!r}: two columns have this name; rename one")
    columns = {str(name): _column(str(name), data[name]) for name in names}
    if not columns or not len(next(iter(columns.values()))):
        raise DataError("the data has no columns or no rows")
    return columns


def table_of(data: Any, source: str = "the data") -> Table:
    """Return a frame or mapping as a table.

    Raises:
        DataError: as `columns_of` does, or columns of different lengths.
    """
    return as_table(columns_of(data), source)


def _column(name: str, series: Any) -> NDArray[Any]:
    kind = getattr(getattr(series, "dtype", None), "kind", "")
    if kind in ("i", "u", "f") and hasattr(series, "isna"):
        # pandas' own numbers know missing ones that NumPy's do not.
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=math.nan))
    values = np.asarray(series.to_numpy() if hasattr(series, "to_numpy") else series)
    if values.ndim != 1:
        raise DataError(f"{name!r}: a column is one-dimensional, and this has shape {values.shape}")
    if values.dtype.kind in "iuf":
        return values.astype(np.float64)
    if values.dtype.kind in _REFUSED:
        raise DataError(f"{name!r}: {_REFUSED[values.dtype.kind]}")
    return np.array([_text(name, row, value) for row, value in enumerate(values.tolist(), 1)], dtype=np.str_)


_REFUSED = {
    "c": "a network cannot use complex numbers; give real and imaginary part a column each",
    "m": "a network cannot use spans of time as they are; give them as numbers, such as seconds",
    "V": "a network cannot use records; give each of their fields a column",
}
"""What is said of columns of some kinds."""


def _text(name: str, row: int, value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, (str, numbers.Real, Decimal, date, time, NoneType)):
        # What pandas and polars call missing is of kinds of their own.
        if type(value).__name__ in ("NAType", "NaTType"):
            return ""
        kind = type(value).__name__
        raise DataError(f"{name!r}: row {row} holds a {kind}; a cell is a number, a text, True or False")
    text = "" if value is None or value != value else str(value)
    if "\0" in text or (not text.isascii() and text.encode("utf-8", "replace").decode() != text):
        raise DataError(f"{name!r}: row {row} holds NUL or half a character (a stray surrogate); correct it")
    return text
