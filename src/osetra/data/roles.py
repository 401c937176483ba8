"""Roles: columns that say how rows belong together: group, time, weight, split. None is learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from osetra.core.finding import Finding
from osetra.data.dataset import Codes, Floats
from osetra.data.options import DataOptions
from osetra.data.schema import Date, Number, days_of, to_numbers
from osetra.data.semantics import codes_of, meaning_of
from osetra.data.table import Cells, Table, Texts, as_texts, note
from osetra.errors import DataError

TRAIN, VALIDATION, TEST = 0, 1, 2
PARTS = {
    "train": TRAIN, "training": TRAIN, "tr": TRAIN, "fit": TRAIN, "0": TRAIN, "learn": TRAIN,
    "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "dev": VALIDATION, "eval": VALIDATION,
    "test": TEST, "testing": TEST, "te": TEST, "holdout": TEST, "hold-out": TEST, "1": TEST, "sealed": TEST,
}  # fmt: skip
"""Names of the parts of a given split."""
FROM_TEST_FILE = "(part)"
"""Name of the column that says which rows came from the file of the sealed rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """What the columns with a role say, each (n,) or None."""

    groups: Codes | None = None
    times: Floats | None = None
    parts: Codes | None = None
    weights: Floats | None = None
    skipped: tuple[str, ...] = ()
    """Columns that are no inputs."""
    notes: tuple[Finding, ...] = ()

    @property
    def content(self) -> bytes:
        """What the fingerprint takes of it; empty without any."""
        present = (self.groups, self.times, self.parts, self.weights)
        return b"".join(b"" if each is None else np.ascontiguousarray(each).tobytes() for each in present)


def roles_of(table: Table, reading: DataOptions) -> Roles:
    """Return what a table's columns with a role say.

    Raises:
        DataError: fewer than three groups, times that are none, weights that are not positive, unknown parts.
    """
    roles = Roles()
    if FROM_TEST_FILE in table.names:
        roles = _with_parts(roles, FROM_TEST_FILE, table[FROM_TEST_FILE])
    if reading.split:
        roles = _with_parts(roles, reading.split, table[reading.split])
    if reading.group:
        roles = _with_groups(roles, reading.group, table[reading.group])
    if reading.time:
        roles = _with_times(roles, reading.time, table, reading)
    if reading.weight:
        roles = _with_weights(roles, reading.weight, table[reading.weight])
    return roles


def with_test_file(table: Table, sealed: Table, file: str) -> Table:
    """Return the rows of both tables, and a column that says which are to be sealed.

    Raises:
        DataError: the file lacks a column.
    """
    missing = [name for name in table.names if name not in sealed.names]
    if missing:
        raise DataError(
            f"{file}: lacks the column {missing[0]!r} of {table.source}; the sealed rows need them all"
        )
    cells: list[Cells] = []
    for name, first in zip(table.names, table.cells, strict=True):
        second = sealed[name]
        if isinstance(first, Texts) or isinstance(second, Texts):
            cells.append(Texts([*as_texts(first), *as_texts(second)]))
        else:
            cells.append(np.concatenate([first, second]))
    parts = Texts(["train"] * len(table) + ["test"] * len(sealed))
    names = (*table.names, FROM_TEST_FILE)
    return replace(table, names=names, cells=(*cells, parts))


def _with_parts(roles: Roles, name: str, cells: Cells) -> Roles:
    texts = as_texts(cells)
    lower = [level.lower() for level in texts.levels]
    unknown = [level for level, low in zip(texts.levels, lower, strict=True) if low not in PARTS]
    if unknown or np.any(texts.codes < 0):
        what = repr(unknown[0]) if unknown else "an empty cell"
        raise DataError(f"{name}: {what} is no part of a split; write train, validation or test in every row")
    parts = np.array([PARTS[low] for low in lower], dtype=np.int64)[texts.codes]
    if not np.any(parts == TEST) or not np.any(parts == TRAIN):
        raise DataError(f"{name}: a split needs rows for train and rows for test")
    counts = [int(np.sum(parts == part)) for part in (TRAIN, VALIDATION, TEST)]
    said = f"{counts[0]} rows to train, {counts[1]} to choose by, {counts[2]} sealed"
    # Without rows to choose by, they are taken from those to train on.
    if not counts[1]:
        parts = np.where(parts == TRAIN, -1, parts)
        said = f"{counts[0]} rows to train and choose by, {counts[2]} sealed"
    made = note("split", f"the split is the given one: {said}")
    return replace(roles, parts=parts, skipped=(*roles.skipped, name), notes=(*roles.notes, made))


def _with_groups(roles: Roles, name: str, cells: Cells) -> Roles:
    column = codes_of(name, cells)
    groups = np.where(column.codes < 0, len(column.levels) + np.arange(len(cells)), column.codes)
    different = len(np.unique(groups))
    if different < 3:
        raise DataError(f"{name}: {different} groups; three parts need at least three groups")
    made = note("group", f"rows with the same {name!r} stay together ({different} groups)")
    return replace(roles, groups=groups, skipped=(*roles.skipped, name), notes=(*roles.notes, made))


def _with_times(roles: Roles, name: str, table: Table, reading: DataOptions) -> Roles:
    meaning = meaning_of(name, table[name], table, reading)
    recipe = meaning.recipe
    if isinstance(recipe, Date):
        values = days_of(recipe, table[name])
    elif isinstance(recipe, Number):
        values = to_numbers(recipe, table[name], table.row)
    else:
        raise DataError(
            f"{name}: neither dates nor numbers, so rows have no order in time; see --date {name}"
        )
    if np.any(np.isnan(values)):
        row = table.row(int(np.flatnonzero(np.isnan(values))[0]))
        raise DataError(f"{name}: row {row} has no time; fill it in or delete the row")
    # A network cannot know what years mean that it has not seen.
    skipped = () if isinstance(recipe, Date) else (name,)
    made = note("time", f"trained on the past of {name!r}, chosen by what follows, sealed are the last rows")
    return replace(roles, times=values, skipped=(*roles.skipped, *skipped), notes=(*roles.notes, made))


def _with_weights(roles: Roles, name: str, cells: Cells) -> Roles:
    values = to_numbers(Number(name), cells)
    if np.any(~(values >= 0)) or not values.sum() > 0:
        raise DataError(f"{name}: a weight is a number from 0 up in every row")
    made = note("weight", f"rows count as much as their {name!r} in training")
    weights = values / values.mean()
    return replace(roles, weights=weights, skipped=(*roles.skipped, name), notes=(*roles.notes, made))
