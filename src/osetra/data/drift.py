"""Drift: what is remembered of the data that a setting was chosen on, and whether later data is like it.

The record holds the recipes of a table's columns and what each column was like, so that later tables are read
as the first was. Dates are left out: they move on by themselves. Of pictures, sounds and sequences it is the
mean and the spread of each, of free text how many words it has. Rows are taken for independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from osetra.data.dataset import CategoryColumn, Column, Dataset, NumberColumn, TextColumn
from osetra.data.distribution import distribution, shares_of
from osetra.data.loading import Loaded
from osetra.data.schema import Date, Recipe, read_schema, schema_from_json, schema_to_json
from osetra.data.table import Table
from osetra.data.unreadable import without_unreadable
from osetra.errors import DataError, nearest

Record = Mapping[str, Any]
MOST_COLUMNS = 1000
"""Columns that are remembered, the first ones."""
FEWER = 0.5
"""Share of the rows below which their number is spoken of."""
MOST_NAMED = 5
AT_ONCE = 256
"""Pictures that are summarised together."""


@dataclass(frozen=True, slots=True)
class Change:
    """A column that is not as it was."""

    column: str
    p: float
    """Chance of a difference as large by luck, for all columns at once."""
    index: float
    """Population stability index; a tenth is much."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How data compares with what it was."""

    columns: int
    """How many were compared, the target among them."""
    changed: tuple[Change, ...]
    """Those that differ by more than luck and by much, the most first."""
    rows: int
    rows_then: int
    new: tuple[str, ...] = ()
    """Columns that are learnt from and were not."""

    @property
    def sentence(self) -> str:
        """The same for people."""
        if not self.changed:
            return f"the data is as it was: none of {self.columns} columns changed by more than chance"
        names = [each.column for each in self.changed]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        return f"data changed: {len(names)} of {self.columns} columns ({', '.join(names[:MOST_NAMED])}{more})"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else has to be known before scores are compared, a sentence each."""
        found = []
        if self.rows < FEWER * self.rows_then:
            found.append(
                f"only {self.rows} rows, {self.rows_then} when the setting was chosen: it may be worth less "
                "for that alone, and seeds differ by more; give as many rows if you can"
            )
        if self.new:
            names = ", ".join(self.new[:MOST_NAMED]) + (" …" if len(self.new) > MOST_NAMED else "")
            found.append(f"columns are learnt from that were not before: {names}")
        return tuple(found)


def record_of(dataset: Dataset) -> dict[str, Any]:
    """Return what is remembered of data, as plain JSON values."""
    columns = list(_described(dataset, dataset.columns))[:MOST_COLUMNS]
    return {
        "kind": dataset.kind,
        "rows": len(dataset),
        "fingerprint": dataset.fingerprint,
        "target": dataset.target_name,
        "schema": schema_to_json(dataset.schema) if dataset.kind == "table" else [],
        "columns": {c.name: distribution(c) for c in columns},
        "answers": {c.name: distribution(c) for c in _answers(dataset)},
    }


def drift_of(then: Record, loaded: Loaded) -> Drift:
    """Return how data compares with a record of earlier data.

    Raises:
        DataError: it is of another kind, lacks columns, or a column holds something else throughout.
    """
    dataset = loaded.dataset
    if dataset.kind != then["kind"]:
        raise DataError(
            f"{dataset.source}: {dataset.kind} where the setting was chosen for {then['kind']}; give data of "
            "that kind, or tune anew"
        )
    columns: tuple[Column, ...] = dataset.columns
    learnt = {recipe["name"] for recipe in then["schema"]}
    new = tuple(recipe.name for recipe in dataset.schema if recipe.name not in learnt)
    if then["kind"] == "table" and loaded.table is not None:
        columns = _read_as_then(then, loaded.table, new)
    else:
        new = ()
    known = {**then["columns"], **then["answers"]}
    pairs = [
        (column, known[column.name])
        for column in (*_described(dataset, columns), *_answers(dataset))
        if column.name in known
    ]
    return Drift(len(pairs), _changed(pairs, then["rows"]), len(dataset), then["rows"], new)


def _changed(pairs: Sequence[tuple[Column, Mapping[str, Any]]], rows: int) -> tuple[Change, ...]:
    """Return the columns that differ, by Holm's procedure over all of them."""
    from osetra.numerics.drift import LEVEL, MUCH, holm, homogeneity  # with SciPy

    found = [shares_of(column, was) for column, was in pairs]
    tests = [
        (1.0, 0.0) if each is None else homogeneity(each[0], rows, each[1] * _count(column))
        for each, (column, _) in zip(found, pairs, strict=True)
    ]
    chances = holm(np.array([p for p, _ in tests]))
    changes = [
        Change(column.name, float(p), index)
        for (column, _), p, (_, index) in zip(pairs, chances, tests, strict=True)
        if p < LEVEL and index > MUCH
    ]
    return tuple(sorted(changes, key=lambda each: -each.index))


def _count(column: Column) -> int:
    return len(column.codes) if isinstance(column, CategoryColumn) else len(column.values)


def _read_as_then(then: Record, table: Table, new: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of a table by the recipes of the record.

    Raises:
        DataError: columns are gone, with the nearest name.
    """
    schema = schema_from_json(then["schema"])
    gone = [recipe.name for recipe in schema if recipe.name not in table.names]
    if gone:
        many, them = len(gone) > 1, "them" if len(gone) > 1 else "it"
        names = ", ".join(map(repr, gone[:MOST_NAMED])) + (" …" if len(gone) > MOST_NAMED else "")
        raise DataError(
            f"{table.source}: {len(gone)} of {len(schema)} columns gone: {names}. The "
            f"setting was chosen with {them}: put {them} back under the same name{'s' * many}, or tune "
            f"anew on what there is.{nearest(gone[0], new)}"
        )
    kept: list[Recipe] = [recipe for recipe in schema if not _moves_on(recipe)]
    clean, _ = without_unreadable(kept, table)
    return tuple(read_schema(kept, clean).values())


def _moves_on(recipe: Recipe) -> bool:
    return isinstance(recipe, Date) and recipe.order not in ("clock", "duration")


def _described(dataset: Dataset, columns: Sequence[Column]) -> Iterator[Column]:
    """Yield what is compared of the inputs: columns, or what pictures and sequences are like."""
    dates = [recipe for recipe in dataset.schema if isinstance(recipe, Date) and _moves_on(recipe)]
    skipped = {f"{recipe.name} {part}" for recipe in dates for part in recipe.parts}
    for column in columns:
        if isinstance(column, TextColumn):
            words = np.array([*(len(level.split()) for level in column.levels), np.nan])
            yield NumberColumn(column.name, words[column.codes])
        elif column.name not in skipped:
            yield column
    if dataset.images is not None:
        parts = [
            dataset.images[i : i + AT_ONCE].reshape(-1, dataset.images[0].size).astype(np.float64)
            for i in range(0, len(dataset), AT_ONCE)
        ]
        yield NumberColumn("brightness", np.concatenate([part.mean(axis=1) for part in parts]))
        yield NumberColumn("contrast", np.concatenate([part.std(axis=1) for part in parts]))
    if dataset.sequences is not None:
        sequences = dataset.sequences
        yield NumberColumn("steps", sequences.lengths.astype(np.float64))
        for place, name in enumerate(sequences.recipe.channels):
            # Behind the end stand zeros.
            yield NumberColumn(
                name, sequences.values[:, place].sum(axis=1, dtype=np.float64) / sequences.lengths
            )


def _answers(dataset: Dataset) -> Iterator[Column]:
    """Yield the target, or each of several."""
    if dataset.multi is not None:
        for name, values in zip(dataset.multi.names, dataset.target.T, strict=True):
            yield NumberColumn(name, values.astype(np.float64))
    elif dataset.classes:
        yield CategoryColumn(dataset.target_name, dataset.target.astype(np.int64), dataset.classes)
    else:
        yield NumberColumn(dataset.target_name, dataset.target.astype(np.float64))
