"""An SQLite file that many processes and threads write without ever seeing "database is locked".

How a transaction goes: BEGIN IMMEDIATE takes SQLite's write lock, then the guard is taken shared and
given back after COMMIT. When the write-ahead log has grown long, or when it begins anew (see `folding`), the
guard is taken exclusively instead, which succeeds because nobody else can be inside a transaction, and a
checkpoint follows. Closing takes it exclusively too, since the last connection to close runs a checkpoint of
its own.

A commit is not synchronised by SQLite (synchronous=NORMAL) but after it, by us, when it has to survive
power loss: the disk then works outside the write lock, and processes wait for it together.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from osetra.errors import NewerSchema, NotAStudy, OlderSchema, StoreError
from osetra.stores.forks import keep_from_forks
from osetra.stores.sqlite.belonging import put_aside, remember, strange_log
from osetra.stores.sqlite.connection import FileConnection
from osetra.stores.sqlite.descriptors import abandon, are_gone, descriptors, lost, opened
from osetra.stores.sqlite.errors import explain_errors, is_busy
from osetra.stores.sqlite.folding import (
    IdleFold,
    checkpoint,
    complain,
    fold,
    is_marked,
    looked_at,
    mark,
    missing_log,
    set_aside,
)
from osetra.stores.sqlite.guard import AVAILABLE, Guard
from osetra.stores.sqlite.place import other_names
from osetra.stores.sqlite.schema import TABLES, foreign
from osetra.stores.statements import load

log = logging.getLogger("osetra")

T = TypeVar("T")

APPLICATION = 1869837426
"""Marks our files; equals the pragma in schema.sql."""
SCHEMA = 1
CLOSING = 1.0
"""Seconds that closing waits for the guard; SQLite's own locks make it safe without, too."""
PATIENCE = 300.0
"""Seconds after which a file that stays locked is reported: some program sits on it."""
LARGEST_FACT = 64 * 2**20
"""Bytes of the largest row that is read or written; facts are far below a megabyte."""
WAL_LIMIT = 8 * 2**20
"""Bytes of write-ahead log that call for a checkpoint."""
BUSY = 2.0
"""Seconds after which the log is folded in although somebody writes all the time."""
HINDERED = 1.0
"""Seconds until the next try after a checkpoint that a reader hindered: every try holds all writers up."""
WAL_WARNING = 128 * 2**20
"""Bytes of write-ahead log after which a reader that hinders checkpoints is warned of."""

SIDES = ("wal", "shm", "lock")
"""What the files beside ours are called."""

SQL = load("sqlite/statements.sql")
_connecting = threading.Lock()
"""Held while a connection is made, so that descriptors which appear meanwhile are its own."""
_connected: Counter[object] = Counter()
"""How many connections of this process there are to a file."""


class Database:
    """A file with our tables; created by the first transaction, connected when needed."""

    def __init__(self, path: Path, *, limit: int | None = None) -> None:
        self.path = path
        self.connections = 0
        """How often a connection was made; numbers learned through an older one may be void."""
        self._limit = limit
        self._wal = Path(f"{path}-wal")
        self.mutex = threading.Lock()
        self._link: FileConnection | None = None
        self._warned = False
        self._lost = False
        self._hindered_until = 0.0
        self._folded = time.monotonic()
        """When the log was folded in last, by this object."""
        self._idle = IdleFold()
        keep_from_forks(self)
        with self.mutex, explain_errors(path):
            self._present()

    def write(self, body: Callable[[sqlite3.Connection], T], *, durable: bool, content: bool = True) -> T:
        """Run `body` as one write, all of it or none, and return what it returns.

        It is no context manager, since one written in Python may be left without its end by a signal.

        Args:
            body: what is written, through a connection.
            durable: whether it waits until the disk has it.
            content: False for what nobody misses who finds the file without its log, such as a renewal.
        """
        with self.mutex, explain_errors(self.path):
            link = self._own() or self._connect()
            if _inode(self.path) != link.inode:
                raise StoreError(
                    f"{self.path} was moved, deleted or replaced while in use; nothing more is written. "
                    f"If it is NEW now, move {self._wal} to NEW-wal as well, should it still be there"
                )
            if link.missing:
                raise StoreError(link.missing)
            try:
                done = self._commit(link, body, content)
            finally:
                try:
                    link.undo()
                except BaseException:  # by a signal
                    link.undo()
                    raise
            if link.guard is not None:
                if durable:
                    self._synchronise(link)
                self._idle.begin(self)
            return done

    def _commit(self, link: FileConnection, body: Callable[[sqlite3.Connection], T], content: bool) -> T:
        """Run a transaction, and fold the log in after it where that is due."""
        exclusive = self._begin(link, content)
        done = body(link.connection)
        if exclusive and (content or is_marked(link.connection)):
            mark(link.connection)
        patiently(lambda: link.connection.execute(SQL["commit"]))
        if exclusive:
            checkpoint(link.connection)
            self._folded = time.monotonic()
            self._mind_readers()
        return done

    def fold_if_quiet(self, before: tuple[int, int]) -> tuple[int, int] | None:
        """Fold the log in when it is as it was; return how it is, or None when there is nothing to do."""
        with self.mutex:
            link = None if self._lost else self._own()
            if link is None or link.guard is None or link.missing or _inode(self.path) != link.inode:
                return None
            now = _state(self._wal)
            if now == before:
                done = not self._to_fold(link) or fold(link.connection, link.guard)
                remember(self.path, link.connection)
                return None if done else now
            return now

    def query(self, read: Callable[[sqlite3.Connection], T], absent: T) -> T:
        """Return what `read` gets from the file; `absent` when there is no file yet."""
        with self.mutex, explain_errors(self.path):
            link = self._present()
            return absent if link is None else patiently(lambda: read(link.connection))

    def close(self) -> None:
        """Disconnect; the next use connects again."""
        with self.mutex:
            self.disconnect()

    def _own(self) -> FileConnection | None:
        """Return the connection, if there is one, whose files nobody else in this program has closed."""
        if self._link is not None and are_gone(self._link.files):
            abandon(self._link.connection)
            self._link, self._lost = None, True
            self._idle.end()
        if self._lost:
            raise StoreError(lost(self.path))
        if self._link is not None and self._link.connection.in_transaction:
            self._link.undo()  # left by a write that signals disturbed
        return self._link

    def _present(self) -> FileConnection | None:
        if self._own() is None and self.path.exists() and self.path.stat().st_size:
            return self._connect()
        return self._link

    def _connect(self) -> FileConnection:
        if AVAILABLE and (missing := missing_log(self.path)):
            return self._look_only(missing)
        set_aside(self.path)
        if AVAILABLE and strange_log(self.path):
            put_aside(self.path)
        if several := other_names(self.path):
            raise StoreError(several)
        with _connecting:
            return self._open()

    def _open(self) -> FileConnection:
        before = descriptors()
        connection = sqlite3.connect(
            self.path, timeout=0.01, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            # Before anything else: not even the first commit may run a checkpoint unguarded.
            connection.execute(SQL["no_autocheckpoint"])
            connection.execute(SQL["distrust"])
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_FACT)
            patiently(lambda: self._ensure_tables(connection))
            patiently(lambda: self._settle(connection))
            guard = Guard(Path(f"{self.path}-lock")) if AVAILABLE else None
            inode = _inode(self.path)
            # Those of another connection to the same file, which may be closed, cannot be told from ours.
            ours = [] if _connected[inode] else [self.path, *(Path(f"{self.path}-{end}") for end in SIDES)]
            self._link = FileConnection(connection, guard, inode, files=opened(before, ours))
            _connected[inode] += 1
        except BaseException:
            connection.close()
            raise
        self.connections += 1
        if guard is not None:
            remember(self.path, connection)
        if guard is not None and _size(self._wal):
            self._idle.begin(self)  # somebody was killed
        return self._link

    def _look_only(self, missing: str) -> FileConnection:
        """Open a file whose log is missing: it can be read, and gets no other log until that is settled."""
        complain(self.path, missing)
        connection = looked_at(self.path)
        try:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_FACT)
            self._is_empty(connection)
        except BaseException:
            connection.close()
            raise
        self._link = FileConnection(connection, None, _inode(self.path), missing=missing)
        _connected[self._link.inode] += 1
        self.connections += 1
        return self._link

    def _ensure_tables(self, connection: sqlite3.Connection) -> None:
        if self._is_empty(connection):
            connection.execute(SQL["begin"])
            try:
                if self._is_empty(connection):
                    for statement in TABLES.values():
                        connection.execute(statement)
                connection.execute(SQL["commit"])
            except BaseException:
                if connection.in_transaction:
                    connection.execute(SQL["rollback"])
                raise

    def _is_empty(self, connection: sqlite3.Connection) -> bool:
        application, schema, tables = connection.execute(SQL["whose"]).fetchone()
        if application == APPLICATION:
            if schema > SCHEMA:
                raise NewerSchema(
                    f"{self.path} was written by a newer osetra (schema {schema}; this one reads up to "
                    f"{SCHEMA}); upgrade it: pip install --upgrade osetra"
                )
            if schema < SCHEMA:
                raise OlderSchema(
                    f"{self.path} was written by an older osetra (schema {schema}, this one has {SCHEMA}); "
                    f"when all programs that use it have ended: osetra db migrate {self.path}"
                )
            if strange := foreign(connection):
                raise NotAStudy(
                    f"{self.path}: {strange[0]}, which could run when it is used; the file is untouched. "
                    f"The facts alone, in a file of our own: osetra db recover {self.path}"
                )
            return False
        if application or schema or tables:
            raise NotAStudy(
                f"{self.path} is an SQLite database of another program and was left untouched; "
                "name another file"
            )
        return True

    def _settle(self, connection: sqlite3.Connection) -> None:
        connection.execute(SQL["foreign_keys"])
        connection.execute(SQL["sync_normal" if AVAILABLE else "sync_full"])
        wanted = "wal" if AVAILABLE else "delete"
        mode = connection.execute(SQL["use_wal" if AVAILABLE else "use_rollback_journal"]).fetchone()[0]
        if mode != wanted:
            raise StoreError(
                f"{self.path}: the disk does not support SQLite's {wanted} mode; use a local disk"
            )
        if self._limit is not None:
            pages = max(1, self._limit // int(connection.execute(SQL["page_size"]).fetchone()[0]))
            connection.execute(SQL["limit_pages"].format(pages=pages))

    def _begin(self, link: FileConnection, content: bool) -> bool:
        """Begin a transaction and return whether a checkpoint is to follow it."""
        while True:
            patiently(lambda: link.connection.execute(SQL["begin"]))
            if link.guard is None:
                return False
            long = _size(self._wal) > WAL_LIMIT and time.monotonic() > self._hindered_until
            busy = time.monotonic() - self._folded > BUSY
            due = long or busy or (content and not is_marked(link.connection))
            if due and link.guard.take(exclusive=True):
                return True
            if link.guard.take():
                return False
            # A checkpoint is under way, and it needs the write lock that we hold.
            link.connection.execute(SQL["rollback"])
            link.guard.wait()

    def _mind_readers(self) -> None:
        """Put up with somebody who reads in one transaction for long; when that gets too much, say so."""
        size = _size(self._wal)
        if size > WAL_LIMIT:
            self._hindered_until = time.monotonic() + HINDERED
        if size > WAL_WARNING and not self._warned:
            self._warned = True
            log.warning(
                "%s has grown to %.0f MB because a program has been reading the study in one transaction for "
                "long; end it (who has the file open: fuser %s), then the file shrinks by itself",
                self._wal,
                size / 1e6,
                self.path,
            )

    def _synchronise(self, link: FileConnection) -> None:
        # SQLite keeps no locks on this file, so a descriptor of our own may be closed without harm.
        if link.log < 0:
            link.log = os.open(self._wal, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
            link.files[link.log] = os.fstat(link.log)[1:3]
        getattr(os, "fdatasync", os.fsync)(link.log)

    def _to_fold(self, link: FileConnection) -> bool:
        """Whether something is in the log, or the file says so."""
        try:
            return not link.missing and (_size(self._wal) > 0 or is_marked(link.connection))
        except sqlite3.Error:
            return False

    def disconnect(self) -> None:
        """Close the connection; called with the mutex held."""
        with suppress(StoreError):
            self._own()
        if self._link is not None:
            link, self._link = self._link, None
            if link.log >= 0:
                os.close(link.log)
            self._idle.end()
            if link.guard is not None and link.guard.take_exclusively(CLOSING) and self._to_fold(link):
                fold(link.connection, link.guard)
                remember(self.path, link.connection)
                link.guard.take_exclusively(CLOSING)
            link.connection.close()
            _connected[link.inode] -= 1
            if link.guard is not None:
                link.guard.close()

    def __del__(self) -> None:
        if hasattr(self, "_link"):
            self.disconnect()


def patiently(action: Callable[[], T]) -> T:
    """Return what `action` returns, trying again while another connection is in its way."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        # Uneven pauses, so that processes which collided do not collide again.
        time.sleep(0.001 * (1 + time.perf_counter_ns() % 8))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _state(path: Path) -> tuple[int, int]:
    """Return size and time of a file; when they stay, nobody writes it."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return -1
