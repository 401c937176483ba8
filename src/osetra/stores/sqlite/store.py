"""The log in an SQLite file: many processes of one machine write it at once.

The tables stand in schema.sql, the statements in statements.sql; how the file is shared safely is
`database`'s business. Facts that people would miss (results, suggestions, notes) survive power loss;
points, claims and renewals survive the death of any process, and power loss may take the last ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Entry, Fact
from osetra.errors import Conflict, LeaseLost, StoreError
from osetra.stores.clock import Clock
from osetra.stores.floats import SPECIAL, pack
from osetra.stores.sqlite.database import SQL, Database
from osetra.stores.sqlite.place import MOUNTS, check_kind, check_place, followed
from osetra.stores.validation import (
    MEND,
    check_facts,
    check_points,
    check_study,
    entries_of,
    occupied,
    unwritable,
)

Rows = list[tuple[Any, ...]]


class SqliteStore:
    """One study's log in an SQLite file; safe to use from several threads and across a fork.

    Args:
        path: the file; it is created by the first fact.
        study: the study's name; a file may hold several.
        limit: largest size of the file in bytes; beyond it StoreFull is raised.
        clock: the clock of the leases.
        mounts: the mount table by which network file systems are recognised.

    Raises:
        NotAStudy: the file is something else.
        NewerSchema: the file is from a newer osetra.
        StoreError: no file can be kept there.
    """

    def __init__(
        self,
        path: str | Path,
        study: str = "main",
        *,
        limit: int | None = None,
        clock: Clock | None = None,
        mounts: Path = MOUNTS,
    ) -> None:
        check_study(study)
        named = Path(path).expanduser()
        check_kind(named)
        self._path = followed(named)
        check_place(self._path, mounts)
        self._study = study
        self._clock = clock or Clock()
        self._database = Database(self._path, limit=limit)
        self._learned = 0
        """Through which connection the two numberings below were read."""
        self._id: int | None = None
        self._metrics: dict[str, int] = {}

    @property
    def url(self) -> str:
        """The absolute path of the file."""
        return str(self._path)

    @property
    def study(self) -> str:
        """The study's name."""
        return self._study

    @property
    def checkpoints(self) -> Path:
        """A folder beside the file, with one inside it per study."""
        return self._path.with_suffix(".checkpoints") / f"study-{quote(self._study, safe='')}"

    @property
    def depot(self) -> None:
        """None: all workers of this store are on one machine."""

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = (), *, lease: float = 60.0) -> int:
        """Write facts and points, all or none, and return the log's version.

        Raises:
            Conflict: a fact's key is established already.
            LeaseLost: points belong to an attempt that is over.
            StoreFull: no space left; nothing was written.
            StoreError: anything else that went wrong with the file.
        """
        with unwritable(self.url):
            rows = check_facts(facts)
            points = check_points(points)
        durable = any(not isinstance(fact, Claimed) for fact in facts)

        def write(connection: sqlite3.Connection) -> tuple[int, dict[str, int], int]:
            study = self._known_study(connection)
            study = self._add_study(connection) if study is None else study
            now = self._clock.now()
            self._start_leases(connection, study, facts, now + lease)
            version = _last_version(connection, study)
            for name, body in rows:
                version += 1
                _add_fact(connection, (study, version, now, name, body))
            metrics = _add_points(connection, study, points, self._metrics) if points else self._metrics
            for fact in facts:
                if isinstance(fact, Ended):
                    connection.execute(SQL["end_lease"], (study, fact.trial, fact.attempt))
            return study, metrics, version

        # Only once it is written: a transaction that is undone takes its numbers back.
        self._id, self._metrics, version = self._database.write(write, durable=durable)
        return version

    def restore(self, entries: Sequence[Entry], points: Sequence[Point] = (), *, lease: float = 60.0) -> None:
        """Write a whole log, with its versions and times, where there are no facts yet.

        Attempts that are claimed and not ended get a lease of `lease` seconds from now.

        Raises:
            StoreError: there are facts already, or the file cannot be written; then nothing was.
        """
        facts = [entry.fact for entry in entries]
        with unwritable(self.url):
            rows = check_facts(facts)
            points = check_points(points)

        def write(connection: sqlite3.Connection) -> tuple[int, dict[str, int]]:
            study = self._known_study(connection)
            study = self._add_study(connection) if study is None else study
            if _last_version(connection, study):
                raise occupied(self)
            whole = zip(entries, rows, strict=True)
            connection.executemany(
                SQL["add_fact"], [(study, e.version, e.time, name, body) for e, (name, body) in whole]
            )
            self._start_leases(connection, study, facts, self._clock.now() + lease)
            return study, _write_points(connection, study, points, {})

        self._id, self._metrics = self._database.write(write, durable=True)

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order.

        Raises:
            NewerSchema: a fact of a kind that this version does not know.
            StoreError: the file is damaged.
        """
        return entries_of(self.url, self._select("facts", after))

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from."""
        none: tuple[list[Point], int] = ([], after)
        return self._database.query(lambda c: self._points(c, after), none)

    def version(self) -> int:
        """Return the version of the newest fact; 0 for an empty log."""
        return next((int(newest or 0) for (newest,) in self._select("version")), 0)

    def renew(self, trial: int, attempt: int, *, lease: float = 60.0) -> bool:
        """Extend a lease; False when the attempt is over."""

        def write(connection: sqlite3.Connection) -> bool:
            study = self._known_study(connection)
            until = self._clock.now() + lease
            return connection.execute(SQL["renew_lease"], (until, study, trial, attempt)).rowcount == 1

        return self._database.write(write, durable=False, content=False)

    def expired(self) -> list[tuple[int, int]]:
        """Return (trial, attempt) of the leases that ran out by this machine's clock."""
        if not self._clock.trusted():
            return []
        return self._select("expired", self._clock.now())

    def studies(self) -> list[str]:
        """Return the names of all studies in the file, oldest first."""
        none: Rows = []
        rows = self._database.query(lambda c: c.execute(SQL["studies"]).fetchall(), none)
        return [name for (name,) in rows]

    def close(self) -> None:
        """Release the file; using the store again opens it again."""
        self._database.close()

    def __repr__(self) -> str:
        return f"SqliteStore({self.url!r}, {self._study!r})"

    def _known_study(self, connection: sqlite3.Connection) -> int | None:
        if self._learned != self._database.connections:
            self._learned, self._id, self._metrics = self._database.connections, None, {}
        if self._id is None:
            row = connection.execute(SQL["find_study"], (self._study,)).fetchone()
            self._id = None if row is None else int(row[0])
        return self._id

    def _add_study(self, connection: sqlite3.Connection) -> int:
        return connection.execute(SQL["add_study"], (self._study,)).lastrowid or 0

    def _select(self, statement: str, *arguments: float) -> Rows:
        def select(connection: sqlite3.Connection) -> Rows:
            study = self._known_study(connection)
            if study is None:
                return []
            return connection.execute(SQL[statement], (study, *arguments)).fetchall()

        none: Rows = []
        return self._database.query(select, none)

    def _start_leases(
        self, connection: sqlite3.Connection, study: int, facts: Sequence[Fact], until: float
    ) -> None:
        for fact in facts:
            if isinstance(fact, Claimed):
                place = {"study": study, "trial": fact.trial, "attempt": fact.attempt}
                ended = f"ended/{fact.trial}/{fact.attempt}"
                connection.execute(SQL["start_lease"], {**place, "until": until, "ended": ended})

    def _points(self, connection: sqlite3.Connection, after: int) -> tuple[list[Point], int]:
        study = self._known_study(connection)
        last = connection.execute(SQL["last_point"]).fetchone()[0] or 0
        if study is None or last <= after:
            return [], max(last, after)
        # Read before the points and after `last`, so that no point is without its name.
        self._metrics = dict(connection.execute(SQL["metrics"], (study,)))
        names = {number: name for name, number in self._metrics.items()}
        try:
            points = points_after(connection, study, names, after, last)
        except LookupError:
            raise StoreError(f"{self.url} is damaged: a point has no metric or no kind; {MEND}") from None
        return points, last


def points_after(
    connection: sqlite3.Connection, study: int, names: Mapping[int, str], after: int, last: int
) -> list[Point]:
    """Return the points of a study in a range of the file's numbers, `after` excluded.

    Raises:
        LookupError: a metric without a name, or an unknown kind.
    """
    new = tuple.__new__  # a third faster than Point(...), which counts at a million points
    rows = connection.execute(SQL["points"], (after, last, study))
    return [
        new(Point, (trial, attempt, instance, step, names[metric], SPECIAL[kind] if kind else value))
        for trial, attempt, instance, step, metric, value, kind in rows
    ]


def _last_version(connection: sqlite3.Connection, study: int) -> int:
    return int(connection.execute(SQL["version"], (study,)).fetchone()[0] or 0)


def _add_fact(connection: sqlite3.Connection, row: tuple[int, int, float, str, str]) -> None:
    try:
        connection.execute(SQL["add_fact"], row)
    except sqlite3.IntegrityError:
        raise Conflict(row[3]) from None


def _add_points(
    connection: sqlite3.Connection, study: int, points: Sequence[Point], known: dict[str, int]
) -> dict[str, int]:
    """Write points of live attempts and return the numbering of metrics they made necessary."""
    for trial, attempt in dict.fromkeys((p.trial, p.attempt) for p in points):
        if connection.execute(SQL["is_live"], (study, trial, attempt)).fetchone() is None:
            raise LeaseLost(f"trial {trial}, attempt {attempt} is over; nothing more is written for it")
    return _write_points(connection, study, points, known)


def _write_points(
    connection: sqlite3.Connection, study: int, points: Sequence[Point], known: dict[str, int]
) -> dict[str, int]:
    metrics = _numbered(connection, study, points, known)
    connection.executemany(
        SQL["add_point"],
        [(study, t, a, i, step, metrics[m], *pack(value)) for t, a, i, step, m, value in points],
    )
    return metrics


def _numbered(
    connection: sqlite3.Connection, study: int, points: Sequence[Point], known: dict[str, int]
) -> dict[str, int]:
    names = dict.fromkeys(point.metric for point in points)
    if names.keys() <= known.keys():
        return known
    metrics = dict(connection.execute(SQL["metrics"], (study,)))
    for name in names.keys() - metrics.keys():
        metrics[name] = connection.execute(SQL["add_metric"], (study, name)).lastrowid or 0
    return metrics
