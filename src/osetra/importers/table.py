"""Tables: a CSV with one trial a row; which columns are parameters, and which one is the value."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from osetra.core.problem import Direction, Objective
from osetra.errors import DataError, nearest
from osetra.importers.writing import Imported, Taken, kinds_of, past

BAD = ("failed", "crashed", "killed", "error", "fail")
OPEN = ("running", "pending", "scheduled", "waiting")
"""What trackers call runs that broke, and that have not ended."""

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class TrialColumns:
    """What the columns of a table say."""

    params: dict[str, str]
    """Parameters by column."""
    value: str
    metric: str
    state: str = ""
    start: str = ""
    end: str = ""
    seconds: str = ""


def rows_of(path: Path) -> list[Row]:
    """Return the rows of a CSV, by column.

    Raises:
        DataError: there is no such file, or it has no rows.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error
    if not rows:
        raise DataError(f"{path} has no rows; a header and one row for each trial are needed")
    return rows


def column(path: Path, rows: Sequence[Row], name: str) -> str:
    """Return a column's name, once it is sure that it is there.

    Raises:
        DataError: it is not.
    """
    if name not in rows[0]:
        raise DataError(
            f"{path} has no column {name!r}; it has {', '.join(rows[0])}.{nearest(name, rows[0])}"
        )
    return name


def read(
    path: Path, metric: str | None, direction: Direction = "minimize", params: Collection[str] = ()
) -> Taken:
    """Return the trials of a plain table: one column is the value, all others are parameters unless named.

    Raises:
        DataError: no metric is named, or a column is missing.
    """
    rows = rows_of(path)
    if metric is None:
        raise DataError(f"{path}: say which column is the value: --metric NAME; it has {', '.join(rows[0])}")
    column(path, rows, metric)
    chosen = [column(path, rows, name) for name in params] or [name for name in rows[0] if name != metric]
    return taken(path, rows, TrialColumns({name: name for name in chosen}, metric, metric), direction)


def taken(path: Path, rows: Sequence[Row], columns: TrialColumns, direction: Direction) -> Taken:
    """Return rows as trials."""
    left: list[str] = []
    kept: list[tuple[Row, dict[str, Any]]] = []
    for place, row in enumerate(rows, start=1):
        if row.get(columns.state, "").lower() in OPEN:
            left.append(f"row {place} has not ended: {row[columns.state]}")
            continue
        kept.append((row, {n: cell(row[c]) for c, n in columns.params.items() if row.get(c, "") != ""}))
    kinds = kinds_of([params for _, params in kept])
    trials = [_trial(row, params, kinds, columns) for row, params in kept]
    objective = Objective(metric=columns.metric, direction=direction, pick="last")
    return Taken(str(path), trials, [objective], left)


def _trial(row: Row, params: dict[str, Any], kinds: Any, columns: TrialColumns) -> Imported:
    bad = row.get(columns.state, "").lower() in BAD
    start, end = moment(row.get(columns.start, "")), moment(row.get(columns.end, ""))
    with suppress(ValueError):
        end = start + float(row.get(columns.seconds, "")) if end is None and start is not None else end
    value = cell(row.get(columns.value, ""))
    number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    state: Any = "failed" if bad else "finished"
    reason = f"the tracker says {row[columns.state]}" if bad else ""
    rest = {"value": None if bad else number, "started": start, "ended": end, "reason": reason}
    return past(params, kinds, state, **rest)


def cell(text: str) -> Any:
    """Return what a cell says: a truth value, a number, or the text."""
    if text in ("True", "true", "False", "false"):
        return text.lower() == "true"
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        found = float(text)
        return (
            found if math.isfinite(found) or text.lower().lstrip("+-") in ("inf", "infinity", "nan") else text
        )
    return text


def moment(text: str) -> float | None:
    """Return a time in Unix seconds: from seconds, milliseconds, or a date; None where there is none."""
    with suppress(ValueError):
        number = float(text)
        return number / 1000 if number > 1e11 else number
    with suppress(ValueError):
        return datetime.fromisoformat(text).timestamp()
    return None
