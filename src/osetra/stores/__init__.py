"""Where the log lives: in memory, in an SQLite file, or in a PostgreSQL database."""

from __future__ import annotations

from osetra.core.ports import Store
from osetra.errors import StoreError, nearest
from osetra.stores.address import SCHEME, shown
from osetra.stores.memory import MemoryStore
from osetra.stores.sqlite import SqliteStore

__all__ = ["MemoryStore", "SqliteStore", "is_server", "open_store", "studies"]

_SERVERS = ("postgresql", "postgres")


def open_store(url: str, study: str = "main", *, patience: float | None = None) -> Store:
    """Open the log of a study.

    Args:
        url: "memory:", a path such as "digits.db", "sqlite:///digits.db" or
            "postgresql://user@host/database".
        study: its name; a file or database may hold several. A new one begins with the first fact.
        patience: seconds for which a server that went away is waited for; left out: an hour.

    Raises:
        StoreError: no study can live there; NotAStudy, NewerSchema and StoreAway are special cases.
    """
    if url == "memory:":
        return MemoryStore(study)
    if is_server(url):
        from osetra.stores.postgres import PostgresStore

        return PostgresStore(url, study) if patience is None else PostgresStore(url, study, patience=patience)
    return SqliteStore(_path(url), study)


def studies(url: str) -> list[str]:
    """Return the names of the studies behind a URL, oldest first.

    Raises:
        StoreError: as for `open_store`.
    """
    if url == "memory:":
        return []
    if is_server(url):
        from osetra.stores import postgres

        return postgres.studies(url)
    store = SqliteStore(_path(url))
    try:
        return store.studies()
    finally:
        store.close()


def is_server(url: str) -> bool:
    """Whether a URL names a database server."""
    return _scheme(url) in _SERVERS


def _scheme(url: str) -> str:
    found = SCHEME.match(url)
    return found[1].lower() if found else ""


def _path(url: str) -> str:
    scheme = _scheme(url)
    if url.startswith("sqlite:///"):
        url = url.removeprefix("sqlite:///")
    elif scheme:
        known = ("sqlite", *_SERVERS)
        raise StoreError(
            f"{shown(url)}: unknown kind of store {scheme!r}; known: memory:, a path such as digits.db, "
            f"sqlite:///digits.db, postgresql://user@host/database.{nearest(scheme, known)}"
        )
    if url in ("", ":memory:"):
        raise StoreError(f"{url!r} names no file; write a path such as digits.db, or memory:")
    return url
