"""An open connection to a file, with what belongs to it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from osetra.stores.sqlite.descriptors import Files
from osetra.stores.sqlite.guard import Guard
from osetra.stores.statements import load

SQL = load("sqlite/statements.sql")


@dataclass(slots=True)
class FileConnection:
    """An open connection and what belongs to it."""

    connection: sqlite3.Connection
    guard: Guard | None
    inode: int
    log: int = -1
    """Descriptor of the write-ahead log, which lives as long as the connection; -1 when not open."""
    missing: str = ""
    """What is to be said of a log that was not beside the file; then nothing may be written."""
    files: Files = field(default_factory=dict)
    """The descriptors of all that."""

    def undo(self) -> None:
        """Undo a transaction that was not committed, and release the guard."""
        if self.connection.in_transaction:
            self.connection.execute(SQL["rollback"])
        if self.guard is not None:
            self.guard.release()
