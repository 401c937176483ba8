"""Where the log lives: in memory, or in an SQLite file."""

from __future__ import annotations

import re

from osetra.core.ports import Store
from osetra.errors import StoreError
from osetra.stores.memory import MemoryStore
from osetra.stores.sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore", "open_store", "studies"]

_SCHEME = re.compile(r"([A-Za-z][\w+.-]*)://")


def open_store(url: str, study: str = "main") -> Store:
    """Open the log of a study.

    Args:
        url: "memory:", a path such as "digits.db", or "sqlite:///digits.db".
        study: its name; a file may hold several. A new file or study begins with the first fact.

    Raises:
        StoreError: no study can live there; NotAStudy and NewerSchema are special cases.
    """
    return MemoryStore(study) if url == "memory:" else SqliteStore(_path(url), study)


def studies(url: str) -> list[str]:
    """Return the names of the studies behind a URL, oldest first.

    Raises:
        StoreError: as for `open_store`.
    """
    if url == "memory:":
        return []
    store = SqliteStore(_path(url))
    try:
        return store.studies()
    finally:
        store.close()


def _path(url: str) -> str:
    scheme = _SCHEME.match(url)
    if url.startswith("sqlite:///"):
        url = url.removeprefix("sqlite:///")
    elif scheme is not None:
        raise StoreError(
            f"{url}: unknown kind of store {scheme[1]!r}; known: memory:, a path such as digits.db, "
            "sqlite:///digits.db"
        )
    if url in ("", ":memory:"):
        raise StoreError(f"{url!r} names no file; write a path such as digits.db, or memory:")
    return url
