"""Series of a table: rows with the same identifier are the steps of one sequence, one target each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Codes, Column, TextColumn
from osetra.data.options import DataOptions
from osetra.data.roles import FROM_TEST_FILE
from osetra.data.schema import Date, Number, Recipe, days_of, read_schema, to_numbers
from osetra.data.semantics import Meaning, check_columns, codes_of, meaning_of, understand
from osetra.data.series import Sequences, SeriesRecipe, finished
from osetra.data.table import MISSING_MARKS, Table, Texts, as_texts, note
from osetra.errors import DataError, nearest

MOST_LEVELS = 20
"""Of a category with more levels the commonest are channels."""


@dataclass(frozen=True, slots=True, eq=False)
class SeriesTable:
    """A table whose rows are steps: one row of it for each sequence, and the sequences."""

    heads: Table
    """What does not change within a sequence: its identifier, target, group …"""
    sequences: Sequences
    schema: tuple[Recipe, ...]
    """How channels, and the time, are read."""
    meanings: tuple[Meaning, ...]
    notes: tuple[Finding, ...]


def gathered(table: Table, targets: Sequence[str], reading: DataOptions) -> SeriesTable:
    """Return the sequences in the rows of a table, ordered by time where there is a column of it.

    Raises:
        DataError: a row without series, a target that changes within one, no channels.
    """
    check_columns(table, reading)
    series, time = reading.series or "", reading.time or ""
    if series in targets:
        raise DataError(f"{series}: the target cannot be what tells series apart; name another column")
    places, first = _series_of(table, series)
    constant = [name for name in (*targets, reading.group, reading.split, reading.weight) if name]
    heads = _heads(table, places, first, series, constant)
    recipe = _time_recipe(table, time, reading)
    order, lengths = _ordered(table, places, recipe)
    others = tuple(name for name in (series, time, FROM_TEST_FILE) if name)
    inputs = understand(table, replace(reading, group=None), skip=(*constant, *others))
    columns = [column for column in inputs.columns if not isinstance(column, TextColumn)]
    texts = [column.name for column in inputs.columns if isinstance(column, TextColumn)]
    if not columns:
        raise DataError(f"{table.source}: no column of numbers or categories is left to be a channel")
    channels, levels = _channels(columns)
    values = _values(columns, channels, levels)
    sequences, notes = finished(
        _unrolled(values, order, lengths), lengths, SeriesRecipe(channels, levels, series, time),
        table.source, fresh=True,
    )  # fmt: skip
    by = f"ordered by {time!r}" if time else "in the order of the file; --time COLUMN orders them by time"
    said = note("series", f"rows with the same {series!r} are one sequence, {by}; the split keeps each whole")
    kept = [each for each in inputs.schema if each.name not in texts]
    schema = (*kept, *((recipe,) if recipe else ()))
    left_out = [
        note("column-left-out", f"{name!r} left out: steps of free text are not read") for name in texts
    ]
    meanings = tuple(each for each in inputs.meanings if each.name not in texts)
    return SeriesTable(heads, sequences, schema, meanings, (said, *inputs.notes, *left_out, *notes))


def read_series(table: Table, recipe: SeriesRecipe, schema: Sequence[Recipe]) -> tuple[Table, Sequences]:
    """Return the sequences of a later table as a model needs them, and a row for each.

    Raises:
        DataError: a column is missing, with the nearest name.
    """
    needed = [each.name for each in schema] + [recipe.series]
    for name in needed:
        if name not in table.names:
            raise DataError(
                f"{table.source}: the model needs the column {name!r}, found {', '.join(table.names)}."
                f"{nearest(name, table.names)}"
            )
    places, first = _series_of(table, recipe.series)
    time = next((each for each in schema if each.name == recipe.time), None)
    found = read_schema([each for each in schema if each is not time], table)
    order, lengths = _ordered(table, places, time)
    values = _values(list(found.values()), recipe.channels, recipe.levels)
    sequences, _ = finished(_unrolled(values, order, lengths), lengths, recipe, table.source)
    return table.take(first), sequences


def _series_of(table: Table, series: str) -> tuple[Codes, Codes]:
    """Return for each row which series it belongs to, in order of appearance, and the first row of each."""
    column = codes_of(series, table[series])
    if np.any(column.codes < 0):
        row = table.row(int(np.flatnonzero(column.codes < 0)[0]))
        raise DataError(f"{series}: row {row} belongs to no series; fill it in or delete the row")
    codes = column.codes
    if FROM_TEST_FILE in table.names:
        # A file of sealed rows may count its series from the beginning again.
        codes = codes * 2 + codes_of(FROM_TEST_FILE, table[FROM_TEST_FILE]).codes
    _, first, places = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[places].astype(np.int64), np.sort(first).astype(np.int64)


def _heads(table: Table, places: Codes, first: Codes, series: str, constant: Sequence[str]) -> Table:
    """Return the first row of each series, with what must not change within one.

    Raises:
        DataError: it does, with the series and two of its values.
    """
    heads = table.take(first)
    cells = list(heads.cells)
    for name in constant:
        texts = as_texts(table[name])
        gone = np.array([level.lower() in MISSING_MARKS for level in texts.levels] + [True])
        known = np.flatnonzero(~gone[texts.codes])
        row = np.full(len(first), -1, dtype=np.int64)
        row[places[known][::-1]] = known[::-1]  # the first known one of each stays
        differs = known[texts.codes[known] != texts.codes[row[places[known]]]]
        if len(differs):
            one, other = row[places[differs[0]]], differs[0]
            which = as_texts(table[series])[int(other)]
            raise DataError(
                f"{name}: changes within series {which!r}: {texts[int(one)]!r} in row {table.row(int(one))}, "
                f"{texts[int(other)]!r} in row {table.row(int(other))}; each series has one. Predict what "
                "does not change, or tell series apart by another column with --series"
            )
        source = table[name]
        kept = np.where(row < 0, first, row)
        cells[table.names.index(name)] = source.take(kept) if isinstance(source, Texts) else source[kept]
    return replace(heads, cells=tuple(cells), rows=None)


def _time_recipe(table: Table, time: str, reading: DataOptions) -> Recipe | None:
    if not time:
        return None
    recipe = meaning_of(time, table[time], table, reading).recipe
    if isinstance(recipe, Date):
        return replace(recipe, parts=())
    if isinstance(recipe, Number):
        return recipe
    raise DataError(f"{time}: neither dates nor numbers, so steps have no order in time; see --date {time}")


def _ordered(table: Table, places: Codes, recipe: Recipe | None) -> tuple[Codes, Codes]:
    """Return the rows by series and time, and how many each series has."""
    lengths = np.bincount(places).astype(np.int64)
    if recipe is None:
        return np.argsort(places, kind="stable").astype(np.int64), lengths
    if isinstance(recipe, Date):
        times = days_of(recipe, table[recipe.name])
    else:
        assert isinstance(recipe, Number)
        times = to_numbers(recipe, table[recipe.name], table.row)
    if np.any(np.isnan(times)):
        row = table.row(int(np.flatnonzero(np.isnan(times))[0]))
        raise DataError(f"{recipe.name}: row {row} has no time; fill it in or delete the row")
    return np.lexsort((times, places)).astype(np.int64), lengths


def _channels(columns: Sequence[Column]) -> tuple[tuple[str, ...], tuple[str | None, ...]]:
    names: list[str] = []
    levels: list[str | None] = []
    for column in columns:
        if isinstance(column, CategoryColumn):
            counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
            kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_LEVELS])
            names += [column.name] * len(kept)
            levels += [column.levels[code] for code in kept]
        else:
            names.append(column.name)
            levels.append(None)
    return tuple(names), tuple(levels)


def _values(
    columns: Sequence[Column], channels: Sequence[str], levels: Sequence[str | None]
) -> NDArray[np.float64]:
    """Return the channels of each row (rows, c)."""
    by_name = {column.name: column for column in columns}
    made: list[NDArray[Any]] = []
    for name, level in zip(channels, levels, strict=True):
        column = by_name[name]
        if isinstance(column, CategoryColumn):
            place = column.levels.index(level) if level in column.levels else -2
            made.append((column.codes == place).astype(np.float64))
        else:
            made.append(column.values)
    return np.stack(made, axis=1)


def _unrolled(values: NDArray[np.float64], order: Codes, lengths: Codes) -> NDArray[np.float64]:
    """Return rows (rows, c) in their order as (n, T, c), NaN behind the ends."""
    whole = np.full((len(lengths), int(lengths.max()), values.shape[1]), np.nan)
    whole[np.arange(whole.shape[1]) < lengths[:, None]] = values[order]
    return whole
