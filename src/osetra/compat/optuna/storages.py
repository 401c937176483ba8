"""Storages: where studies live, by URL: a file, a PostgreSQL database, or the memory of this program."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from osetra.compat.optuna.exceptions import StorageInternalError, refuse
from osetra.errors import NotAStudy, StoreError
from osetra.stores.address import mask

MEMORY = "memory:"


class BaseStorage:
    """A place of studies."""

    url: str = MEMORY


class InMemoryStorage(BaseStorage):
    """The memory of this program: its studies are gone with it."""

    def __init__(self) -> None:
        self.studies: dict[str, Any] = {}
        """The studies by name: what is in memory is found by those that hold it."""


class RDBStorage(BaseStorage):
    """A file or a database, by URL; settings of SQLAlchemy have nothing to act on."""

    def __init__(self, url: str, *args: Any, **settings: Any) -> None:
        self.url = place(url)


def place(url: object) -> str:
    """Return the address of a place, as osetra writes it.

    Raises:
        NotOffered: there is no such kind of place.
    """
    if not isinstance(url, (str, Path)):
        raise TypeError(
            f"{url!r}: a storage is a URL such as sqlite:///study.db, or a storage of this module"
        )
    text = str(url)
    scheme = re.match(r"([A-Za-z]\w*)(?:\+\w+)?://", text)
    if text == "sqlite:///:memory:":
        return MEMORY
    if scheme is None or scheme[1].lower() in ("sqlite", "postgresql", "postgres"):
        return text if scheme is None else f"{scheme[1]}://{text[scheme.end() :]}"
    raise refuse(
        f"storage at {mask(text)}",
        "studies live in a file, sqlite:///study.db, or in PostgreSQL, postgresql://user@host/database",
    )


def storage_for(storage: object) -> BaseStorage:
    """Return a storage for whatever was given as one."""
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        return storage
    found = place(storage)
    return InMemoryStorage() if found == MEMORY else RDBStorage(found)


get_storage = storage_for


@contextmanager
def understood(url: str) -> Iterator[None]:
    """Turn the refusal of a file that is no study into a sentence, where it is one of Optuna's own."""
    try:
        yield
    except NotAStudy as error:
        path = Path(url.removeprefix("sqlite:///"))
        if of_optuna(path):
            raise StorageInternalError(
                f"{path} is a database of Optuna; take its trials over with\n"
                f"  osetra import optuna://sqlite:///{path}\nor give a file of another name"
            ) from None
        raise StorageInternalError(str(error)) from error
    except StoreError as error:
        raise StorageInternalError(str(error)) from error


def of_optuna(path: Path) -> bool:
    """Whether a file is a database that Optuna wrote."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            names = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    except sqlite3.Error:
        return False
    return {"studies", "trials", "trial_params", "version_info"} <= names


def __getattr__(name: str) -> Any:
    if name[:1].isupper():
        raise refuse(
            f"storages.{name}",
            "write storage='sqlite:///study.db', or a PostgreSQL URL; trials of dead workers are tried again "
            "by themselves, without a heartbeat",
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
