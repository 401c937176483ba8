"""Keeps checkpoints apart from commits, across processes, with flock on a side file.

SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode when a checkpoint overlaps another
connection's commit (sqlite.org/wal.html, "the WAL-reset bug"), and most Pythons link such a version.
So every commit holds this lock shared and every checkpoint holds it exclusively. The kernel drops
the lock of a process that dies.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

if sys.platform != "win32":
    import fcntl

AVAILABLE = sys.platform != "win32"
"""Without flock there is no safe way to checkpoint, hence no write-ahead log."""


class Guard:
    """One hold on the side file; for one connection, in one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)

    def take(self, *, exclusive: bool = False) -> bool:
        """Take the lock if that is possible at once."""
        if sys.platform != "win32":
            try:
                fcntl.flock(self._file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def take_exclusively(self, patience: float) -> bool:
        """Take the lock for oneself, waiting at most `patience` seconds."""
        deadline = time.monotonic() + patience
        while not self.take(exclusive=True):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def wait(self) -> None:
        """Return when nobody holds the lock exclusively."""
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_SH)
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def release(self) -> None:
        """Give the lock back."""
        if sys.platform != "win32":
            # Unlocking, not closing: a process being spawned may hold a copy of the descriptor.
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the side file."""
        self.release()
        os.close(self._file)
