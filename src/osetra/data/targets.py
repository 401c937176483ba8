"""Targets: the column to predict, settled; rows without it, and sums of other rows, are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import (
    CategoryColumn,
    Codes,
    Column,
    NumberColumn,
    Target,
    TaskKind,
    settle_target,
)
from osetra.data.moments import LENGTHS
from osetra.data.options import DataOptions
from osetra.data.schema import Date, Number, columns_of, to_numbers
from osetra.data.semantics import Meaning, assumed, meaning_of
from osetra.data.table import Table, Texts, note
from osetra.errors import DataError

TOTALS = frozenset(
    {
        "total",
        "totals",
        "grand total",
        "sum",
        "summe",
        "gesamt",
        "average",
        "mean",
        "subtotal",
        "total:",
        "sum:",
    }
)
"""What a row at the end of a table says when it sums up the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The rows that have a target, and it."""

    table: Table
    target: Target
    kept: Codes
    """Which rows of the file they are, from 0."""
    notes: tuple[Finding, ...]


def labelled(table: Table, name: str, task: TaskKind | None, reading: DataOptions) -> Labelled:
    """Return the rows of a table that have a target.

    Raises:
        DataError: a target that cannot be predicted: a date, texts that are all different, one class.
    """
    whole = np.arange(len(table))
    table, kept = without_totals(table, whole)
    column, meaning = target_column(table, name, reading)
    absent = np.isnan(column.values) if isinstance(column, NumberColumn) else column.codes < 0
    missing = int(absent.sum())
    if missing == len(absent) and missing:
        raise DataError(f"{name}: no row has a target; predict another column, with --target")
    notes = assumed([meaning])
    if missing:
        table, kept, left_out = with_target(table, kept, absent, repr(name))
        notes += (left_out,)
        present = np.flatnonzero(~absent)
        column = (
            NumberColumn(name, column.values[present])
            if isinstance(column, NumberColumn)
            else CategoryColumn(name, column.codes[present], column.levels)
        )
    target = settle_target(column, task="regression" if reading.log_target and task is None else task)
    if reading.log_target and np.any(~(target.values > 0)):
        row = table.row(int(np.flatnonzero(~(target.values > 0))[0]))
        raise DataError(f"{name}: --log-target needs numbers above 0, and row {row} holds none")
    return Labelled(table, target, kept, notes)


def target_column(table: Table, name: str, reading: DataOptions) -> tuple[Column, Meaning]:
    """Return a target as a column of numbers or classes, and what it means.

    Raises:
        DataError: it holds dates or free text.
    """
    meaning = meaning_of(name, table[name], table, reading, target=True)
    if meaning.kind == "date":
        cells = table[name]
        example = next((cell for cell in cells if cell), "") if isinstance(cells, Texts) else cells[0]
        if isinstance(meaning.recipe, Date) and meaning.recipe.order in LENGTHS:
            raise DataError(
                f"{name}: holds durations such as {str(example)!r}, which are not predicted as they are; "
                "write them as numbers, such as seconds"
            )
        raise DataError(
            f"{name}: holds dates such as {str(example)!r}, which are not predicted as they are; predict a "
            f"number made of them, such as the days until then, or read them as classes with "
            f"--category {name}"
        )
    if meaning.recipe is None or meaning.kind == "text":
        raise DataError(f"{name}: free text is not predicted; predict a number or a class, with --target")
    (column,) = columns_of(meaning.recipe, table[name], table.row)
    return column, meaning


def numbers_of(table: Table, name: str) -> NDArray[np.float64]:
    """Return a target of numbers (n,) as a tuning would read it, marks and units included; NaN where missing.

    Raises:
        DataError: it holds something else than numbers.
    """
    meaning = meaning_of(name, table[name], table, DataOptions(number=(name,)), target=True)
    recipe = meaning.recipe if isinstance(meaning.recipe, Number) else Number(name, decimal=table.decimal)
    return to_numbers(replace(recipe, loose=False), table[name], table.row)


def with_target(
    table: Table, kept: Codes, absent: NDArray[np.bool_], what: str
) -> tuple[Table, Codes, Finding]:
    """Return the rows that have a target, which they are, and a note on the others."""
    rows = np.flatnonzero(absent)
    shown = ", ".join(str(table.row(row)) for row in rows[:5].tolist()) + (" …" if len(rows) > 5 else "")
    text = f"{len(rows)} of {len(absent)} rows have no {what} and are left out (rows {shown})"
    present = np.flatnonzero(~absent)
    return table.take(present), kept[present], note("no-target", text)


def without_totals(table: Table, kept: Codes) -> tuple[Table, Codes]:
    """Return the rows that are no sums of the others, and which they are."""
    last = range(max(0, len(table) - 2), len(table)) if len(table) > 4 else ()
    texts = [cells for cells in table.cells if isinstance(cells, Texts)]
    sums = [row for row in last if any((cells[row] or "").lower() in TOTALS for cells in texts)]
    common = any(sum(level.lower() in TOTALS for level in cells.levels) and _often(cells) for cells in texts)
    if not sums or common:
        return table, kept
    rest = np.array([row for row in range(len(table)) if row not in sums], dtype=np.int64)
    text = (
        f"row {', '.join(str(table.row(row)) for row in sums)} looks like a sum of the others and is left out"
    )
    return table.take(rest, note("total-row", text)), rest


def _often(cells: Texts) -> bool:
    """Whether a word for sums is an ordinary level of a column."""
    return any(
        count > 2
        for level, count in zip(cells.levels, cells.counts.tolist(), strict=True)
        if level.lower() in TOTALS
    )
