"""What SQLite's errors mean for the user of a study."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osetra.errors import NotAStudy, StoreError, StoreFull
from osetra.stores.sqlite.place import read_only

_PERM, _BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT = 3, 5, 6, 8, 10, 11
_FULL, _CANTOPEN, _PROTOCOL, _NOTADB = 13, 14, 15, 26
"""Primary result codes, sqlite.org/rescode.html."""
NEARLY_FULL = 2**20
"""Bytes of free space below which a failed write is put down to a full disk."""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way and trying again will help."""
    return _code(error) in (_BUSY, _LOCKED, _PROTOCOL)


@contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and of the system into a StoreError that says what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explain(error, path) from error
    except UnicodeDecodeError as error:
        # Python reads SQLite's own words about a damaged schema as text, and they hold what is damaged.
        raise StoreError(_damaged(path, error)) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _full(path) from error
        raise StoreError(
            f"{path}: {error.strerror or error}; check the folder and its permissions"
        ) from error


def _explain(error: sqlite3.Error, path: Path) -> StoreError:
    code = _code(error)
    if code == _FULL or (code in (_IOERR, _CANTOPEN) and _nearly_full(path)):
        return _full(path)
    if code == _NOTADB:
        return NotAStudy(f"{path} is no study (not an SQLite file) and was left untouched; name another file")
    if code in (_READONLY, _CANTOPEN, _PERM):
        return StoreError(read_only(path if path.exists() else path.parent))
    if code == _CORRUPT or "Could not decode" in str(error):
        return StoreError(_damaged(path, error))
    if is_busy(error):
        return StoreError(f"{path}: another program has kept the file locked for minutes; close it")
    return StoreError(f"{path}: SQLite says {error}; check the disk")


def _damaged(path: Path, error: Exception) -> str:
    mend = f"stop what uses it, copy it away, and save what is readable: osetra db recover {path}"
    return f"{path} is damaged ({error}); {mend}"


def _full(path: Path) -> StoreFull:
    return StoreFull(f"{path}: no space left; nothing was lost, free some and what waits will be written")


def _nearly_full(path: Path) -> bool:
    try:
        disk = shutil.disk_usage(path.parent)
        return disk.total > 0 and disk.free < NEARLY_FULL  # /proc and its like have no space at all
    except OSError:
        return False


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
