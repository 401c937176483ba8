"""A file of an older schema is brought up to date whole, or stays as it was, whenever the kill comes."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from osetra.errors import NewerSchema, StoreError
from osetra.stores import open_store
from osetra.stores.migrations import due, run
from osetra.stores.sqlite.database import SCHEMA
from osetra.stores.sqlite.migrate import migrate
from osetra.stores.statements import migrations
from osetra.upkeep.check import check
from upkeep.studies import steered

# An invented past: facts without their time, which a migration adds, in four statements.
STEPS = {
    1: [
        "ALTER TABLE fact RENAME TO older",
        "CREATE TABLE fact (\n"
        "    study   INTEGER NOT NULL REFERENCES study,\n"
        "    version INTEGER NOT NULL,  -- 1, 2, 3, … without gaps\n"
        "    time    REAL    NOT NULL,  -- Unix seconds\n"
        "    key     TEXT    NOT NULL,\n"
        "    body    TEXT    NOT NULL,  -- JSON\n"
        "    PRIMARY KEY (study, version),\n"
        "    UNIQUE (study, key)\n"
        ") STRICT, WITHOUT ROWID",
        "INSERT INTO fact SELECT study, version, 0.0, key, body FROM older",
        "DROP TABLE older",
    ]
}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of the invented schema 0."""
    path = tmp_path / "s.db"
    steered(path).close()
    connection = sqlite3.connect(path)
    connection.executescript(
        "ALTER TABLE fact RENAME TO new;"
        "CREATE TABLE fact (study INT, version INT, key TEXT, body TEXT);"
        "INSERT INTO fact SELECT study, version, key, body FROM new; DROP TABLE new;"
        "PRAGMA user_version = 0"
    )
    connection.close()
    return path


def state(path: Path) -> tuple[int, int, list[str]]:
    connection = sqlite3.connect(path)
    try:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(fact)")]
        return schema, connection.execute("SELECT count(*) FROM fact").fetchone()[0], columns
    finally:
        connection.close()


def test_an_old_file_becomes_a_sound_new_one_and_is_kept_beside_it(old: Path) -> None:
    before = state(old)
    done = migrate(old, steps=STEPS)
    assert (done.before, done.after) == (0, SCHEMA)
    assert done.backup is not None and state(done.backup) == before
    assert all(audit.sound for audit in check(old))
    assert len(open_store(str(old)).read()) == before[1]
    assert migrate(old, steps=STEPS).backup is None


def test_an_error_at_any_statement_leaves_the_old_file(old: Path) -> None:
    before = state(old)
    for place in range(len(STEPS[1]) + 1):
        broken = {1: [*STEPS[1][:place], "no SQL at all", *STEPS[1][place:]]}
        with pytest.raises(StoreError):
            migrate(old, steps=broken)
        assert state(old) == before
        for backup in old.parent.glob("s-schema-0*"):
            backup.unlink()


@pytest.mark.parametrize("place", range(len(STEPS[1]) + 2))
def test_a_kill_at_any_statement_leaves_the_old_file_or_the_new_one(old: Path, place: int) -> None:
    before = state(old)
    child = os.fork()
    if child == 0:
        count = iter(range(99))

        def die(_: str) -> None:
            if next(count) == place:
                os.kill(os.getpid(), signal.SIGKILL)

        migrate(old, steps=STEPS, trace=die)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status)
    assert state(old) == before
    for backup in old.parent.glob("s-schema-0*"):
        backup.unlink()
    assert migrate(old, steps=STEPS).after == SCHEMA
    assert all(audit.sound for audit in check(old))


def test_a_newer_file_is_refused_and_a_way_that_is_missing_is_named(old: Path) -> None:
    with pytest.raises(StoreError, match="migration 2 is not part of this osetra"):
        migrate(old, steps=STEPS, wanted=2)
    migrate(old, steps=STEPS)
    with pytest.raises(NewerSchema, match="newer than 0"):
        migrate(old, steps=STEPS, wanted=0)


def test_migrations_are_executed_in_order_and_only_those_that_are_due() -> None:
    steps, done = {3: ["c"], 1: ["a1", "a2"], 2: ["b"]}, list[str]()
    assert run(1, 3, steps, done.append) == [2, 3]
    assert done == ["b", "c"]
    assert due(3, 3, steps) == []
    assert run(0, 2, steps, done.append) == [1, 2]


def test_every_migration_up_to_the_present_schema_is_there() -> None:
    assert set(range(2, SCHEMA + 1)) <= set(migrations("sqlite/migrations"))
