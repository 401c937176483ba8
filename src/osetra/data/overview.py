"""Overview: a look at a table of which nobody has said yet what is to be predicted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from osetra.core.finding import Finding
from osetra.data.description import ColumnView, column_views
from osetra.data.options import DataOptions
from osetra.data.schema import Category, Number
from osetra.data.semantics import Meaning, understand
from osetra.data.table import Table, as_texts
from osetra.data.targets import without_totals

MOST_GUESSES = 3
ROWS_PER_CLASS = 10
"""Rows that a class needs on average where a column of labels may be what is predicted."""
_ASKED_FOR = re.compile(
    r"(^|[ _.-])(target|label|class|outcome|result|response|answer|diagnosis|species|price|cost|churn(ed)?|"
    r"exited|survived|default(ed)?|fraud|quality|score|rating|grade|income|salary|sales|revenue|sentiment|"
    r"spam|yield|demand|converted|clicked|attrition)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Guess:
    """A column that is likely to be predicted, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to see of a table without a target."""

    rows: int
    columns: tuple[ColumnView, ...]
    guesses: tuple[Guess, ...]
    """Columns that are likely to be predicted, the likeliest first; empty where none can be."""
    notes: tuple[Finding, ...]


def overview(table: Table, reading: DataOptions) -> Overview:
    """Return what there is to see of a table, and which columns are likely to be predicted.

    Raises:
        DataError: a column cannot be read as a person says.
    """
    table, _ = without_totals(table, np.arange(len(table)))
    found = understand(table, reading, skip=())
    notes = table.notes + found.notes
    return Overview(
        len(table), column_views(table, found.meanings, notes), guesses(found.meanings, table), notes
    )


def guesses(meanings: Sequence[Meaning], table: Table) -> tuple[Guess, ...]:
    """Return the columns that can be predicted and are called like what people predict, or stand last.

    Without either the first column is named, which holds the target in files without a line of names.
    """
    able = [meaning.name for meaning in meanings if _can_be_predicted(meaning, table)]
    found = [Guess(name, "by its name") for name in able if _ASKED_FOR.search(name)]
    named = {guess.name for guess in found}
    if able and able[-1] == table.names[-1] and able[-1] not in named:
        found.append(Guess(able[-1], "the last column"))
    if not found:
        found = [Guess(name, "the first that can be predicted") for name in able[:1]]
    return tuple(found[:MOST_GUESSES])


def _can_be_predicted(meaning: Meaning, table: Table) -> bool:
    """Whether a column holds numbers, or classes of which each has some rows."""
    cells = as_texts(table[meaning.name])
    if len(cells.levels) < 2:
        return False
    if isinstance(meaning.recipe, Category):
        return len(cells.levels) <= max(2, len(table) // ROWS_PER_CLASS)
    return isinstance(meaning.recipe, Number)
