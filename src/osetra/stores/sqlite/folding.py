"""Folding: the write-ahead log goes back into the file soon, so that one file is one file.

SQLite keeps the latest commits in FILE-wal, and who moves FILE alone would lose them in silence. So the log
is folded in after a second without a commit, by whoever has the file open; and while it may hold something,
the file itself says so, by a mark: a row among the metrics with the number 0, which earlier versions pass
over. The first commit after a fold writes the mark and is folded in together with it; the next fold takes
the mark away. The mark says how many facts and points there were: a file that has more was folded by somebody
else. A file with the mark, with no more than that and without FILE-wal beside it has lost its log.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from osetra.stores.sqlite.guard import Guard
from osetra.stores.sqlite.schema import foreign
from osetra.stores.statements import load

log = logging.getLogger("osetra")

SQL = load("sqlite/statements.sql")
QUIET = 1.0
"""Seconds between two looks at the log; when nothing came between them, it is folded in."""
LONGEST = 10.0
"""Seconds between two tries while somebody hinders it."""
_MARK = re.compile(r"the log follows (\d+) facts and (\d+) points")

_complained: set[Path] = set()
"""Files whose missing log was warned of."""


def is_marked(connection: sqlite3.Connection) -> bool:
    """Whether the file says that its log may hold something."""
    return connection.execute(SQL["marked"]).fetchone() is not None


def mark(connection: sqlite3.Connection) -> None:
    """Let the file say so, inside the transaction that has just written something and is folded in next."""
    facts, points = extent(connection)
    connection.execute(SQL["unmark"])
    connection.execute(SQL["mark"], (f"the log follows {facts} facts and {points} points",))


def extent(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many facts there are in all studies, and the number of the last point."""
    facts, points = connection.execute(SQL["extent"]).fetchone()
    return int(facts or 0), int(points or 0)


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Move the log into the file; whether all of it is there now.

    Whoever calls it holds the guard alone. It holds up everybody, so it does not wait for long readers.
    """
    # A commit before it has succeeded; a fold that fails (a full disk) is made up for by the next one.
    try:
        connection.execute(SQL["hurry"]).fetchall()
        try:
            busy, _, _ = connection.execute(SQL["checkpoint"]).fetchone()
        finally:
            connection.execute(SQL["wait"]).fetchall()
    except sqlite3.OperationalError:
        return False
    return not busy


def fold(connection: sqlite3.Connection, guard: Guard) -> bool:
    """Take the mark away and fold the log in, unless somebody is in the way; whether that is done."""
    try:
        connection.execute(SQL["begin"])
    except sqlite3.OperationalError:
        return False
    try:
        if not guard.take(exclusive=True):
            connection.execute(SQL["rollback"])
            return False
        connection.execute(SQL["unmark"])
        connection.execute(SQL["commit"])
        return checkpoint(connection)
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            connection.execute(SQL["rollback"])
        return False
    finally:
        guard.release()


def missing_log(path: Path) -> str:
    """Return what is to be said of a log that is not beside a file; empty when nothing is missing.

    It is to be asked before the file is opened as usual, for that makes a log.
    """
    wal, before = Path(f"{path}-wal"), _modified(path)
    if wal.exists() or not before:
        return ""
    try:
        with closing(looked_at(path)) as connection:
            if foreign(connection):
                return ""  # a table of that name may be anything
            row = connection.execute(SQL["marked"]).fetchone()
            found = _MARK.fullmatch(str(row[0])) if row else None
            if found is None or extent(connection) != (int(found[1]), int(found[2])):
                return ""
    except sqlite3.Error:
        return ""  # something else is wrong with it, and others say what
    if wal.exists() or _modified(path) != before:
        return ""  # another program opened it at this moment
    return (
        f"{path}: what was written last may be missing: it stood in the file's log, {path.name}-wal, which "
        "is not beside it (the file was moved or copied alone while a program had it open, or after one was "
        f"killed). Put the log, whose name may have got a number since, there as "
        f"{wal}, and all is well; nothing is written before, since that would make the log worthless. If it "
        f"is lost, go on with the {found[1]} facts and {found[2]} points that are here: touch {wal}"
    )


def set_aside(path: Path) -> None:
    """Keep the log of a file that is not here any more from being emptied as that of a new one."""
    wal = Path(f"{path}-wal")
    # The log first: SQLite writes a file before its log, so one without a file is that of another.
    if not _length(wal) or _length(path):
        return
    aside = next(place for n in count(1) if not (place := Path(f"{path}-wal-{n}")).exists())
    with suppress(FileNotFoundError):  # somebody else was faster
        wal.rename(aside)
        log.warning(
            "%s is the log of a study that was moved away from here without it; it is kept as %s. If that "
            "study is NEW now, move it to NEW-wal before NEW is used",
            wal,
            aside,
        )


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def looked_at(path: Path) -> sqlite3.Connection:
    """Return a connection that takes a file as it is, and leaves no log of its own beside it."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(SQL["distrust"])
    except BaseException:
        connection.close()
        raise
    return connection


def complain(path: Path, missing: str) -> None:
    """Say once in this program that a file's log is missing."""
    if missing and path not in _complained:
        _complained.add(path)
        log.warning("%s", missing)


class Foldable(Protocol):
    """What has a file open."""

    def fold_if_quiet(self, before: tuple[int, int]) -> tuple[int, int] | None:
        """Fold the log in when it is as it was; return how it is, or None when there is nothing to do."""
        ...


@dataclass(slots=True)
class IdleFold:
    """Looks, from a thread of its own, whether the log can be folded in; the thread ends when it is."""

    stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, file: Foldable) -> None:
        """Look after a file from now on, until its log is folded in."""
        if self._thread is not None and self._thread.is_alive():
            return
        self.stopped = threading.Event()
        wanted = weakref.ref(file)
        self._thread = threading.Thread(
            target=_look, args=(wanted, self.stopped), name="osetra-fold", daemon=True
        )
        with suppress(RuntimeError):  # the program is ending
            self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self.stopped.set()
        self._thread = None


def _look(wanted: Callable[[], Foldable | None], stopped: threading.Event) -> None:
    state, pause = (-1, -1), QUIET
    while not stopped.wait(pause):
        file = wanted()
        after = None if file is None else file.fold_if_quiet(state)
        if after is None:
            return
        pause = QUIET if after != state else min(2 * pause, LONGEST)
        state = after
        del file  # so that it may go meanwhile


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
