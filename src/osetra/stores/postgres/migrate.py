"""Bringing a database of an older schema up to date: in one transaction, beside a copy of its tables."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from osetra.errors import NewerSchema, StoreError
from osetra.stores.address import mask
from osetra.stores.migrations import Migration, Steps, due, run
from osetra.stores.postgres.server import MIGRATIONS, SCHEMA, SQL
from osetra.stores.statements import load

if TYPE_CHECKING:
    from osetra.stores.postgres.connection import Connection

UPKEEP = load("postgres/upkeep.sql")
PATIENCE = 1.0
"""Seconds that others get to leave: who has just ended stays in the server's list for a moment."""


def migrate(
    url: str,
    *,
    steps: Steps | None = None,
    wanted: int = SCHEMA,
    trace: Callable[[str], None] | None = None,
) -> Migration:
    """Bring the tables of a database to the present schema, after copying them into another namespace.

    All in one transaction: whatever breaks off leaves the old tables or the new ones.

    Args:
        url: the database.
        steps: what each migration executes; those of this osetra unless given.
        wanted: the schema version to reach.
        trace: called with each statement before it is executed.

    Raises:
        NewerSchema: the tables are from a newer osetra.
        StoreError: somebody works with them, there are none, or no way leads to the schema;
            StoreAway: the server cannot be reached.
    """
    import psycopg

    from osetra.stores.postgres.connection import connect
    from osetra.stores.postgres.errors import failed, is_away, unconnected

    try:
        with connect(url) as connection:
            connection.silence = math.inf  # a statement may rewrite a large table
            with connection.transaction():
                return _apply(connection, url, MIGRATIONS if steps is None else steps, wanted, trace)
    except psycopg.Error as error:
        lost = error.sqlstate is None or is_away(error)
        raise (unconnected if lost else failed)(error, url) from None


def _apply(
    connection: Connection, url: str, steps: Steps, wanted: int, trace: Callable[[str], None] | None
) -> Migration:
    """Migrate inside the transaction that has just begun."""
    from psycopg import sql

    def execute(statement: str, *names: str) -> None:
        if trace is not None:
            trace(statement)
        text = sql.SQL(statement)
        connection.execute(text.format(*map(sql.Identifier, names)) if names else statement)

    connection.execute(SQL["one_at_a_time"])
    ours, _ = connection.execute(SQL["present"]).fetchone() or (False, False)
    if not ours:
        raise StoreError(f"{mask(url)}: there is no study of osetra in this database; nothing to migrate")
    connection.execute(UPKEEP["shut"])
    (before,) = connection.execute(SQL["schema"]).fetchone() or (0,)
    if before > wanted:
        raise NewerSchema(f"{mask(url)}: schema {before} is newer than {wanted}; upgrade osetra")
    if not due(before, wanted, steps):
        return Migration(before, before, None)
    if others := _others(connection):
        raise StoreError(
            f"{mask(url)}: others work with it: {'; '.join(others)}; stop them, and migrate again"
        )
    kept = f"osetra_backup_{before}_{time.strftime('%Y%m%d_%H%M%S')}"
    execute(UPKEEP["keep"], kept)
    for (table,) in connection.execute(UPKEEP["tables"]).fetchall():
        execute(UPKEEP["keep_table"], kept, table, table)
    run(before, wanted, steps, execute)
    execute(UPKEEP["set_schema"].format(schema=wanted))
    return Migration(before, wanted, kept)


def _others(connection: Connection) -> list[str]:
    """Return who else is connected to the database as a program of ours."""
    deadline = time.monotonic() + PATIENCE
    while True:
        connection.execute(UPKEEP["look_anew"])
        others = [str(who) for (who,) in connection.execute(UPKEEP["others"])]
        if not others or time.monotonic() > deadline:
            return others
        time.sleep(0.05)
