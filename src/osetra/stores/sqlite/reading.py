"""A study file opened to be looked at: read-only, at one moment, and nothing in it is trusted.

A file from a stranger may hold triggers, views and expressions that run when it is used. So the schema
is compared with ours, word by word, before anything else is read, and rows are checked one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Entry
from osetra.errors import NotAStudy, StoreError
from osetra.stores.floats import SPECIAL
from osetra.stores.sqlite.belonging import strange_log
from osetra.stores.sqlite.database import APPLICATION, LARGEST_FACT, SQL, patiently
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.folding import complain, missing_log
from osetra.stores.statements import load
from osetra.stores.validation import Row, sort_rows

UPKEEP = load("sqlite/upkeep.sql")
AS_IT_IS = "mode=ro&immutable=1"
"""How a file is opened of which nobody else is writing a log, and that is to get none."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A connection that can only read, inside one transaction."""

    path: Path
    connection: sqlite3.Connection
    missing: str = ""
    """What is to be said of a log that is not beside the file, though it should be."""

    @property
    def schema(self) -> int:
        """The version of the tables."""
        return int(self.connection.execute(SQL["whose"]).fetchone()[1])

    @property
    def free(self) -> int:
        """Bytes of the file that hold nothing any more."""
        return int(self.connection.execute(UPKEEP["free"]).fetchone()[0])

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the file; empty when it is sound."""
        try:
            lines = [str(text) for (text,) in self.connection.execute(UPKEEP["integrity"])]
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            lines = [str(error)]
        return [] if lines == ["ok"] else [line for text in lines for line in text.splitlines()]

    def studies(self) -> list[tuple[int, str]]:
        """Return number and name of every study, oldest first."""
        rows = self.connection.execute(UPKEEP["studies_by_number"])
        return [(int(number), str(name)) for number, name in rows]

    def log(self, study: int) -> tuple[list[Entry], list[str]]:
        """Return a study's facts, and a sentence for each that cannot be read."""
        return sort_rows(self.connection.execute(UPKEEP["log"], (study,)))

    def points(self, study: int) -> tuple[list[Point], list[str]]:
        """Return a study's points in order of arrival, and a sentence for each that cannot be read."""
        names = {number: name for name, number in self.connection.execute(SQL["metrics"], (study,))}
        newest = self.connection.execute(UPKEEP["newest"]).fetchone()
        points, wrong = [], []
        for row in self.connection.execute(SQL["points"], (0, newest[0] if newest else 0, study)):
            point = point_of(row, names)
            if isinstance(point, str):
                wrong.append(point)
            else:
                points.append(point)
        return points, wrong

    def leases(self, study: int) -> list[tuple[int, int]]:
        """Return the attempts that hold a lease."""
        return self.connection.execute(UPKEEP["leases"], (study,)).fetchall()


@contextmanager
def reading(path: Path, *, complaining: bool = True) -> Iterator[Reading]:
    """Open a study file for reading alone; `complaining`: of a log that is missing.

    Raises:
        NotAStudy: it is something else, or its schema holds what osetra never makes.
        StoreError: it cannot be opened, or is too damaged to be read at all.
    """
    with explain_errors(path):
        missing = missing_log(path) or strange_log(path)
        complain(path, missing if complaining else "")
        connection = _connect(path, AS_IT_IS) if missing else connect(path)
        try:
            patiently(lambda: connection.execute(UPKEEP["snapshot"]))
            if patiently(lambda: connection.execute(SQL["whose"]).fetchone()[0]) != APPLICATION:
                raise NotAStudy(f"{path} is no study of osetra; name another file")
            yield Reading(path, connection, missing)
        finally:
            connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection that reads and cannot write, and trusts nothing in the file."""
    if not path.is_file():
        raise StoreError(f"{path}: no such file; name a study file such as osetra-runs/digits/study.db")
    # Where the folder cannot be written there is no shared memory for a write-ahead log; without a log
    # there is none to miss.
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        if Path(f"{path}-wal").exists():
            raise
        return _connect(path, AS_IT_IS)


def point_of(row: Row, metrics: dict[int, str]) -> Point | str:
    """Return the point in a row (trial, attempt, instance, step, metric, value, kind), or why it is none."""
    *place, metric, value, kind = row
    whole = all(isinstance(number, int) for number in place)
    name = metrics.get(metric) if isinstance(metric, int) else None
    known = kind in range(1, len(SPECIAL)) or (kind == 0 and isinstance(value, float))
    if not whole or not isinstance(name, str) or not known:
        return f"a point of trial {place[0]!r:.40} cannot be read: {row!r:.200}"
    trial, attempt, instance, step = (int(str(number)) for number in place)
    return Point(trial, attempt, instance, step, name, SPECIAL[int(str(kind))] if kind else float(str(value)))


def _connect(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_FACT)
        for statement in (UPKEEP["look_only"], UPKEEP["doubt_pages"], SQL["distrust"]):
            connection.execute(statement)
        connection.execute(SQL["whose"]).fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
