"""Later: how files that come after training are read: as the first one was, but for what a person says.

Numbers are read with the decimal mark that was learnt, unless the numbers of a file prove the other one.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast, get_args

import numpy as np

from osetra.data.dialect import COMMA, POINT
from osetra.data.moments import Order
from osetra.data.options import DataOptions
from osetra.data.precedent import Precedent
from osetra.data.schema import Category, Date, Number, Recipe, Words
from osetra.data.table import LONGEST_CELL, Cells, Table, Texts
from osetra.errors import DataError, nearest
from osetra.nets.prepare import Numbers, Preparation

_DIGITS = re.compile(r"\d[\d.,]*\d")


def adapted(preparation: Preparation, reading: DataOptions) -> Preparation:
    """Return a preparation that reads a file as a person says: its dialect, missing marks and dates.

    Raises:
        DataError: a date is declared that the model does not know, or has no such order.
    """
    given = (reading.delimiter, reading.decimal, reading.header, reading.encoding)
    delimiter, decimal, header, encoding = (
        now or was for now, was in zip(given, preparation.dialect, strict=True)
    )
    names = [recipe.name for recipe in preparation.schema if isinstance(recipe, Date)]
    for name, order in reading.dates.items():
        if name not in names:
            raise DataError(f"--date {name}: the model learnt no such column of dates.{nearest(name, names)}")
        if order not in get_args(Order):
            raise DataError(f"--date {name}={order}: give one of ymd, mdy, dmy")
    schema = tuple(_with_reading(recipe, reading) for recipe in recipes_of(preparation))
    return replace(preparation, dialect=(delimiter, decimal, header, encoding), schema=schema)


def _with_reading(recipe: Recipe, reading: DataOptions) -> Recipe:
    if isinstance(recipe, Words):
        return recipe
    recipe = replace(recipe, marks=tuple(sorted({*recipe.marks, *reading.missing(recipe.name)})))
    if isinstance(recipe, Number) and reading.decimal:
        return replace(recipe, decimal=reading.decimal)
    if isinstance(recipe, Date) and recipe.name in reading.dates:
        return replace(recipe, order=cast("Order", reading.dates[recipe.name]))
    return recipe


def recipes_of(preparation: Preparation) -> tuple[Recipe, ...]:
    """Return how each column is read; in models of earlier versions as plain numbers and categories."""
    return preparation.schema or tuple(
        Number(how.name) if isinstance(how, Numbers) else Category(how.name) for how in preparation.columns
    )


def said_of(preparation: Preparation) -> DataOptions:
    """Return what a person said of how files are written."""
    delimiter, decimal, header, encoding = preparation.dialect
    return DataOptions(delimiter=delimiter, decimal=decimal, header=header, encoding=encoding)


def precedent_of(preparation: Preparation) -> Precedent:
    """Return how the file that was learnt from was written, and which columns a later one must have."""
    names = [recipe.name for recipe in recipes_of(preparation)]
    if preparation.sequences is not None:
        names += [preparation.sequences.recipe.series, preparation.sequences.recipe.time]
    return Precedent(preparation.manner, tuple(dict.fromkeys(name for name in names if name)))


def with_decimals(preparation: Preparation, table: Table) -> tuple[Preparation, tuple[str, ...]]:
    """Return a preparation that reads numbers with the decimal mark that a table proves, and a word on it.

    A number such as 1.234 can be read in two ways; where others of the table can only have the other mark
    than was learnt, and none can only have the learnt one, that is what this one has, too.
    """
    learnt = [
        recipe for recipe in recipes_of(preparation)
        if isinstance(recipe, Number) and recipe.name in table.names
    ]  # fmt: skip
    proofs = [_proof(recipe.decimal, table[recipe.name]) for recipe in learnt]
    if preparation.dialect[1] or "other" not in proofs or "same" in proofs:
        return preparation, ()
    names = {recipe.name for recipe in learnt}
    schema = tuple(
        replace(recipe, decimal="." if recipe.decimal == "," else ",")
        if isinstance(recipe, Number) and recipe.name in names
        else recipe
        for recipe in recipes_of(preparation)
    )
    marks = ("point", "comma") if learnt[0].decimal == "," else ("comma", "point")
    said = f"numbers have a {marks[0]} before decimals, where a {marks[1]} was learnt"
    return replace(preparation, schema=schema), (said,)


def _proof(decimal: str, cells: Cells) -> str:
    """Return which mark most of the cells prove that can only have one: "same", "other" or neither."""
    plain = cells.numbers() if isinstance(cells, Texts) and decimal == "." else None
    if not isinstance(cells, Texts) or plain is not None:
        return "same" if plain is not None and np.any(plain % 1 > 0) else ""
    marks = (COMMA, POINT) if decimal == "," else (POINT, COMMA)
    found = [
        one[0] for level in cells.levels if len(level) <= LONGEST_CELL and (one := _DIGITS.search(level))
    ]
    same, other = (sum(map(bool, map(mark.fullmatch, found))) for mark in marks)
    return "" if same == other else "same" if same > other else "other"
