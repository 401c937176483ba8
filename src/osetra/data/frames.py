"""Frames: columns of pandas, polars, Arrow and Hugging Face tables, mappings and torch data sets as arrays.

No library is imported: each says which columns it has and gives them as NumPy arrays.
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
from osetra.data.series import is_ragged, padded
from osetra.data.table import Table
from osetra.errors import DataError

MOST_TEXT = 2 << 30
"""Bytes of text in one column of data in memory: all rows take as much as the longest."""


def is_frame(data: object) -> bool:
    """Whether it is a frame of pandas or polars, or an Arrow or Hugging Face table."""
    named = hasattr(data, "columns") or hasattr(data, "column_names")
    return named and hasattr(data, "__getitem__") and hasattr(data, "shape")


def is_examples(data: object) -> bool:
    """Whether it is a data set of examples, as PyTorch has them: a length, and (inputs, target) by number."""
    if isinstance(data, (Mapping, np.ndarray, list, tuple, str)) or hasattr(data, "__array__"):
        return False
    return hasattr(data, "__len__") and hasattr(data, "__getitem__") and not is_frame(data)


def examples_of(data: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the inputs (n, …) and targets (n,) of a data set of examples; no targets where it has none.

    Raises:
        DataError: no examples, or inputs of different shapes.
    """
    if not len(data):
        raise DataError("the data set holds no examples")
    pairs = [data[i] for i in range(len(data))]
    labelled = isinstance(pairs[0], (tuple, list)) and len(pairs[0]) == 2
    inputs = [np.asarray(pair[0] if labelled else pair) for pair in pairs]
    shapes = {each.shape for each in inputs}
    targets = np.array([np.asarray(pair[1]).item() for pair in pairs]) if labelled else None
    if is_ragged(inputs) and len({shape[1] for shape in shapes}) == 1:
        return padded(inputs, "the data set"), targets
    if len(shapes) > 1:
        some = " and ".join(str(shape) for shape in sorted(shapes)[:2])
        raise DataError(f"examples of different shapes, such as {some}; give them all one shape first")
    return np.stack(inputs), targets


def columns_of(data: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of a frame or mapping: each (n,) numbers, moments, durations or text, "" if missing.

    Raises:
        DataError: no columns, no rows, a name twice, or a column that is not one-dimensional.
    """
    names = list(data if isinstance(data, Mapping) else getattr(data, "column_names", None) or data.columns)
    if len({str(name) for name in names}) < len(names):
        twice = next(str(name) for name in names if [str(n) for n in names].count(str(name)) > 1)
        raise DataError(f"{twice!r}: two columns have this name; rename one")
    classes = getattr(data, "features", None)
    columns = {
        str(name): _column(str(name), _named(data[name], classes[name] if classes else None))
        for name in names
    }
    if not columns or not len(next(iter(columns.values()))):
        raise DataError("the data has no columns or no rows")
    return columns


def _named(series: Any, feature: Any) -> Any:
    """Return class names for the numbers of a Hugging Face class label."""
    names = getattr(feature, "names", None)
    if not names:
        return series
    return [None if value is None or value < 0 else names[value] for value in series]


def table_of(data: Any, source: str = "the data") -> Table:
    """Return a frame or mapping as a table.

    Raises:
        DataError: as `columns_of` does, or columns of different lengths.
    """
    return as_table(columns_of(data), source)


def _listed(series: Any) -> Any:
    """Return what has rows but is no array as a list; what has none as it is, to be refused."""
    plain = isinstance(series, (str, bytes, np.ndarray)) or not hasattr(series, "__iter__")
    return series if plain else list(series)


def _column(name: str, series: Any) -> NDArray[Any]:
    kind = getattr(getattr(series, "dtype", None), "kind", "")
    if kind in ("i", "u", "f") and hasattr(series, "isna"):
        # pandas' own numbers know missing ones that NumPy's do not.
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=math.nan))
    try:
        values = np.asarray(series.to_numpy() if hasattr(series, "to_numpy") else _listed(series))
    except ValueError:  # lists of different lengths
        raise DataError(f"{name!r}: a column holds one value a row, and this holds lists") from None
    if values.ndim != 1:
        raise DataError(f"{name!r}: a column is one-dimensional, and this has shape {values.shape}")
    if values.dtype.kind in "iuf" and (values.dtype.kind == "f" or np.abs(values).max(initial=0) <= 2**53):
        return values.astype(np.float64)
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    if values.dtype.kind == "m":
        return values.astype("timedelta64[us]")
    if values.dtype.kind in _REFUSED:
        raise DataError(f"{name!r}: {_REFUSED[values.dtype.kind]}")
    texts = [_text(name, row, value) for row, value in enumerate(values.tolist(), 1)]
    longest = max(map(len, texts), default=0)
    if 4 * longest * len(texts) > MOST_TEXT:
        raise DataError(
            f"{name!r}: texts of up to {longest} characters in {len(texts)} rows; leave the column out, "
            "shorten it, or give the data as a file (frame.to_csv)"
        )
    return np.array(texts, dtype=np.str_)


_REFUSED = {
    "c": "a network cannot use complex numbers; give real and imaginary part a column each",
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
