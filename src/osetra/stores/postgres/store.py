"""The log in a PostgreSQL database: one transaction and one message each way per append.

Tables and the function that appends stand in migrations/, the statements in statements.sql; how the
connection outlives restarts is `server`'s business. What is read or confirmed is on the server's disk.
All clocks are the server's.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Claimed, Ended, Entry, Fact
from osetra.errors import Conflict, LeaseLost, StoreError
from osetra.stores.address import mask
from osetra.stores.clock import Clock
from osetra.stores.floats import SPECIAL, pack
from osetra.stores.postgres.depot import PostgresDepot
from osetra.stores.postgres.server import SQL, Server
from osetra.stores.validation import (
    check_facts,
    check_points,
    check_study,
    entries_of,
    occupied,
    open_attempts,
    sort_rows,
    unwritable,
)

if TYPE_CHECKING:
    from osetra.stores.postgres.connection import Connection

Rows = list[tuple[Any, ...]]

PATIENCE = 3600.0
"""Seconds for which programs wait for a server that went away."""
GRACE = 60.0
"""Seconds after the server's start in which nobody is given up who could not renew: one lease."""
FOLDER = "OSETRA_CHECKPOINTS"
"""Environment variable that names a folder for checkpoints, the same one on all machines."""


class PostgresStore:
    """One study's log in a PostgreSQL database; safe to use from several threads and across a fork.

    Args:
        url: postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or what else libpq takes.
        study: the study's name; a database may hold several.
        patience: seconds for which a server that went away is waited for.
        read_only: whether the server is to refuse everything that writes.

    Raises:
        StoreError: the server refuses, or holds something else; StoreAway: it cannot be reached.
    """

    def __init__(
        self, url: str, study: str = "main", *, patience: float = PATIENCE, read_only: bool = False
    ) -> None:
        check_study(study)
        self._study = study
        self._server = Server(url, patience=patience, read_only=read_only)
        self._depot = PostgresDepot(self._server, study)
        self._clock = Clock(wall=partial(_time_at, self._server))  # no cycle: a store is closed when it goes
        self._last: tuple[int, float] | None = None
        """Version and time of the newest fact read."""
        self._through = self._server.connections
        """The connection that it was read, or found again, through."""

    generation = 0
    """The log of a server is never replaced as a file may be."""

    @property
    def url(self) -> str:
        """What was given, password included."""
        return self._server.url

    @property
    def study(self) -> str:
        """The study's name."""
        return self._study

    @property
    def checkpoints(self) -> Path:
        """A folder of this machine, or below the one that OSETRA_CHECKPOINTS names."""
        shared = os.environ.get(FOLDER)
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        base = Path(shared) if shared else state / "osetra" / _mark(self.url)
        return base / f"study-{quote(self._study, safe='')}"

    @property
    def depot(self) -> PostgresDepot | None:
        """The database; None when OSETRA_CHECKPOINTS names a folder that all machines share."""
        return None if os.environ.get(FOLDER) else self._depot

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = (), *, lease: float = 60.0) -> int:
        """Write facts and points, all or none, and return the log's version.

        Raises:
            Conflict: a fact's key is established already.
            LeaseLost: points belong to an attempt that is over.
            StoreFull: no space left on the server.
            StoreAway: it was away for longer than the store's patience; whether anything was written
                is not known, and writing the same again is harmless.
        """
        from psycopg import Error

        from osetra.stores.postgres.errors import CONFLICT, OVER

        with unwritable(mask(self.url)):
            values = {
                "study": self._study,
                "lease": lease,
                **_fact_columns(facts),
                **_point_columns(check_points(points)),
            }

        def appended(connection: Connection, again: bool) -> int:
            try:
                row = connection.execute(SQL["append"], {**values, "again": again}).fetchone()
            except Error as error:
                message = error.diag.message_primary or ""
                if error.sqlstate == CONFLICT:
                    raise Conflict(message) from None
                if error.sqlstate == OVER:
                    trial, attempt = message.split("/")
                    raise LeaseLost(
                        f"trial {trial}, attempt {attempt} is over; nothing more is written for it"
                    ) from None
                raise
            return int(row[0]) if row else 0

        return self._server.write(appended)

    def restore(self, entries: Sequence[Entry], points: Sequence[Point] = (), *, lease: float = 60.0) -> None:
        """Write a whole log, with its versions and times, where there are no facts yet.

        Checkpoints that lie in the study's folder on this machine travel with it. Attempts that are
        claimed and not ended get a lease of `lease` seconds from now.

        Raises:
            StoreError: there are facts already, or the server refuses; then nothing was written.
        """
        facts = [entry.fact for entry in entries]
        with unwritable(mask(self.url)):
            names = check_facts(facts)
            points = check_points(points)
        end = [(entries[-1].time,)] if entries else []

        def restored(connection: Connection, again: bool) -> None:
            with connection.transaction():
                connection.execute(SQL["add_study"], (self._study,))
                (study, *_) = connection.execute(SQL["take_study"], (self._study,)).fetchone() or (0,)
                (newest,) = connection.execute(SQL["version"], (self._study,)).fetchone() or (0,)
                if newest:
                    last = connection.execute(SQL["time_of"], (self._study, newest)).fetchall()
                    if again and newest == len(entries) and last == end:
                        return  # what was written before the answer was lost
                    raise occupied(self)
                with connection.cursor().copy(SQL["restore_facts"]) as rows:
                    for entry, (name, body) in zip(entries, names, strict=True):
                        rows.write_row((study, entry.version, entry.time, name, body))
                metrics = list(dict.fromkeys(point.metric for point in points))
                numbers = dict(connection.execute(SQL["restore_metrics"], (study, metrics)).fetchall())
                with connection.cursor().copy(SQL["restore_points"]) as rows:
                    for t, a, i, step, metric, value in points:
                        rows.write_row((study, t, a, i, step, numbers[metric], *pack(value)))
                open_ = open_attempts(facts)
                leases = (study, lease, [trial for trial, _ in open_], [attempt for _, attempt in open_])
                connection.execute(SQL["restore_leases"], leases)
                for row in self._checkpoint_rows(facts):
                    connection.execute(SQL["put_checkpoint"], row)

        self._server.write(restored)

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order.

        Raises:
            NewerSchema: a fact of a kind that this version does not know.
            StoreError: the server has forgotten facts that it had confirmed, or one is damaged.
        """
        self._check_memory()
        entries = entries_of(mask(self.url), self._select("facts", after))
        if entries:
            self._last = (entries[-1].version, entries[-1].time)
        return entries

    def read_whole(self) -> tuple[list[Entry], list[str]]:
        """Return the facts that can be read, and a sentence for each that cannot."""
        return sort_rows(self._select("log"))

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from."""
        rows = self._select("points", after)
        new = tuple.__new__  # a third faster than Point(...), which counts at a million points
        points = [new(Point, (*row[1:6], SPECIAL[row[7]] if row[7] else row[6])) for row in rows]
        return points, (rows[-1][0] if rows else after)

    def version(self) -> int:
        """Return the version of the newest fact; 0 for an empty log."""
        return next((int(newest or 0) for (newest,) in self._select("version")), 0)

    def renew(self, trial: int, attempt: int, *, lease: float = 60.0) -> bool:
        """Extend a lease; False when the attempt is over."""
        place = (lease, self._study, trial, attempt)
        return self._server.write(lambda c, _: c.execute(SQL["renew"], place).rowcount == 1)

    def expired(self) -> list[tuple[int, int]]:
        """Return (trial, attempt) of the leases that ran out by the server's clock."""
        if not self._clock.trusted():
            return []
        return self._select("expired", GRACE)

    def close(self) -> None:
        """Disconnect; using the store again connects again."""
        self._server.close()

    def __repr__(self) -> str:
        return f"PostgresStore({mask(self.url)!r}, {self._study!r})"

    def _select(self, statement: str, *arguments: float) -> Rows:
        none: Rows = []
        values = (self._study, *arguments)
        return self._server.read(lambda c: c.execute(SQL[statement], values).fetchall(), none)

    def _checkpoint_rows(self, facts: Sequence[Fact]) -> Iterator[tuple[str, str, bytes]]:
        """Yield what the database keeps of this machine's files, one at a time, since they may be large."""
        if self.depot is None:
            return
        for fact in facts:
            row = (
                self.depot.row(self.checkpoints / Path(fact.file).name)
                if isinstance(fact, Checkpointed)
                else None
            )
            if row is not None:
                yield row

    def _check_memory(self) -> None:
        """Make sure after a new connection that the log still begins with what was read of it.

        A copy of the server that was promoted before it had received everything has another past than
        the programs that work on the study.
        """
        if self._last is None or self._through == self._server.connections:
            return
        version, time = self._last
        if self._select("time_of", version) != [(time,)]:
            raise StoreError(
                f"{mask(self.url)}: the server has lost facts that it had confirmed (a fail-over to a copy "
                "that lagged behind?); start this program anew, and make replication synchronous"
            )
        self._through = self._server.connections


def studies(url: str) -> list[str]:
    """Return the names of all studies in a database, oldest first."""
    none: Rows = []
    server = Server(url, patience=0.0)
    try:
        return [name for (name,) in server.read(lambda c: c.execute(SQL["studies"]).fetchall(), none)]
    finally:
        server.close()


def _time_at(server: Server) -> float:
    """Return the server's time; NaN while our tables are not there."""
    none: Rows = []
    rows = server.read(lambda c: c.execute(SQL["now"]).fetchall(), none)
    return float(rows[0][0]) if rows else math.nan


def _fact_columns(facts: Sequence[Fact]) -> dict[str, list[Any]]:
    rows = check_facts(facts)
    return {
        "keys": [name for name, _ in rows],
        "bodies": [body for _, body in rows],
        "claimed": [n for f in facts if isinstance(f, Claimed) for n in (f.trial, f.attempt)],
        "ended": [n for f in facts if isinstance(f, Ended) for n in (f.trial, f.attempt)],
    }


def _point_columns(points: Sequence[Point]) -> dict[str, list[Any]]:
    metrics = {name: n for n, name in enumerate(dict.fromkeys(p.metric for p in points), start=1)}
    amounts = [pack(point.value) for point in points]
    return {
        "places": [n for place in dict.fromkeys((p.trial, p.attempt) for p in points) for n in place],
        "metrics": list(metrics),
        "trials": [point.trial for point in points],
        "attempts": [point.attempt for point in points],
        "instances": [point.instance for point in points],
        "steps": [point.step for point in points],
        "names": [metrics[point.metric] for point in points],
        "amounts": [amount for amount, _ in amounts],
        "kinds": [kind for _, kind in amounts],
    }


def _mark(url: str) -> str:
    """Return a folder's name for a server and database, the same for all users and passwords."""
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(url)
    place = [str(parts.get(name) or "") for name in ("host", "hostaddr", "port", "dbname")]
    return hashlib.sha256("\0".join(place).encode()).hexdigest()[:16]
