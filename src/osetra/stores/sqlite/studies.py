"""Studies of a file get another name, or are deleted, while nobody works on them."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from osetra.stores.sqlite.database import SQL, Database
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import UPKEEP
from osetra.stores.storage import check_idle, check_new, find_present

_DELETE = ("delete_points", "delete_metrics", "delete_leases", "delete_facts", "delete_study")


def rename(path: Path, study: str, name: str) -> None:
    """Call a study something else; its checkpoints go with it.

    Raises:
        StudyError: there is no such study, one with the new name, or somebody works on it.
        StoreError: the file cannot be written, or the name is none.
    """
    old, new = checkpoints_of(path, study), checkpoints_of(path, name)

    def write(connection: sqlite3.Connection, number: int) -> None:
        check_new(str(path), name, _names(connection))
        connection.execute(UPKEEP["rename_study"], (name, number))
        if old.is_dir():
            old.rename(new)

    _while_idle(path, study, write)


def delete(path: Path, study: str) -> None:
    """Delete a study with its checkpoints.

    Raises:
        StudyError: there is no such study, or somebody works on it.
        StoreError: the file cannot be written.
    """

    def write(connection: sqlite3.Connection, number: int) -> None:
        for statement in _DELETE:
            connection.execute(UPKEEP[statement], (number,))

    _while_idle(path, study, write)
    shutil.rmtree(checkpoints_of(path, study), ignore_errors=True)


def _while_idle(path: Path, study: str, write: Callable[[sqlite3.Connection, int], None]) -> None:
    """Write to a study that nobody works on, in one transaction; `write` gets its number too."""

    def checked(connection: sqlite3.Connection) -> None:
        find_present(str(path), study, _names(connection))
        ((number,),) = connection.execute(SQL["find_study"], (study,)).fetchall()
        check_idle(study, connection.execute(UPKEEP["at_work"], (number, time.time())).fetchall())
        write(connection, number)

    with closing(Database(path)) as database:
        database.write(checked, durable=True)


def _names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute(SQL["studies"]).fetchall()]
