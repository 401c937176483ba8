"""Recommend: for each user the items with the best answers, of those that the user has not rated.

Users, items and their columns come from past ratings, such as the file that was learnt from. A column that is
the same in all rows of an item (its title, its year) goes with the item, others with the user's last row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from osetra.data.dataset import CategoryColumn, Codes, Column
from osetra.data.formats import read_table
from osetra.data.options import DataOptions
from osetra.data.table import as_texts
from osetra.errors import DataError
from osetra.files import real_path
from osetra.nets import metrics
from osetra.nets.examination import taken
from osetra.nets.metrics import Array
from osetra.nets.model import Model
from osetra.nets.prepare import apply
from osetra.nets.rows import read_rows
from osetra.nets.targets import answers
from osetra.nets.training import raw_outputs


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item for one user."""

    user: str
    place: int
    """From 1, the best."""
    item: str
    value: float
    """The rating that is expected, or the probability of the sought class of two."""


@dataclass(frozen=True, slots=True, eq=False)
class Recommendations:
    """The best items of some users, in the order of the users asked for."""

    header: tuple[str, str, str, str]
    found: Sequence[Recommendation]
    warnings: tuple[str, ...] = ()

    def rows(self) -> Iterator[tuple[str | float | int, ...]]:
        """Yield user, place, item and value."""
        for each in self.found:
            yield each.user, each.place, each.item, each.value


def recommend(
    model: Model,
    history: object,
    top: int,
    users: str | None = None,
    *,
    reading: DataOptions | None = None,
    strict: bool = False,
) -> Recommendations:
    """Return the best `top` items for each user of past ratings, or for those in the file `users`.

    Raises:
        DataError: the model is no recommendation, or the data cannot be read for it.
    """
    preparation = model.preparation
    if not preparation.pair:
        raise DataError(
            "--top: the model does not recommend: it learnt no users and items; tune with --user and --item"
        )
    if top < 1:
        raise DataError(f"--top {top}: give at least 1")
    past = read_rows(preparation, history, reading, strict=strict)
    columns = past.columns
    by_name = {column.name: column for column in columns}
    whose, what = (by_name[name] for name in preparation.pair)
    assert isinstance(whose, CategoryColumn)
    assert isinstance(what, CategoryColumn)
    known = (whose.codes >= 0) & (what.codes >= 0)
    asked, warnings = _asked(whose, known, users, preparation.pair[0])
    items, first = np.unique(np.where(known, what.codes, -1), return_index=True)
    items, first = items[items >= 0], first[items >= 0]
    of_items = [_goes_with(column, what.codes, known) for column in columns]
    found: list[Recommendation] = []
    for code in asked:
        mine = np.flatnonzero(known & (whose.codes == code))
        fresh = ~np.isin(items, what.codes[mine])
        last = np.full(int(fresh.sum()), mine[-1])
        rows = [first[fresh] if of_item else last for of_item in of_items]
        if not len(last):
            continue  # everything was rated
        values = _values(model, [taken(c, r) for c, r in zip(columns, rows, strict=True)])
        best = np.argsort(-values, kind="stable")[:top]
        names = [what.levels[item] for item in items[fresh][best]]
        found += [
            Recommendation(whose.levels[code], place, name, float(values[at]))
            for place, (name, at) in enumerate(zip(names, best, strict=True), start=1)
        ]
    header = (preparation.pair[0], "place", preparation.pair[1], preparation.target)
    return Recommendations(header, found, (*past.warnings, *warnings))


def _asked(
    whose: CategoryColumn, known: np.ndarray[tuple[int], np.dtype[np.bool_]], users: str | None, name: str
) -> tuple[list[int], tuple[str, ...]]:
    """Return the codes of the users that are asked for, and what is to be said of others."""
    rated = [int(code) for code in np.unique(whose.codes[known])]
    if users is None:
        return rated, ()
    table = read_table(real_path(users))
    if name not in table.names:
        raise DataError(f"{users}: needs the column {name!r}, found {', '.join(table.names)}")
    place = {whose.levels[code]: code for code in rated}
    texts = as_texts(table[name])
    wanted = list(dict.fromkeys(text for text in texts if text is not None))
    strangers = [text for text in wanted if text not in place]
    asked = [place[text] for text in wanted if text in place]
    if not strangers:
        return asked, ()
    shown = ", ".join(strangers[:3]) + (" …" if len(strangers) > 3 else "")
    said = f"{len(strangers)} of {len(wanted)} users have no past ratings and are left out ({shown})"
    return asked, (said,)


def _goes_with(column: Column, items: Codes, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    """Whether a column is the same in all rows of an item."""
    values = column.codes if isinstance(column, CategoryColumn) else np.nan_to_num(column.values, nan=-1e300)
    _, place = np.unique(values[known], return_inverse=True)
    pairs = np.unique(items[known] * (int(place.max(initial=0)) + 1) + place)
    return len(pairs) == len(np.unique(items[known]))


def _values(model: Model, columns: Sequence[Column]) -> Array:
    preparation = model.preparation
    raw = raw_outputs(model.network, apply(preparation, columns))
    if preparation.task == "regression":
        return answers(preparation, raw)
    found: Array = metrics.probabilities(raw)[:, metrics.sought(preparation.priors)]
    return found
