"""Targets: the column to predict, settled; rows without it, and sums of other rows, are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.assumed import assumed
from osetra.data.dataset import (
    CategoryColumn,
    Codes,
    Column,
    NumberColumn,
    Target,
    TaskKind,
    settle_target,
)
from osetra.data.durations import UNITS, unit_for
from osetra.data.moments import LENGTHS
from osetra.data.options import DataOptions
from osetra.data.schema import Date, Number, columns_of, days_of, to_numbers
from osetra.data.semantics import Meaning, meaning_of
from osetra.data.table import Table, Texts, as_texts, note
from osetra.data.units import same_unit
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
    notes = read_as([meaning])
    if missing:
        table, kept, left_out = with_target(table, kept, absent, repr(name))
        notes += (left_out,)
        present = np.flatnonzero(~absent)
        column = (
            NumberColumn(name, column.values[present])
            if isinstance(column, NumberColumn)
            else CategoryColumn(name, column.codes[present], column.levels)
        )
    number = reading.log_target or _is_duration(meaning)
    target = settle_target(column, task="regression" if number and task is None else task)
    if meaning.unit and target.task == "regression":
        target = replace(target, units=(meaning.unit,))
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
    if isinstance(meaning.recipe, Date) and meaning.recipe.order in LENGTHS:
        hours = days_of(meaning.recipe, table[name])
        unit = unit_for(hours)
        return NumberColumn(name, hours / UNITS[unit]), replace(meaning, unit=unit)
    if meaning.kind == "date":
        cells = table[name]
        example = as_texts(cells).levels[0]
        if isinstance(meaning.recipe, Date) and meaning.recipe.order == "clock":
            raise DataError(
                f"{name}: holds times of day such as {str(example)!r}, which are not predicted as they are; "
                f"where they say how long something took, --date {name}=duration says so"
            )
        number = f" as numbers with --number {quote(name)} or" if str(example).isdigit() else ""
        raise DataError(
            f"{name}: holds dates such as {str(example)!r}, which are not predicted as they are; predict a "
            f"number made of them, such as the days until then, or read them{number} as classes with "
            f"--category {quote(name)}"
        )
    if meaning.recipe is None or meaning.kind == "text":
        raise DataError(f"{name}: free text is not predicted; predict a number or a class, with --target")
    (column,) = columns_of(meaning.recipe, table[name], table.row)
    unit = meaning.recipe.unit if isinstance(meaning.recipe, Number) else ""
    return column, replace(meaning, unit=unit)


def _is_duration(meaning: Meaning) -> bool:
    """Whether a column says how long something took."""
    return isinstance(meaning.recipe, Date) and meaning.recipe.order in LENGTHS


def read_as(meanings: Sequence[Meaning]) -> tuple[Finding, ...]:
    """Return a line for each kind of target on what was assumed, and on what durations are predicted in."""
    lengths = [meaning for meaning in meanings if _is_duration(meaning)]
    notes = assumed([meaning for meaning in meanings if meaning not in lengths])
    for meaning in lengths:
        remark = f" ({meaning.remark})" if meaning.remark else ""
        text = f"{meaning.name!r} holds durations{remark}: they are predicted as numbers, in {meaning.unit}"
        notes += (note("target-durations", text),)
    return notes


def numbers_of(table: Table, name: str, unit: str = "") -> NDArray[np.float64]:
    """Return a target of numbers (n,) as a tuning would read it, marks and units included; NaN where missing.

    Args:
        table: rows.
        name: the column.
        unit: what a model answers in, where that is known.

    Raises:
        DataError: it holds something else than numbers, or numbers in another unit.
    """
    cells = table[name]
    if unit in UNITS:
        meaning = meaning_of(name, cells, table, DataOptions(), target=True)
        known = meaning.recipe
        length = known if isinstance(known, Date) and known.order in LENGTHS else Date(name, "duration")
        plain = cells.numbers() is not None if isinstance(cells, Texts) else cells.dtype.kind != "m"
        hours = np.zeros(0) if plain else days_of(length, cells)  # plain numbers are in that unit already
        if np.any(np.isfinite(hours)):
            return hours / UNITS[unit]
    meaning = meaning_of(name, cells, table, DataOptions(number=(name,)), target=True)
    recipe = meaning.recipe if isinstance(meaning.recipe, Number) else Number(name, decimal=table.decimal)
    if unit and recipe.unit and not same_unit(unit, recipe.unit):
        raise DataError(
            f"{name}: holds numbers in {recipe.unit}, and the model answers in {unit}; convert them"
        )
    return to_numbers(replace(recipe, loose=False), cells, table.row)


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
