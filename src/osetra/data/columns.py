"""Columns: from raw cells to numbers and categories, refusing what a network cannot use.

A column whose present cells are all numbers is a number column. One in which nearly all are numbers
has a typing error, and the row is named. Dates are refused with advice. Everything else is a
category; a text that differs in nearly every row is an identifier and is left out with a note.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from shlex import quote

import numpy as np

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Column, Floats, NumberColumn
from osetra.data.tables import Cells, Table
from osetra.errors import DataError, nearest

MOSTLY = 0.9
"""Share of number cells from which a text cell counts as a mistake in a number column."""
LARGEST = 1e150
"""The square of it is a number, too: means and deviations need that."""

_DATE = re.compile(
    r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}[-/]\d{1,2}[-/]\d{2})"
    r"([T ]\d{1,2}:\d{2}.*)?$|^\d{1,2} [A-Z][a-z]{2,8} \d{4}$"
)


def infer(name: str, cells: Cells, *, category: bool = False) -> Column:
    """Return the column that the cells are: numbers, or categories sorted by name.

    Raises:
        DataError: dates, infinities, or a few text cells in a column of numbers.
    """
    if not isinstance(cells, np.ndarray):
        if category:
            return to_categories(name, cells)
        if _is_text(name, cells):
            return to_categories(name, cells)
        return NumberColumn(name, to_numbers(name, cells))
    if category:
        return to_categories(name, [None if np.isnan(v) else f"{v:g}" for v in cells])
    return NumberColumn(name, to_numbers(name, cells))


def to_numbers(name: str, cells: Cells) -> Floats:
    """Return the cells as numbers (n,), NaN where missing.

    Raises:
        DataError: a cell that is no finite number, with its row and its text.
    """
    if isinstance(cells, np.ndarray):
        values = cells
    else:
        values = np.array([_number(cell) for cell in cells], dtype=np.float64)
        absent = np.array([cell is None for cell in cells], dtype=bool)
        _refuse_cells(name, np.isnan(values) & ~absent, cells)
    _refuse_cells(name, np.isinf(values), cells)
    large = f"is too large to calculate with (beyond {LARGEST:g}); rescale the column"
    _refuse_cells(name, np.abs(values) > LARGEST, cells, large)
    return values


def to_categories(name: str, cells: Sequence[str | None], levels: Sequence[str] = ()) -> CategoryColumn:
    """Return the cells as codes into the sorted distinct texts, or into the given levels.

    With given levels, a text that is none of them gets the code len(levels).
    """
    known = tuple(levels) or tuple(sorted({cell for cell in cells if cell is not None}))
    index: dict[str | None, int] = {level: code for code, level in enumerate(known)}
    index[None] = -1
    codes = np.array([index.get(cell, len(known)) for cell in cells], dtype=np.int64)
    return CategoryColumn(name, codes, known)


def usable(
    table: Table, target: str, *, drop: Sequence[str] = (), categories: Sequence[str] = ()
) -> tuple[tuple[Column, ...], tuple[Finding, ...]]:
    """Return the input columns of a table, and notes on those that were left out.

    Raises:
        DataError: a column that cannot be used, an unknown name, or no input column left.
    """
    for name in (*drop, *categories):
        if name not in table.names:
            raise DataError(f"{name!r}: no such column in {table.source}.{nearest(name, table.names)}")
    kept: list[Column] = []
    notes: list[Finding] = []
    for name, cells in zip(table.names, table.cells, strict=True):
        if name == target or name in drop:
            continue
        column = infer(name, cells, category=name in categories)
        why = _useless(column, len(cells))
        if why:
            notes.append(Finding(rule="column-left-out", level="info", text=f"{name!r} left out: {why}"))
        else:
            kept.append(column)
    if not kept:
        raise DataError(f"{table.source}: no column is left to predict {target!r} from")
    return tuple(kept), tuple(notes)


def _is_text(name: str, cells: Sequence[str | None]) -> bool:
    present = [cell for cell in cells if cell is not None]
    if not present:
        return False
    numbers = sum(_number(cell) == _number(cell) for cell in present)
    if numbers == len(present):
        return False
    dates = [cell for cell in present if _DATE.match(cell)]
    if len(dates) > MOSTLY * len(present):
        raise DataError(
            f"{name}: holds dates such as {dates[0]!r}, which a network cannot use as they are; "
            "replace the column by numbers (year, month, day of the week, days since a start) or "
            f"leave it out with --drop {quote(name)}"
        )
    if numbers >= MOSTLY * len(present):
        bad = [i for i, cell in enumerate(cells) if cell is not None and np.isnan(_number(cell))]
        raise DataError(
            f"{name}: row {bad[0] + 1} holds {cells[bad[0]]!r}, and {numbers} of "
            f"{len(present)} cells are numbers; correct that cell, empty it if the value is unknown, "
            f"or read the column as categories with --category {quote(name)}"
        )
    return True


def _number(cell: str | None) -> float:
    if cell is None:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _refuse_cells(
    name: str,
    bad: np.ndarray[tuple[int], np.dtype[np.bool_]],
    cells: Cells,
    why: str = "is not a finite number; correct that cell, or empty it if the value is unknown",
) -> None:
    where = np.flatnonzero(bad)
    if len(where):
        raise DataError(f"{name}: row {where[0] + 1} holds {str(cells[where[0]])!r}, which {why}")


def _useless(column: Column, n: int) -> str:
    if isinstance(column, NumberColumn):
        present = column.values[~np.isnan(column.values)]
        if not len(present):
            return "every cell is empty"
        if np.ptp(present) == 0 and len(present) == n:
            return "every row is the same"
        counted = np.arange(n) + present[0]
        if column.name.lower() in ("", "rownames", "row", "index", "id", "unnamed: 0") and (
            len(present) == n and n > 2 and np.array_equal(present, counted)
        ):
            return "it only counts the rows"
        return ""
    used = np.unique(column.codes[column.codes >= 0])
    if len(used) == 0:
        return "every cell is empty"
    if len(used) == 1 and np.all(column.codes >= 0):
        return "every row is the same"
    if len(used) > max(20, n // 2):
        return f"{len(used)} different texts in {n} rows look like an identifier or free text"
    return ""
