"""Recommendation: tables of who rated what, told by a person or by the names of their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from osetra.core.finding import Finding
from osetra.data.dataset import TaskKind
from osetra.data.options import NOBODY, DataOptions
from osetra.data.semantics import codes_of
from osetra.data.table import Cells, Table, Texts, as_texts, note
from osetra.errors import DataError

Pair = tuple[str, str] | tuple[()]
FEWEST = 2.0
"""Rows per user and per item on average, without which names alone do not make a recommendation."""
_USERS = re.compile(r"(users?|customers?|reviewers?|members?|visitors?|raters?)([ _.-]?(id|no|nr|key))?")
_ITEMS = re.compile(
    r"(items?|movies?|films?|products?|books?|songs?|tracks?|artists?|jokes?|beers?|wines?|recipes?|articles?|games?|"
    r"restaurants?|business|animes?)([ _.-]?(id|no|nr|key))?|isbn|asin"
)
_RATINGS = re.compile(
    r"(.*[ _.-])?(ratings?|stars?|score|overall|rate|clicked|click|liked?|purchased|bought)"
)


@dataclass(frozen=True, slots=True)
class Interactions:
    """How a table is read that says who rated what; with no pair, one like any other."""

    reading: DataOptions
    task: TaskKind | None
    pair: Pair = ()
    """Names of the columns of users and of items."""
    notes: tuple[Finding, ...] = ()


def interactions(table: Table, target: str, task: TaskKind | None, reading: DataOptions) -> Interactions:
    """Return how a table is read: with users and items where somebody said so, or where names do.

    Both are categories then, whatever their cells are, and ratings that are numbers stay numbers.

    Raises:
        DataError: one of the two without the other, twice the same column, or the target itself.
    """
    if NOBODY in (reading.user, reading.item):
        return Interactions(replace(reading, user=None, item=None), task)
    pair: Pair = (reading.user, reading.item) if reading.user and reading.item else ()
    told = bool(pair)
    if not told and (reading.user or reading.item):
        given, other = ("user", "item") if reading.user else ("item", "user")
        column = reading.user or reading.item
        raise DataError(f"--{given} {column}: a recommendation needs users and items; give --{other} as well")
    if not told:
        pair = _found(table, target, reading)
    if not pair:
        return Interactions(reading, task)
    _check(pair, target, table)
    levels = as_texts(table[target]).levels
    if len(levels) == 1:
        raise DataError(
            f"{target}: every row is {levels[0]!r}: pairs alone say who took what, and nothing of what was "
            "left; ratings are needed, or rows of both kinds, such as 1 for what was taken and 0 for some of "
            "the rest"
        )
    task = task or _task(table[target])
    if task == "multiclass":
        if not told:
            return Interactions(reading, task)
        raise DataError(
            f"{target}: what users think of items is a number or yes and no, and this column holds several "
            "classes; predict another column, or leave --user and --item out"
        )
    columns = tuple(dict.fromkeys((*reading.category, *pair)))
    reading = replace(reading, category=columns, user=pair[0], item=pair[1])
    sizes = [len(codes_of(name, table[name]).levels) for name in pair]
    text = (
        f"a recommendation: {sizes[0]} users ({pair[0]}) and {sizes[1]} items ({pair[1]}), each with learnt "
        "factors; who or what was never seen is taken as average"
    )
    return Interactions(
        reading, task, pair, (note("recommendation", text, "" if told else "--user none says otherwise"),)
    )


def _check(pair: tuple[str, str], target: str, table: Table) -> None:
    if pair[0] == pair[1] or target in pair:
        raise DataError(
            f"--user {pair[0]} --item {pair[1]}: users, items and what is predicted ({target}) are three "
            "columns"
        )
    for name in pair:
        if len(codes_of(name, table[name]).levels) < 2:
            raise DataError(f"{name}: fewer than two of them; a recommendation needs several users and items")


def _found(table: Table, target: str, reading: DataOptions) -> Pair:
    """Return the columns whose names say that they are users and items of what is rated."""
    if not _RATINGS.fullmatch(_plain(target)):
        return ()
    rest = [name for name in table.names if name != target and name not in reading.drop]
    users = [name for name in rest if _USERS.fullmatch(_plain(name))]
    items = [name for name in rest if _ITEMS.fullmatch(_plain(name))]
    if len(users) != 1 or len(items) != 1:
        return ()
    sizes = [len(codes_of(name, table[name]).levels) for name in (*users, *items)]
    enough = all(size >= 2 and len(table) >= FEWEST * size for size in sizes)
    return (users[0], items[0]) if enough else ()


def _plain(name: str) -> str:
    """Return a name in lower case, with what camelCase sets apart."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().strip()


def _task(cells: Cells) -> TaskKind | None:
    """Return that several numbers are a regression also where they are few and whole, such as stars."""
    numbers = cells.numbers() if isinstance(cells, Texts) else cells
    if numbers is None or numbers.dtype.kind != "f":
        return "multiclass" if len(as_texts(cells).levels) > 2 else None
    return "regression" if len(np.unique(numbers[~np.isnan(numbers)])) > 2 else None
