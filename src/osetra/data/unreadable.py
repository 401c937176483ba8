"""Unreadable: cells of later rows that are not what their column was learnt as, and rows without them.

A prediction of a thousand rows is not lost for one slip of the pen: such a cell is missing, and that is said.
A column of which no cell can be read is another column, and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.core.clean import one_line
from osetra.data.dressing import undressed
from osetra.data.moments import LENGTHS
from osetra.data.numbers import WORDS_FOR_MISSING, number_of
from osetra.data.schema import LARGEST, Date, Number, Recipe, days_of, level_numbers
from osetra.data.table import MISSING_MARKS, Cells, Table, Texts
from osetra.data.units import same_unit
from osetra.errors import DataError

Mask: TypeAlias = NDArray[np.bool_]
LOOKED_AT = 1000
"""Rows that are enough to see whether units stand beside numbers."""
MOST_NAMED = 3
"""Columns of which an unreadable cell is named."""
_KINDS = {Number: "a finite number", Date: "a date"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The cells of a column that cannot be read."""

    column: str
    count: int
    row: int
    """Of the first, in the file."""
    text: str
    """Of the first."""
    kind: str
    """What it should have been."""
    unit: str = ""
    """What the numbers of the column were learnt in, where the first cell is a number in another unit."""

    @property
    def refusal(self) -> str:
        """What is said where that is no cell to go without."""
        first = f"{self.column}: row {self.row} holds {self.text!r}, "
        if self.unit:
            more = f" (and so on in {self.count - 1} more)" * (self.count > 1)
            return f"{first}and the model learnt numbers in {self.unit}{more}; convert them to {self.unit}"
        first += f"which is not {self.kind}"
        if self.count == 1:
            return f"{first}; correct that cell, or empty it if the value is unknown"
        return f"{first}, and so do {self.count - 1} more; correct those cells, or empty what is unknown"


def without_unreadable(schema: Sequence[Recipe], table: Table) -> tuple[Table, tuple[Unreadable, ...]]:
    """Return a table whose unreadable cells are missing, and what they were.

    Args:
        schema: what the columns were learnt as; each is one of the table.
        table: rows to read.

    Raises:
        DataError: none of the cells that a column has can be read.
    """
    cells, found = list(table.cells), []
    for recipe in schema:
        column = table[recipe.name]
        bad, present = unreadable(recipe, column)
        if not bad.any():
            continue
        first = int(np.flatnonzero(bad)[0])
        text, kind = _text(column, first), _KINDS[type(recipe)]
        each = Unreadable(recipe.name, int(bad.sum()), table.row(first), text, kind, _learnt_in(recipe, text))
        whole = bool((bad >= present).all()) and (each.count > 1 or len(table) == 1)
        if whole:
            raise DataError(each.refusal)
        cells[table.names.index(recipe.name)] = _emptied(column, bad)
        found.append(each)
    return (replace(table, cells=tuple(cells)) if found else table), tuple(found)


def unreadable(recipe: Recipe, cells: Cells) -> tuple[Mask, Mask]:
    """Return which cells (n,) hold what the recipe cannot read, and which hold anything."""
    if not isinstance(recipe, (Number, Date)):
        return np.zeros(len(cells), dtype=bool), np.ones(len(cells), dtype=bool)
    if not isinstance(cells, Texts):
        return _strange(recipe, cells)
    plain = cells.numbers() if isinstance(recipe, Number) and recipe.decimal == "." else None
    if plain is not None:
        return np.abs(plain) > LARGEST, ~np.isnan(plain)
    marks = MISSING_MARKS | set(recipe.marks)
    marks |= WORDS_FOR_MISSING if isinstance(recipe, Date) else set()
    there = np.array([*(level.lower() not in marks for level in cells.levels), False])[cells.codes]
    if isinstance(recipe, Date):
        return np.isnan(days_of(recipe, cells)) & there, there
    if recipe.loose:
        return np.zeros(len(cells), dtype=bool), there
    read = level_numbers(recipe, cells.levels)
    bad = [number is None or abs(number) > LARGEST for number in read]
    return np.array([*bad, False])[cells.codes], there


def sentence(found: Sequence[Unreadable]) -> str:
    """Return one line that counts unreadable cells, and names column, row and text of some."""
    total = sum(each.count for each in found)
    named = [
        f"{each.column!r} row {each.row} {each.text!r}{f' (not in {each.unit})' * bool(each.unit)}"
        + (f" and {each.count - 1} more" * (each.count > 1))
        for each in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        named.append(f"{sum(each.count for each in found[MOST_NAMED:])} in other columns")
    cells, verb = ("1 cell", "is") if total == 1 else (f"{total} cells", "are")
    return (
        f"{cells} cannot be read as what was learnt and {verb} taken as missing: {', '.join(named)} "
        "(--strict refuses them)"
    )


def assumed_units(schema: Sequence[Recipe], table: Table) -> tuple[str, ...]:
    """Return a sentence for each column whose numbers have lost the unit beside them, or have got one."""
    said = []
    for recipe in schema:
        if not isinstance(recipe, Number):
            continue
        cells = table[recipe.name]
        some = cells.take(np.arange(min(len(cells), LOOKED_AT))) if isinstance(cells, Texts) else ()
        texts = [undressed(each, recipe.prefix, recipe.suffix) for each in getattr(some, "levels", ())]
        read = [found for text in texts if (found := number_of(text, recipe.decimal))]
        if recipe.prefix or recipe.suffix or (isinstance(cells, Texts) and not read):
            continue
        unit = next((found[1] for found in read if found[1]), "")
        if recipe.unit and not unit:
            said.append(f"{recipe.name}: no unit stands beside the numbers; they are taken for {recipe.unit}")
        elif unit and not recipe.unit:
            said.append(
                f"{recipe.name}: numbers in {unit}, and in training without a unit; taken as they are"
            )
    return tuple(said)


def _learnt_in(recipe: Recipe, text: str) -> str:
    """Return the unit that a column was learnt in where a text is a number in another one."""
    if not isinstance(recipe, Number) or not recipe.unit:
        return ""
    found = number_of(undressed(text, recipe.prefix, recipe.suffix), recipe.decimal)
    return recipe.unit if found and found[1] and not same_unit(found[1], recipe.unit) else ""


def _strange(recipe: Number | Date, cells: Any) -> tuple[Mask, Mask]:
    if cells.dtype.kind == "M":
        there = ~np.isnat(cells)
        other = isinstance(recipe, Number) or recipe.order in LENGTHS
        return (there if other else np.zeros(len(cells), dtype=bool)), there
    if cells.dtype.kind == "m":
        there = ~np.isnat(cells)
        other = isinstance(recipe, Date) and recipe.order not in LENGTHS
        return (there if other else np.zeros(len(cells), dtype=bool)), there
    values = np.asarray(cells, dtype=np.float64)
    if isinstance(recipe, Date) and recipe.order == "compact":
        return np.isnan(days_of(recipe, values)) & ~np.isnan(values), ~np.isnan(values)
    return np.abs(values) > LARGEST, ~np.isnan(values)


def _emptied(cells: Cells, bad: Mask) -> Cells:
    if not isinstance(cells, Texts):
        nothing = {"M": np.datetime64("NaT"), "m": np.timedelta64("NaT")}.get(cells.dtype.kind, np.nan)
        return np.where(bad, nothing, cells)
    levels = (*cells.levels, None)
    return Texts([levels[code] for code in np.where(bad, -1, cells.codes).tolist()])


def _text(cells: Cells, row: int) -> str:
    cell = cells[row]
    return one_line(cell if isinstance(cell, str) else f"{cell}")[:40]
