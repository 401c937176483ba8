"""What SQLite's errors mean for the user of a study."""

from __future__ import annotations

import errno
import shutil
import sqlite3
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


class explain_errors:
    """Turn errors of SQLite and of the system into a StoreError that says what to do."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and (meaning := _meaning(error, self.path)) is not None:
            raise meaning from error


def _meaning(error: BaseException, path: Path) -> StoreError | None:
    """Return what an error means; None when it is neither SQLite's nor the system's."""
    if isinstance(error, sqlite3.Error):
        return _explain(error, path)
    if isinstance(error, UnicodeDecodeError):
        # Python reads SQLite's own words about a damaged schema as text, and they hold what is damaged.
        return StoreError(_damaged(path, error))
    if not isinstance(error, OSError):
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(path)
    return StoreError(f"{path}: {error.strerror or error}; check the folder and its permissions")


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
