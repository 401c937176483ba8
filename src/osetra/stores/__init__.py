"""Where the log lives: in memory, in an SQLite file, or in a PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from osetra.core.ports import Store
from osetra.errors import StoreError, nearest
from osetra.stores.address import SCHEME, check_path, mask
from osetra.stores.memory import MemoryStore
from osetra.stores.sqlite import SqliteStore
from osetra.stores.sqlite.place import check_kind, followed
from osetra.stores.sqlite.reader import SqliteReader
from osetra.stores.sqlite.storage import SqliteStorage
from osetra.stores.storage import Reader, Storage

__all__ = [
    "MemoryStore",
    "SqliteStore",
    "Storage",
    "is_server",
    "open_reader",
    "open_store",
    "storage_of",
    "studies",
]

_SERVERS = ("postgresql", "postgres")


def storage_of(url: str) -> Storage:
    """Return the file or the database that a URL names.

    Raises:
        StoreError: it names neither.
    """
    if url == "memory:":
        raise StoreError(f"{url} is gone when this program ends; name a file or a server")
    if is_server(url):
        from osetra.stores.postgres.storage import PostgresStorage

        return PostgresStorage(url)
    named = Path(_path(url)).expanduser()
    check_kind(named)
    path = followed(named)
    check_kind(path)
    return SqliteStorage(path)


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
    return MemoryStore(study) if url == "memory:" else storage_of(url).open(study, patience=patience)


def open_reader(url: str, study: str = "main") -> Reader:
    """Open the log of a study to look at it as it grows, without ever writing anything.

    Raises:
        StoreError: it is at no place that others can look at.
    """
    if is_server(url):
        from osetra.stores.postgres import PostgresStore

        return PostgresStore(url, study, patience=0.0, read_only=True)
    storage_of(url)  # complains of what is neither a file nor a server
    return SqliteReader(_path(url), study)


def studies(url: str) -> list[str]:
    """Return the names of the studies behind a URL, oldest first.

    Raises:
        StoreError: as for `open_store`.
    """
    return [] if url == "memory:" else storage_of(url).studies()


def is_server(url: str) -> bool:
    """Whether a URL names a database server."""
    return _scheme(url) in _SERVERS


def _scheme(url: str) -> str:
    found = SCHEME.match(url)
    return found[1].lower() if found else ""


def _path(url: str) -> str:
    scheme = _scheme(url)
    if scheme == "sqlite" and url[6:].startswith(":///"):
        url = url[len("sqlite:///") :]
    elif scheme == "sqlite":
        raise StoreError(f"{mask(url)}: write sqlite:///digits.db, with three strokes, or the path alone")
    elif scheme:
        known = ("sqlite", *_SERVERS)
        raise StoreError(
            f"{mask(url)}: unknown kind of store {scheme!r}; known: memory:, a path such as digits.db, "
            f"sqlite:///digits.db, postgresql://user@host/database.{nearest(scheme, known)}"
        )
    check_path(url)
    if url in ("", ":memory:"):
        raise StoreError(f"{url!r} names no file; write a path such as digits.db, or memory:")
    return url
