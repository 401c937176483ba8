"""Whether a file's schema is ours, word by word.

A schema is code: triggers, views, defaults and expressions run when a table is used. A file that comes
from somebody else may hold any, so one that holds more or other than ours is not worked with.
"""

from __future__ import annotations

import sqlite3
from functools import cache

from osetra.stores.statements import load

TABLES = load("sqlite/schema.sql")
"""What makes a new file, statement by statement."""
OBJECTS = load("sqlite/upkeep.sql")["objects"]
STATISTICS = ("sqlite_stat1", "sqlite_stat4")
"""Tables of SQLite's own, made by ANALYZE."""

Thing = tuple[str, str, str, str | None]
"""Kind, name, table and SQL text."""


def foreign(connection: sqlite3.Connection) -> list[str]:
    """Return a sentence for each thing in a file's schema that is not ours, or not as ours."""
    wanted, found = _ours(), _things(connection)
    strange, missing = sorted(found - wanted, key=str), sorted(wanted - found, key=str)
    return [
        *(f"its schema holds the {kind} {name!r:.80} as osetra never made it" for kind, name, *_ in strange),
        *(f"its schema lacks the {kind} {name!r} as osetra made it" for kind, name, *_ in missing),
    ]


def _things(connection: sqlite3.Connection) -> set[Thing]:
    rows = connection.execute(OBJECTS).fetchall()
    return {(kind, name, table, sql) for kind, name, table, sql in rows if name not in STATISTICS}


@cache
def _ours() -> frozenset[Thing]:
    connection = sqlite3.connect(":memory:")
    try:
        for statement in TABLES.values():
            connection.execute(statement)
        return frozenset(_things(connection))
    finally:
        connection.close()
