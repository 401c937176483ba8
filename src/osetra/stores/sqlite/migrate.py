"""Bringing an older study file up to date: after a backup, in one transaction, never by itself."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from osetra.errors import NewerSchema, NotAStudy, StoreError
from osetra.stores.migrations import Migration, Steps, due, run
from osetra.stores.sqlite.database import APPLICATION, SCHEMA, SQL, patiently
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.guard import AVAILABLE, Guard
from osetra.stores.sqlite.publish import new_file
from osetra.stores.sqlite.reading import UPKEEP, reading
from osetra.stores.sqlite.snapshot import copy_file
from osetra.stores.statements import migrations

PATIENCE = 10.0
"""Seconds that a migration waits for others to leave the file alone."""


def migrate(
    path: Path,
    *,
    steps: Steps | None = None,
    wanted: int = SCHEMA,
    trace: Callable[[str], None] | None = None,
) -> Migration:
    """Bring a study file to the present schema, after a backup beside it.

    All in one transaction: a kill at any moment leaves the old tables or the new ones.

    Args:
        path: the file.
        steps: what each migration executes; those of this osetra unless given.
        wanted: the schema version to reach.
        trace: called with each statement before it is executed.

    Raises:
        NewerSchema: the file is from a newer osetra.
        StoreError: somebody works with the file, no way leads to the schema, or it is damaged.
    """
    steps = migrations("sqlite/migrations") if steps is None else steps
    with reading(path) as file:
        before = file.schema
    if before > wanted:
        raise NewerSchema(f"{path}: schema {before} is newer than {wanted}; upgrade osetra")
    if not due(before, wanted, steps):
        return Migration(before, before, None)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = new_file(path.with_name(f"{path.stem}-schema-{before}-{stamp}{path.suffix}"))
    guard = Guard(Path(f"{path}-lock")) if AVAILABLE else None
    try:
        if guard is not None and not guard.take_exclusively(PATIENCE):
            raise StoreError(f"{path}: somebody writes it; stop all workers, and migrate again")
        with explain_errors(path):
            connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                for statement in (SQL["no_autocheckpoint"], SQL["distrust"], SQL["sync_full"]):
                    connection.execute(statement)
                patiently(lambda: connection.execute(SQL["begin"]))
                _apply(connection, path, kept, (before, wanted), steps, trace)
            finally:
                connection.close()
    finally:
        if guard is not None:
            guard.close()
    return Migration(before, wanted, kept)


def _apply(
    connection: sqlite3.Connection,
    path: Path,
    kept: Path,
    way: tuple[int, int],
    steps: Steps,
    trace: Callable[[str], None] | None,
) -> None:
    """Migrate inside the transaction that has just begun."""

    def execute(statement: str) -> None:
        if trace is not None:
            trace(statement)
        connection.execute(statement)

    try:
        application, schema, _ = connection.execute(SQL["whose"]).fetchone()
        if application != APPLICATION or schema != way[0]:
            raise NotAStudy(f"{path} was replaced or migrated by somebody else at this moment; look again")
        copy_file(path, kept)
        run(*way, steps, execute)
        execute(UPKEEP["set_schema"].format(schema=way[1]))
        connection.execute(SQL["unmark"])  # closing folds the log in
        execute(SQL["commit"])
    except BaseException:
        if connection.in_transaction:
            connection.execute(SQL["rollback"])
        raise
