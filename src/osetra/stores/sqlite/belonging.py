"""Whose log it is that lies beside a file: SQLite would fold any FILE-wal into any FILE.

Where FILE was replaced (restored from a backup, another study put in its place) the log of the one before may
still lie there. So the side file FILE-lock says for which file the log was begun: its inode, when its studies
began, and how many facts it had. Where that is not the file that is there now, file and log are read together
before anything is written: those that do not belong together are no sound database, or are another study.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

from osetra.errors import StoreError
from osetra.stores.sqlite.folding import extent, looked_at
from osetra.stores.sqlite.guard import Guard
from osetra.stores.sqlite.schema import foreign
from osetra.stores.statements import load

log = logging.getLogger("osetra")

SQL = load("sqlite/statements.sql")
UPKEEP = load("sqlite/upkeep.sql")
PATIENCE = 10.0
"""Seconds that setting a log aside waits for others to leave the file alone."""
LONGEST = 1 << 20
"""Bytes of what is read of the side file."""


def strange_log(path: Path) -> str:
    """Return what is to be said of a log that is not the file's own; empty when nothing speaks against it."""
    wal = Path(f"{path}-wal")
    if not _length(wal) or not _length(path):
        return ""
    try:
        with closing(looked_at(path)) as connection:
            now = _state(path, connection)
    except sqlite3.Error:
        return ""  # something else is wrong with it, and others say what
    known = _remembered(path)
    if known is not None and known[:3] == now[:3] and now[3] >= known[3]:
        return ""
    if _belongs(path, now):
        return ""
    return (
        f"{wal} is the log of another file than {path.name}, which was put in its place; it is not used. "
        "If the file that it belongs to is NEW now, move it to NEW-wal before NEW is used"
    )


def remember(path: Path, connection: sqlite3.Connection) -> None:
    """Say in the side file which file the log belongs to; for whoever has it open to write."""
    with suppress(OSError, sqlite3.Error):
        state = json.dumps(_state(path, connection)).encode()
        with Path(f"{path}-lock").open("r+b") as side:  # closing it releases no lock: those are flock's
            if side.read(LONGEST) != state:
                side.seek(0)
                side.truncate()
                side.write(state)


def put_aside(path: Path) -> None:
    """Keep a log that is not the file's own from being folded into it.

    Raises:
        StoreError: others hold the file.
    """
    guard = Guard(Path(f"{path}-lock"))
    try:
        if not guard.take_exclusively(PATIENCE):
            raise StoreError(strange_log(path) or f"{path}: other programs hold it; try again")
        if said := strange_log(path):  # and nobody else was faster
            wal = Path(f"{path}-wal")
            aside = next(place for n in count(1) if not (place := Path(f"{wal}-{n}")).exists())
            wal.rename(aside)
            log.warning("%s; it is kept as %s", said, aside)
    finally:
        guard.close()


def _belongs(path: Path, alone: list[Any]) -> bool:
    """Whether a file and its log together are a sound database, and the same studies."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None)) as connection:
            for statement in (UPKEEP["look_only"], SQL["distrust"], UPKEEP["snapshot"]):
                connection.execute(statement)
            if foreign(connection):
                return False
            lines = [str(text) for (text,) in connection.execute(UPKEEP["integrity"])]
            gaps = connection.execute(SQL["gaps"]).fetchone()
            before, after = dict(alone[2]), dict(_state(path, connection)[2])
    except sqlite3.OperationalError:
        return True  # it cannot be read now, which says nothing
    except sqlite3.DatabaseError:
        return False
    same = all(after[study] == began for study, began in before.items() if study in after)
    return lines == ["ok"] and gaps is None and same


def _state(path: Path, connection: sqlite3.Connection) -> list[Any]:
    """Return device and inode of a file, when each of its studies began, and how many facts there are."""
    status = path.stat()
    if connection.execute(SQL["whose"]).fetchone()[2] == 0:
        return [status.st_dev, status.st_ino, [], 0]
    began = [list(row) for row in connection.execute(SQL["began"])]
    return [status.st_dev, status.st_ino, began, extent(connection)[0]]


def _remembered(path: Path) -> list[Any] | None:
    """Return what the side file says; None when it says nothing."""
    try:
        with Path(f"{path}-lock").open("rb") as side:
            found = json.loads(side.read(LONGEST))
    except (OSError, ValueError, RecursionError):
        return None
    whole = isinstance(found, list) and len(found) == 4 and isinstance(found[3], int)
    return found if whole else None


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
