"""A study in an SQLite file as somebody follows it who can write nothing, while others write.

The connection cannot write, trusts nothing in the file and is never inside a transaction between two calls,
so that whoever looks on neither holds up a checkpoint nor changes a byte. The file may be made, moved,
replaced or deleted meanwhile.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Entry
from osetra.errors import NewerSchema, NotAStudy, OlderSchema, StoreAway, StoreError
from osetra.stores.sqlite.belonging import strange_log
from osetra.stores.sqlite.database import APPLICATION, SCHEMA, SQL, patiently
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.folding import missing_log
from osetra.stores.sqlite.place import check_kind, followed
from osetra.stores.sqlite.reading import connect
from osetra.stores.sqlite.schema import foreign
from osetra.stores.sqlite.store import points_after
from osetra.stores.validation import entries_of

Identity = tuple[int, int]


class SqliteReader:
    """One study's log in an SQLite file, to be looked at as it grows; safe to use from several threads.

    Args:
        path: the file; it need not be there yet.
        study: the study's name.
    """

    def __init__(self, path: str | Path, study: str = "main") -> None:
        self._path = followed(Path(path).expanduser())
        self._study = study
        self._mutex = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self.generation = 0
        """How many files there were so far: what was read of an earlier one counts no more."""

    def version(self) -> int:
        """Return the version of the newest fact; raises as `read` does."""
        with self._mutex, explain_errors(self._path):
            connection = self._present()
            row = patiently(lambda: connection.execute(SQL["version"], (self._id(),)).fetchone())
        return int(row[0] or 0)

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order.

        Raises:
            StoreAway: the file, or the study in it, is not there.
            StoreError: it cannot be read.
        """
        with self._mutex, explain_errors(self._path):
            connection = self._present()
            rows = patiently(lambda: connection.execute(SQL["facts"], (self._id(), after)).fetchall())
        return entries_of(str(self._path), rows)

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from; raises as `read` does."""
        with self._mutex, explain_errors(self._path):
            connection = self._present()
            study = self._id()
            metrics = patiently(lambda: connection.execute(SQL["metrics"], (study,)).fetchall())
            last = patiently(lambda: connection.execute(SQL["last_point"]).fetchone()[0]) or 0
            if last <= after:
                return [], max(last, after)
            names = {number: name for name, number in metrics}
            try:
                return patiently(lambda: points_after(connection, study, names, after, last)), last
            except LookupError:
                # A metric whose first value came after the names were read: next time.
                return [], after

    def close(self) -> None:
        """Release the file; the next use opens it again."""
        with self._mutex:
            self._disconnect()

    def _present(self) -> sqlite3.Connection:
        """Return a connection to the file that is there now."""
        check_kind(self._path)
        try:
            status = self._path.stat()
        except OSError:
            self._disconnect()
            raise StoreAway(f"{self._path}: there is no such file (any more)") from None
        identity = (status.st_dev, status.st_ino)
        if self._connection is None or identity != self._identity:
            self._disconnect()
            if missing := missing_log(self._path) or strange_log(self._path):
                raise StoreError(missing)
            self._connection, self._identity = self._open(), identity
            self.generation += 1
        return self._connection

    def _open(self) -> sqlite3.Connection:
        connection = connect(self._path)
        try:
            application, schema, tables = connection.execute(SQL["whose"]).fetchone()
            if not application and not tables:
                raise StoreAway(f"{self._path}: the study is being created")
            if application != APPLICATION:
                raise NotAStudy(f"{self._path} is no study of osetra; name another file")
            if schema > SCHEMA:
                raise NewerSchema(
                    f"{self._path} was written by a newer osetra (schema {schema}; this one reads up to "
                    f"{SCHEMA}); upgrade it: pip install --upgrade osetra"
                )
            if schema < SCHEMA:
                raise OlderSchema(
                    f"{self._path} was written by an older osetra (schema {schema}, this one has {SCHEMA}); "
                    f"when all programs that use it have ended: osetra db migrate {self._path}"
                )
            if strange := foreign(connection):
                raise NotAStudy(f"{self._path}: {strange[0]}, which could run when it is used")
        except BaseException:
            connection.close()
            raise
        return connection

    def _id(self) -> int:
        assert self._connection is not None
        row = self._connection.execute(SQL["find_study"], (self._study,)).fetchone()
        if row is None:
            raise StoreAway(f"{self._path}: there is no study {self._study!r} in it (any more)")
        return int(row[0])

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._identity = None, None
