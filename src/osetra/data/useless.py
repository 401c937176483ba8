"""Useless: columns that nothing can be learnt from: empty ones, constant ones, counters of the rows."""

from __future__ import annotations

import numpy as np

from osetra.data.dataset import Column, NumberColumn

_COUNTERS = ("", "rownames", "row", "index", "id", "unnamed: 0", "column 1")


def why_useless(column: Column, n: int, *, forced: bool) -> str:
    """Return why nothing can be learnt from a column of n rows; "" where something can.

    One that a person forced to be learnt from may be another number in every row.
    """
    if isinstance(column, NumberColumn):
        present = column.values[~np.isnan(column.values)]
        if not len(present):
            return "every cell is empty"
        if np.ptp(present) == 0 and len(present) == n:
            return "every row is the same"
        return "" if forced else _counts_rows(column.name, present, n)
    used = np.unique(column.codes[column.codes >= 0])
    if len(used) == 0:
        return "every cell is empty"
    if len(used) == 1 and np.all(column.codes >= 0):
        return "every row is the same"
    return ""


def looks_like_identifier(name: str) -> bool:
    """Whether a name says that the column identifies something."""
    lower = name.lower()
    return (
        lower in _COUNTERS
        or lower.endswith(("_id", " id", ".id", "-id", "uuid", "guid"))
        or name.endswith(("Id", "ID", "Nr", "Nr.", "nummer", "Nummer"))
    )


def _counts_rows(name: str, present: np.ndarray[tuple[int], np.dtype[np.float64]], n: int) -> str:
    if len(present) != n or n <= 2 or not looks_like_identifier(name):
        return ""
    if np.array_equal(present, np.arange(n) + present[0]):
        return "it only counts the rows"
    if np.all(present == np.rint(present)) and len(np.unique(present)) == n:
        return "it is another number in every row, an identifier (--number says otherwise)"
    return ""
