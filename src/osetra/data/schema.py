"""Schema: how each raw column becomes what a network learns from, settled once and kept with a model.

A recipe reads the cells of one column of any later table as it read the first: the same decimal mark,
the same order of day and month, the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from osetra.core.clean import one_line
from osetra.data.booleans import Answers, answer_for
from osetra.data.dataset import CategoryColumn, Column, Floats, NumberColumn, TextColumn
from osetra.data.dressing import undressed
from osetra.data.moments import (
    EPOCH,
    LENGTHS,
    Order,
    clock_parts,
    date_parts,
    epoch_days,
    moment_of,
    read_moment,
)
from osetra.data.numbers import number_of
from osetra.data.table import (
    MISSING_MARKS,
    Cells,
    Codes,
    Moments,
    Spans,
    Table,
    Texts,
    as_texts,
    unquoted,
    written,
)
from osetra.data.units import unit_key
from osetra.data.words import contained
from osetra.errors import DataError

LARGEST = 1e150
"""The square of it is a number, too: means and deviations need that."""
FEWEST_DATES = 10
"""Different whole numbers that all read as dates, such as 20240531, from which on they are dates."""
DIGITS_OF_DATES = (8, 12, 14)
"""Of a day, with hour and minute, and with seconds."""
RowOf: TypeAlias = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Number:
    """A column of numbers."""

    name: str
    decimal: str = "."
    marks: tuple[str, ...] = ()
    """Texts, in lower case, that mean missing beside the usual ones."""
    loose: bool = False
    """Whether what is no number is missing: where a person said that the column holds numbers."""
    unit: str = ""
    """What the numbers are in, such as kg; "" where nothing stands beside them."""
    prefix: str = ""
    suffix: str = ""
    """What stands around nearly all numbers beyond the marks that are known."""
    words: tuple[str, ...] = ()
    """Texts, in lower case, in place of numbers; whether it is there is learnt of each."""


@dataclass(frozen=True, slots=True)
class Category:
    """A column of texts that each mean one thing."""

    name: str
    marks: tuple[str, ...] = ()
    ignore_case: bool = False
    keep: tuple[str, ...] = ()
    """Usual marks of a missing cell that are levels here, such as none."""
    truth: Answers = ()
    """How no and yes are written in a column of nothing else; other spellings of them mean the same."""


@dataclass(frozen=True, slots=True)
class Date:
    """A column of dates, times of day or durations."""

    name: str
    order: Order
    marks: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    """Which parts are learnt from."""


@dataclass(frozen=True, slots=True)
class Text:
    """A column of free text, of which words are learnt from in their order."""

    name: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A column of free text as models of earlier versions read it: whether it has each of some words."""

    name: str
    words: tuple[str, ...]


Recipe: TypeAlias = Number | Category | Date | Text | Words
_KINDS: dict[str, type[Recipe]] = {
    "number": Number, "category": Category, "date": Date, "text": Text, "words": Words,
}  # fmt: skip


def columns_of(recipe: Recipe, cells: Cells, row_of: RowOf = lambda index: index + 1) -> tuple[Column, ...]:
    """Return the columns that a recipe makes of cells.

    Raises:
        DataError: a cell that is not what the recipe reads; the text names its row.
    """
    if isinstance(recipe, Number):
        numbers = NumberColumn(recipe.name, to_numbers(recipe, cells, row_of))
        return (numbers, *map(NumberColumn, column_names(recipe)[1:], _held(recipe.words, cells)))
    if isinstance(recipe, Category):
        return (to_categories(recipe, as_texts(cells)),)
    if isinstance(recipe, Date):
        parts = parts_of(recipe, days_of(recipe, cells))
        values = (parts[part] for part in recipe.parts)
        return tuple(map(NumberColumn, column_names(recipe), values))
    if isinstance(recipe, Text):
        read = to_categories(Category(recipe.name, recipe.marks), as_texts(cells))
        return (TextColumn(read.name, read.codes, read.levels),)
    texts = as_texts(cells)
    table = np.vstack([contained(texts.levels, recipe.words), np.full((1, len(recipe.words)), np.nan)])
    return tuple(map(NumberColumn, column_names(recipe), table[texts.codes].T))


def column_names(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the columns that a recipe makes."""
    if isinstance(recipe, Date):
        return tuple(_part(recipe.name, part) for part in recipe.parts)
    if isinstance(recipe, Words):
        return tuple(f"{recipe.name}: {word}" for word in recipe.words)
    if isinstance(recipe, Number):
        return (recipe.name, *(f"{recipe.name}: {word}" for word in recipe.words))
    return (recipe.name,)


def to_numbers(recipe: Number, cells: Cells, row_of: RowOf = lambda index: index + 1) -> Floats:
    """Return cells as numbers (n,), NaN where missing.

    Raises:
        DataError: a cell that is no finite number, with its row and its text.
    """
    values = _read_numbers(recipe, cells, row_of)
    large = f"is too large to calculate with (beyond {LARGEST:g}); rescale the column"
    beyond = np.abs(values) > LARGEST
    _refuse(recipe.name, beyond, lambda i: cells[i] if isinstance(cells, Texts) else values[i], row_of, large)
    return values


def _read_numbers(recipe: Number, cells: Cells, row_of: RowOf) -> Floats:
    if not isinstance(cells, Texts):
        if cells.dtype.kind == "M":
            raise DataError(f"{recipe.name}: holds moments in time where numbers are needed")
        if cells.dtype.kind == "m":  # models of earlier versions learnt them in seconds
            return 3600 * _hours(cells)
        values = np.asarray(cells, dtype=np.float64)
        values = _declared_missing(values, recipe.marks)
        _refuse(recipe.name, np.isinf(values), lambda i: f"{values[i]:g}", row_of)
        return values
    plain = cells.numbers() if recipe.decimal == "." else None
    if plain is not None:
        _refuse(recipe.name, np.isinf(plain), cells.__getitem__, row_of)
        return _declared_missing(plain, recipe.marks)
    read = level_numbers(recipe, cells.levels)
    if not recipe.loose:
        bad = [number is None for number in read]
        _refuse(recipe.name, np.array([*bad, False])[cells.codes], cells.__getitem__, row_of)
    return np.array([*(np.nan if n is None else n for n in read), np.nan], dtype=np.float64)[cells.codes]


def level_numbers(recipe: Number, levels: Sequence[str]) -> list[float | None]:
    """Return the number of each text, NaN for a mark of a missing one, None for what is none of its unit."""
    read = _numbers_of(levels, recipe, recipe.decimal)
    if None not in read or recipe.loose:
        return read
    # A later file may come from a place with another mark before decimals.
    again = _numbers_of(levels, recipe, "," if recipe.decimal == "." else ".")
    return min(read, again, key=lambda numbers: numbers.count(None))


def to_categories(recipe: Category, cells: Texts) -> CategoryColumn:
    """Return cells as codes into their sorted distinct texts."""
    marks = (MISSING_MARKS - set(recipe.keep)) | set(recipe.marks)
    names = [None if level.lower() in marks else level for level in cells.levels]
    if recipe.truth:
        names = [None if name is None else answer_for(name, recipe.truth) for name in names]
    if recipe.ignore_case:
        names = _commonest_case(names, cells.counts)
    known = tuple(sorted({name for name in names if name is not None}))
    place: dict[str | None, int] = {name: code for code, name in enumerate(known)}
    place[None] = -1
    codes = np.array([*(place[name] for name in names), -1], dtype=np.int64)[cells.codes]
    return CategoryColumn(recipe.name, codes, known)


def days_of(recipe: Date, cells: Cells) -> Floats:
    """Return moments as days since 1970, times of day and durations as hours (n,); NaN where missing."""
    if not isinstance(cells, Texts):
        if cells.dtype.kind == "M":
            micros = (cells.astype("datetime64[us]") - np.datetime64(EPOCH, "us")).astype("timedelta64[us]")
            return np.where(np.isnat(cells), np.nan, micros.astype(np.float64) / 86_400e6)
        if cells.dtype.kind == "m":
            return _hours(cells)
        if recipe.order == "epoch":
            return epoch_days(np.asarray(cells, dtype=np.float64))
        if recipe.order != "compact":
            return np.asarray(cells, dtype=np.float64)
        cells = as_texts(cells)
    read = [read_moment(level, recipe.order) for level in cells.levels]
    return np.array([*(np.nan if m is None else m for m in read), np.nan], dtype=np.float64)[cells.codes]


def _hours(cells: Floats | Moments | Spans) -> Floats:
    """Return cells of durations as hours (n,), NaN where missing."""
    micros = cells.astype("timedelta64[us]").astype(np.float64)
    return np.where(np.isnat(cells), np.nan, micros / 3600e6)


def are_compact_dates(cells: Cells) -> bool:
    """Whether whole numbers are all dates such as 20240531 or 20240531235959; 1 in 27 would be by chance."""
    if isinstance(cells, Texts):
        texts: Sequence[str] = [level for level in cells.levels if level.lower() not in MISSING_MARKS]
    elif cells.dtype.kind == "f":
        known = np.unique(cells[~np.isnan(cells)])
        if not len(known) or known[0] < 19_000_101 or known[-1] > 20_991_231_235_959:
            return False
        texts = [written(value) for value in known.tolist()]
    else:
        return False
    if len({len(text) for text in texts}) != 1 or len(texts[0]) not in DIGITS_OF_DATES:
        return False
    return len(texts) >= FEWEST_DATES and all(moment_of(text, "compact") is not None for text in texts)


def parts_of(recipe: Date, values: Floats) -> dict[str, Floats]:
    """Return everything that could be learnt of moments, by name."""
    if recipe.order == "clock":
        return clock_parts(values)
    return {"hours": values} if recipe.order in LENGTHS else date_parts(values)


def read_schema(schema: Sequence[Recipe], table: Table) -> dict[str, Column]:
    """Return the columns that recipes make of a table, by name."""
    made = [column for r in schema for column in columns_of(r, table[r.name], table.row)]
    return {column.name: column for column in made}


def schema_to_json(schema: Sequence[Recipe]) -> list[dict[str, Any]]:
    """Return recipes as plain JSON values."""
    kinds = {made: kind for kind, made in _KINDS.items()}
    return [
        {"kind": kinds[type(r)], **{name: getattr(r, name) for name in r.__dataclass_fields__}}
        for r in schema
    ]


def schema_from_json(state: Sequence[Mapping[str, Any]]) -> tuple[Recipe, ...]:
    """Return the recipes that `schema_to_json` wrote.

    Raises:
        KeyError, TypeError: it did not write them.
    """
    made: list[Recipe] = []
    for recipe in state:
        values: dict[str, Any] = {
            str(name): tuple(map(str, value)) if isinstance(value, list) else value
            for name, value in recipe.items()
            if name != "kind"
        }
        made.append(_KINDS[recipe["kind"]](**values))
    return tuple(made)


def _numbers_of(levels: Sequence[str], recipe: Number, decimal: str) -> list[float | None]:
    """Return the number of each text, NaN for a mark of a missing one, None for what is none of its unit."""
    marks, unit = MISSING_MARKS | {*recipe.marks, *recipe.words}, unit_key(recipe.unit)
    around = recipe.prefix or recipe.suffix
    read: list[float | None] = []
    for level in levels:
        if level.lower() in marks:
            read.append(np.nan)
            continue
        text = undressed(level, recipe.prefix, recipe.suffix) if around else level
        found = number_of(text, decimal)
        if found is not None and found[1]:
            unit = unit or unit_key(found[1])  # where none was learnt, all are in the same
        alike = found is not None and (not found[1] or unit_key(found[1]) == unit)
        read.append(found[0] if found is not None and alike else None)
    return read


def _held(words: Sequence[str], cells: Cells) -> list[Floats]:
    """Return for each word which cells (n,) hold it, as 1 or 0."""
    if not words or not isinstance(cells, Texts):
        return [np.zeros(len(cells)) for _ in words]
    lower = [*(level.lower() for level in cells.levels), ""]
    return [np.array([float(level == word) for level in lower])[cells.codes] for word in words]


def _part(name: str, part: str) -> str:
    return name if part == "hours" else f"{name} {part}"


def _declared_missing(values: Floats, marks: Sequence[str]) -> Floats:
    declared = [float(mark) for mark in marks if mark.lstrip("-").replace(".", "", 1).isdigit()]
    return np.where(np.isin(values, declared), np.nan, values) if declared else values


def _commonest_case(names: list[str | None], counts: Codes) -> list[str | None]:
    """Return for each text the commonest spelling of those that differ in case only."""
    best: dict[str, tuple[int, str]] = {}
    for name, count in zip(names, counts.tolist(), strict=True):
        if name is not None:
            best[name.casefold()] = max(best.get(name.casefold(), (0, "")), (count, name))
    return [None if name is None else best[unquoted(name).casefold()][1] for name in names]


def _refuse(
    name: str,
    bad: Any,
    text_of: Callable[[int], object],
    row_of: RowOf,
    why: str = "is not a finite number; correct that cell, or empty it if the value is unknown",
) -> None:
    where = np.flatnonzero(bad)
    if len(where):
        index = int(where[0])
        text = one_line(str(text_of(index)))
        shown = text if len(text) <= 60 else f"{text[:40]}… ({len(text)} characters)"
        raise DataError(f"{name}: row {row_of(index)} holds {shown!r}, which {why}")
