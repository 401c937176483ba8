"""One connection to a PostgreSQL server that outlives restarts, fail-overs and crowds.

A call that finds the server away is tried again until its patience is over, with pauses that grow and
differ between processes. Whoever repeats a call does not know whether the first one took effect, so
the call is told that it is a repetition.

Where nearly all connections of the server are in use, each is given back after a second, so that a
hundred workers make progress on twenty connections.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from osetra.errors import (
    MissingExtra,
    NewerSchema,
    NotAStudy,
    OlderSchema,
    OsetraError,
    StoreAway,
    StoreError,
)
from osetra.installing import install_line
from osetra.stores.address import SERVER, mask
from osetra.stores.forks import keep_from_forks
from osetra.stores.statements import load, migrations

if TYPE_CHECKING:
    from osetra.stores.postgres.connection import Connection

log = logging.getLogger("osetra")

T = TypeVar("T")

SQL = load("postgres/statements.sql")
MIGRATIONS = migrations("postgres/migrations")
SCHEMA = max(MIGRATIONS)

TURN = 1.0
"""Seconds that a connection to a crowded server is kept."""
COUNT = 10.0
"""Seconds between looks at how crowded it is."""
SKEW = 30.0
"""Seconds by which a machine's clock may differ from the server's before that is said."""
TRIES = 8
"""How often a transaction that others were in the way of is tried again."""


@dataclass(slots=True)
class ServerConnection:
    """An open connection."""

    connection: Connection
    since: float
    ours: bool
    """Whether our tables are there."""
    crowded: bool
    counted: float


class Server:
    """A database server as one store sees it; one thread uses the connection at a time.

    Args:
        url: postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or what else libpq takes.
        patience: seconds for which a server that is away is waited for.
        read_only: whether the server is to refuse everything that writes.

    Raises:
        StoreError: it cannot be used, with what to do; StoreAway when it may be used later.
    """

    def __init__(self, url: str, *, patience: float, read_only: bool = False) -> None:
        self.url = url
        self.mutex = threading.Lock()
        self.connections = 0
        """How often a connection was made."""
        self._patience = patience
        self._read_only = read_only
        self._link: ServerConnection | None = None
        keep_from_forks(self)
        with self.mutex:
            self._connect()

    def write(self, action: Callable[[Connection, bool], T]) -> T:
        """Return what `action` returns; our tables are created before when they are missing.

        It gets the connection, and whether an earlier call of it may have taken effect already.
        """
        return self._patiently(action, tables=True)

    def read(self, action: Callable[[Connection], T], absent: T) -> T:
        """Return what `action` gets from our tables; `absent` when there are none yet."""

        def looked(connection: Connection, _: bool) -> T:
            link = self._link
            if link is not None and not link.ours:
                link.ours = _has_tables(connection, self.url)
            return action(connection) if link is not None and link.ours else absent

        return self._patiently(looked, tables=False)

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        with self.mutex:
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connection; called with the mutex held."""
        if self._link is not None:
            link, self._link = self._link, None
            with suppress(Exception):
                link.connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_link"):
            self.disconnect()

    def _patiently(self, action: Callable[[Connection, bool], T], *, tables: bool) -> T:
        deadline, pause, tries, again, warned = time.monotonic() + self._patience, 0.01, 0, False, False
        while True:
            with self.mutex:
                try:
                    return self._once(action, tables, again)
                except StoreAway as away:
                    if time.monotonic() > deadline:
                        raise
                    if pause > 0.5 and not warned:
                        warned = True
                        log.warning("%s; waiting for it", away)
                except _Busy as busy:
                    tries += 1
                    if tries > TRIES:
                        raise StoreError(f"{mask(self.url)}: {busy}; the server is overloaded") from None
            again = True
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, no secret
            pause = min(2 * pause, 0.2 if tries else 2.0)

    def _once(self, action: Callable[[Connection, bool], T], tables: bool, again: bool) -> T:
        import psycopg

        from osetra.stores.postgres.errors import BUSY, failed, is_away

        link = self._link or self._connect()
        try:
            if tables and not link.ours:
                _create_tables(link.connection, self.url)
                link.ours = True
            result = action(link.connection, again)
            self._give_turn(link)
        except psycopg.Error as error:
            if is_away(error) or link.connection.closed:
                self.disconnect()
                raise StoreAway(f"{mask(self.url)}: the connection to the server broke") from error
            if error.sqlstate in BUSY:
                raise _Busy(str(error)) from error
            raise failed(error, self.url) from error
        except OsetraError:
            raise
        except BaseException:
            # Ctrl-C in the middle of an answer: what comes next would be taken for something else.
            self.disconnect()
            raise
        return result

    def _connect(self) -> ServerConnection:
        try:
            import psycopg

            from osetra.stores.postgres.connection import connect
        except ImportError:
            raise MissingExtra(
                f"a study on a PostgreSQL server needs psycopg; install it: {install_line('postgres')}"
            ) from None
        from osetra.stores.postgres.errors import failed, is_away, unconnected

        try:
            connection = connect(self.url)
        except psycopg.Error as error:
            raise unconnected(error, self.url) from None
        except UnicodeError:  # of a host with a part of more than 63 letters
            raise StoreError(
                f"{mask(self.url)[:80]}: this is no host's name; the address is {SERVER}"
            ) from None
        try:
            if self._read_only:
                connection.execute(SQL["look_only"])
            if not self.connections:
                _compare_clocks(connection, self.url)
            link = ServerConnection(
                connection, time.monotonic(), _has_tables(connection, self.url), False, 0.0
            )
        except psycopg.Error as error:
            connection.close()
            raise (unconnected if is_away(error) else failed)(error, self.url) from None
        except BaseException:
            connection.close()
            raise
        self._link = link
        self.connections += 1
        return link

    def _give_turn(self, link: ServerConnection) -> None:
        """Give the connection back when others wait for one."""
        now = time.monotonic()
        if now - link.counted > COUNT:
            link.counted = now
            row = link.connection.execute(SQL["crowd"]).fetchone()
            link.crowded = bool(row and row[0])
        if link.crowded and now - link.since > TURN:
            self.disconnect()


class _Busy(Exception):
    """Another transaction was in the way."""


def _has_tables(connection: Connection, url: str) -> bool:
    ours, named = connection.execute(SQL["present"]).fetchone() or (False, False)
    if not ours and named:
        raise NotAStudy(
            f"{mask(url)}: the schema 'osetra' in this database belongs to another program and was left "
            "untouched; name another database"
        )
    if ours:
        (number,) = connection.execute(SQL["schema"]).fetchone() or (0,)
        if number > SCHEMA:
            raise NewerSchema(
                f"{mask(url)} was written by a newer osetra (schema {number}; this one reads up to "
                f"{SCHEMA}); upgrade it: pip install --upgrade osetra"
            )
        if number < SCHEMA:
            raise OlderSchema(
                f"{mask(url)} was written by an older osetra (schema {number}, this one has {SCHEMA}); when "
                f"all programs that use it have ended: osetra db migrate '{mask(url)}'"
            )
    return bool(ours)


def _compare_clocks(connection: Connection, url: str) -> None:
    (there,) = connection.execute(SQL["now"]).fetchone() or (time.time(),)
    ahead = time.time() - there
    if abs(ahead) > SKEW:
        log.warning(
            "%s: this machine's clock is %.0f s %s the server's; leases and times follow the server's, so "
            "nothing is lost, but set it right (timedatectl set-ntp true): logs and pictures will disagree",
            mask(url),
            abs(ahead),
            "ahead of" if ahead > 0 else "behind",
        )


def create_database(url: str) -> str:
    """Create the database that a URL names and return its name.

    Raises:
        StoreError: the server cannot be reached or refuses.
    """
    import psycopg
    from psycopg import sql

    from osetra.stores.postgres.connection import parameters
    from osetra.stores.postgres.errors import failed, unconnected

    name = parameters(url).get("dbname", "")
    if not name:
        raise StoreError(f"{mask(url)} names no database; write postgresql://USER@HOST:PORT/DATABASE")
    try:
        connection = psycopg.connect(url, autocommit=True, dbname="postgres", connect_timeout=5)
    except psycopg.Error as error:
        raise unconnected(error, url) from None
    with connection:
        try:
            connection.execute(sql.SQL(SQL["create_database"]).format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise failed(error, url) from None
    return name


def _create_tables(connection: Connection, url: str) -> None:
    (encoding,) = connection.execute(SQL["encoding"]).fetchone() or ("",)
    if encoding != "UTF8":
        raise StoreError(
            f"{mask(url)}: the database stores texts as {encoding}, and a study needs UTF8; "
            "create another: createdb --encoding UTF8 --template template0 NAME"
        )
    with connection.transaction():
        connection.execute(SQL["one_at_a_time"])
        if not _has_tables(connection, url):
            for statements in MIGRATIONS.values():
                for statement in statements:
                    connection.execute(statement)
