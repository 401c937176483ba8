"""Studies of a database get another name, or are deleted, while nobody works on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from osetra.stores.postgres.server import SQL, Server
from osetra.stores.statements import load
from osetra.stores.storage import check_idle, check_new, find_present

if TYPE_CHECKING:
    from osetra.stores.postgres.connection import Connection

UPKEEP = load("postgres/upkeep.sql")
_DELETE = (
    *("delete_checkpoints", "delete_points", "delete_metrics", "delete_leases", "delete_facts"),
    "delete_study",
)


def rename(url: str, study: str, name: str, folders: tuple[Path, Path]) -> None:
    """Call a study something else; the checkpoints on this machine go with it.

    Raises:
        StudyError: there is no such study, one with the new name, or somebody works on it.
        StoreError: the server cannot be reached, or the name is none.
    """

    def change(connection: Connection, number: int) -> None:
        check_new(url, name, _names(connection))
        connection.execute(UPKEEP["rename_study"], (name, number))

    _while_idle(url, study, change)
    old, new = folders
    if old.is_dir():
        old.rename(new)


def delete(url: str, study: str, folder: Path) -> None:
    """Delete a study with its checkpoints, those in the database and on this machine.

    Raises:
        StudyError: there is no such study, or somebody works on it.
        StoreError: the server cannot be reached.
    """

    def change(connection: Connection, number: int) -> None:
        for statement in _DELETE:
            connection.execute(UPKEEP[statement], (number,))

    _while_idle(url, study, change)
    shutil.rmtree(folder, ignore_errors=True)


def _while_idle(url: str, study: str, change: Callable[[Connection, int], None]) -> None:
    """Change a study on which nobody works, in one transaction that holds both of its locks."""

    def write(connection: Connection, _: bool) -> None:
        with connection.transaction():
            find_present(url, study, _names(connection))
            ((number, *_locks),) = connection.execute(SQL["take_study"], (study,)).fetchall()
            check_idle(study, connection.execute(UPKEEP["at_work"], (number,)).fetchall())
            change(connection, number)

    with closing(Server(url, patience=0.0)) as server:
        server.write(write)


def _names(connection: Connection) -> list[str]:
    return [name for (name,) in connection.execute(SQL["studies"]).fetchall()]
