"""Checks: what about data makes a good score worth nothing, or a bad one needless.

Each check looks at columns and target and returns what a person should know before tuning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Codes, Column, NumberColumn, Target, TextColumn
from osetra.data.options import DataOptions
from osetra.data.semantics import codes_of
from osetra.data.table import Table, Texts, note
from osetra.data.useless import looks_like_identifier

MOST_TARGETS = 20
"""Of several targets so many are looked at."""
SAMPLE = 20_000
"""Rows looked at, evenly spread over the data."""
BINS = 50
GIVEN_AWAY = 0.98
"""Share of rows that a single column gets right from which it is too good to be true."""
_GROUPS = re.compile(
    r"patient|subject|person|participant|user|customer|client|member|household|family|session|speaker|animal|"
    r"student|employee|device|sensor|machine|vehicle|group",
    re.IGNORECASE,
)


def checks(
    table: Table, columns: Sequence[Column], target: Target, names: Sequence[str], reading: DataOptions
) -> tuple[Finding, ...]:
    """Return warnings on leaks, groups, order, duplicates and labels; of several targets, the first three.

    Of texts it is not asked whether they give the answer: that is what they are for.
    """
    own = [column for column in columns if column.name in table.names]
    whole = [column for column in own if not isinstance(column, TextColumn)]
    rows = np.linspace(0, len(table) - 1, min(len(table), SAMPLE)).astype(np.int64)
    answers = _single(target, names)
    found = [
        *(leak for each, name, known in answers for leak in _leaks(whole, each, name, rows[known[rows]])),
        *_groups(table, columns, names, reading),
    ]
    if target.multi is not None:
        return (*found, *_duplicates(columns, target))
    name = names[0]
    found += [
        *_sorted(table, whole, target, name, reading),
        *(_duplicates(columns, target) if len(own) == len(columns) else ()),
        *_labels(target, name),
        *_heavy_tail(target, name),
    ]
    return tuple(found)


def _single(target: Target, names: Sequence[str]) -> list[tuple[Target, str, NDArray[np.bool_]]]:
    """Return each target by itself, its name and which rows have it; of very many the first."""
    if target.multi is None:
        return [(target, names[0], np.ones(len(target.values), dtype=bool))]
    found = []
    for place, name in enumerate(target.multi.names[:MOST_TARGETS]):
        values = target.values[:, place]
        known = ~np.isnan(values)
        if target.task == "multilabel":
            single = Target(np.where(known, values, 0).astype(np.int64), "binary", ("no", "yes"))
        else:
            single = Target(values.astype(np.float64), "regression", ())
        found.append((single, name, known))
    return found


def share_right(column: Column, target: Target, rows: Codes) -> float:
    """Return how well a column alone gives the target: share of rows right, or of variance explained."""
    groups = _grouped(column, rows)
    if target.task != "regression":
        table = np.zeros((groups.max() + 1, len(target.classes)), dtype=np.int64)
        np.add.at(table, (groups, target.values[rows].astype(np.int64)), 1)
        # A level of one row says nothing about the next one.
        sizes = table.sum(axis=1)
        return float(np.sum(table.max(axis=1)[sizes > 1])) / len(rows)
    values = target.values[rows].astype(np.float64)
    if isinstance(column, NumberColumn):
        x = column.values[rows]
        known = ~np.isnan(x)
        if known.sum() < 3 or np.ptp(x[known]) == 0 or np.ptp(values[known]) == 0:
            return 0.0
        return float(np.corrcoef(x[known], values[known])[0, 1] ** 2)
    sizes = np.bincount(groups)
    if len(sizes) > len(rows) // 5 or np.ptp(values) == 0:
        return 0.0
    means = np.bincount(groups, weights=values) / np.maximum(sizes, 1)
    return 1.0 - float(np.sum((values - means[groups]) ** 2) / np.sum((values - values.mean()) ** 2))


def _grouped(column: Column, rows: Codes) -> Codes:
    if isinstance(column, CategoryColumn):
        return np.unique(column.codes[rows], return_inverse=True)[1].astype(np.int64)
    values = column.values[rows]
    different, codes = np.unique(values, return_inverse=True)
    if len(different) > BINS:
        codes = np.argsort(np.argsort(values, kind="stable"), kind="stable") * BINS // len(values)
    return codes.astype(np.int64)


def _leaks(columns: Sequence[Column], target: Target, name: str, rows: Codes) -> Iterator[Finding]:
    base = 0.0
    if target.task != "regression" and len(rows):
        base = float(np.bincount(target.values[rows].astype(np.int64)).max()) / len(rows)
    if len(rows) < 20 or base > 0.9:
        return
    enough = GIVEN_AWAY if target.task != "regression" else 0.9995
    for column in columns[:2000]:
        right = share_right(column, target, rows)
        if right >= enough:
            what = "is right in" if target.task != "regression" else "explains"
            copy = "a copy of" if right == 1.0 else "nearly a copy of"
            yield Finding(
                rule="leak", level="warning",
                text=f"{column.name!r} alone {what} {right:.0%} of the rows: {copy} {name!r}? Is it known "
                "before?",
                action=f"leave it out with --drop {quote(column.name)} unless it is",
            )  # fmt: skip


def _groups(
    table: Table, columns: Sequence[Column], targets: Sequence[str], reading: DataOptions
) -> Iterator[Finding]:
    if reading.group or reading.time or reading.split or reading.test:
        return
    n = len(table)
    for name, cells in zip(table.names, table.cells, strict=True):
        wanted = bool(_GROUPS.search(name)) or (name != "" and looks_like_identifier(name))
        if (
            name in targets
            or name in (*reading.drop, reading.user, reading.item)
            or not wanted
            or (not isinstance(cells, Texts) and cells.dtype.kind != "f")
        ):
            continue
        column = codes_of(name, cells)
        different = len(column.levels)
        if 5 <= different <= n // 2:
            yield Finding(
                rule="groups", level="warning",
                text=f"{name!r}: {different} groups of {n / different:.3g} rows on average, which fall on "
                "both sides of the split: what is known of a group in training helps on its sealed rows",
                action=f"--group {quote(name)} keeps the rows of a group together",
            )  # fmt: skip


def _sorted(
    table: Table, columns: Sequence[Column], target: Target, name: str, reading: DataOptions
) -> Iterator[Finding]:
    if target.task == "regression" or len(table) < 20 or reading.time:
        return
    changes = int(np.sum(np.diff(target.values) != 0))
    counters = [
        each for each in table.names if each and each not in reading.drop and looks_like_identifier(each)
    ]
    if changes == len(target.classes) - 1:
        used = any(column.name in counters for column in columns)
        left = "" if used else ", which is left out,"
        shown = f", so that {counters[0]!r}{left} would give it away" if counters else ""
        text = f"the rows are sorted by {name!r}{shown}"
        yield Finding(rule="sorted", level="warning" if counters else "info", text=text,
                      action=f"--drop {quote(counters[0])}" if used else "")  # fmt: skip


def _duplicates(columns: Sequence[Column], target: Target) -> Iterator[Finding]:
    n = len(target.values)
    rng = np.random.default_rng(0)
    mixed = np.zeros(n, dtype=np.uint64)
    answers = target.values.reshape(n, -1).T.astype(np.float64)
    for column in (*columns, *(NumberColumn("", each) for each in answers)):
        raw = column.values if isinstance(column, NumberColumn) else column.codes
        codes = np.ascontiguousarray(raw + 0).view(np.uint64)
        with np.errstate(over="ignore"):
            mixed = (mixed ^ (codes + np.uint64(rng.integers(1 << 62)))) * np.uint64(0x9E3779B97F4A7C15)
            mixed ^= mixed >> np.uint64(29)
    again = n - len(np.unique(mixed))
    if again > 0.01 * n:
        yield Finding(
            rule="duplicates", level="warning" if again > 0.1 * n else "info",
            text=f"{again} of {n} rows repeat an earlier one, so that sealed rows may have been trained on",
            action="remove copies from the file if they are no observations of their own",
        )  # fmt: skip


def _labels(target: Target, name: str) -> Iterator[Finding]:
    folded: dict[str, list[str]] = {}
    for label in target.classes:
        folded.setdefault(label.casefold(), []).append(label)
    same = [labels for labels in folded.values() if len(labels) > 1]
    if same:
        shown = "; ".join(", ".join(map(repr, labels)) for labels in same[:3])
        yield Finding(
            rule="mixed-case", level="warning",
            text=f"{name}: classes that differ in case only: {shown}", action="--ignore-case makes them one",
        )  # fmt: skip
    for mark in (";", "|", ",", " "):
        parts = [label.split(mark) for label in target.classes]
        single = {part.strip() for label in parts for part in label}
        if sum(len(each) > 1 for each in parts) >= 0.3 * len(parts) and len(single) < len(parts):
            yield Finding(
                rule="several-labels", level="warning",
                text=f"{name}: rows with several labels ({', '.join(sorted(single)[:4])} …, {mark!r} between "
                f"them): each of the {len(parts)} combinations is learnt as a class",
                action=f"--labels {quote(name)} answers each label by itself",
            )  # fmt: skip
            return
    if "none" in [label.lower() for label in target.classes]:
        yield note(
            "none-class", f"{name}: 'none' is read as a class, not as missing (--na none says otherwise)"
        )


def _heavy_tail(target: Target, name: str) -> Iterator[Finding]:
    if target.task != "regression" or len(target.values) < 20:
        return
    values = target.values.astype(np.float64)
    middle, most = float(np.median(values)), float(values.max())
    if values.min() > 0 and most > 30 * middle:
        yield Finding(
            rule="heavy-tail", level="warning",
            text=f"{name}: half of the rows are below {middle:.4g} and the largest is {most:.4g}: a few rows "
            "decide the squared error",
            action="--log-target learns the logarithm, so that relative errors count",
        )  # fmt: skip
