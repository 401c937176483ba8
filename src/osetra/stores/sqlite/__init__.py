"""The log in an SQLite file."""

from osetra.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
