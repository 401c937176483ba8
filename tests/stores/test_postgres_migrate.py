"""A database of an older schema is brought up to date whole, or stays as it was."""

from __future__ import annotations

import itertools

import pytest

from osetra.core.facts import Noted
from osetra.errors import NewerSchema, StoreAway, StoreError
from osetra.stores import open_store
from osetra.stores.postgres import create_database
from osetra.stores.postgres.connection import connect
from osetra.stores.postgres.migrate import migrate
from osetra.stores.postgres.server import MIGRATIONS, SCHEMA
from osetra.testing.rig.postgres import Cluster

# An invented past: facts without their time, which a migration adds.
STEPS = {
    SCHEMA: [
        "ALTER TABLE osetra.fact ADD time double precision",
        "UPDATE osetra.fact SET time = 7.5",
        "ALTER TABLE osetra.fact ALTER time SET NOT NULL",
    ]
}
OLD = SCHEMA - 1
STATEMENTS = 1 + 6 + len(STEPS[SCHEMA]) + 1
"""The namespace, a copy of each table, the steps, the new version."""

_numbers = itertools.count()


@pytest.fixture
def old(cluster: Cluster) -> str:
    """The URL of a database of the invented older schema."""
    url = f"{cluster.url.rpartition('/')[0]}/old_{next(_numbers)}"
    create_database(url)
    store = open_store(url, "a")
    store.append([Noted("a", str(n), "c") for n in range(5)])
    store.close()
    with connect(url) as connection:
        connection.execute("ALTER TABLE osetra.fact DROP time")
        connection.execute(f"UPDATE osetra.about SET schema = {OLD}")
    return url


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with connect(url) as connection:
        return connection.execute(query).fetchall()


def state(url: str) -> list[object]:
    """Version, columns and rows of the facts, and every namespace of ours."""
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'osetra' "
    return [
        rows(url, "SELECT schema FROM osetra.about"),
        rows(url, f"{columns} AND table_name = 'fact' ORDER BY 1"),
        rows(url, "SELECT study, version, key, body FROM osetra.fact ORDER BY version"),
        rows(url, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'osetra%' ORDER BY 1"),
    ]


def test_an_old_database_is_brought_up_to_date_beside_its_old_tables(old: str) -> None:
    before = state(old)
    with pytest.raises(StoreError, match="osetra db migrate"):
        open_store(old, "a")
    done = migrate(old, steps=STEPS)
    assert (done.before, done.after) == (OLD, SCHEMA)
    store = open_store(old, "a")
    assert [entry.time for entry in store.read()] == [7.5] * 5
    assert store.append([Noted("a", "new", "c")]) == 6
    store.close()
    assert str(done.backup).startswith(f"osetra_backup_{OLD}_")
    assert rows(old, f"SELECT study, version, key, body FROM {done.backup}.fact ORDER BY 2") == before[2]
    assert rows(old, f"SELECT schema FROM {done.backup}.about") == [(OLD,)]
    assert migrate(old, steps=STEPS).backup is None


@pytest.mark.parametrize("place", range(STATEMENTS))
def test_a_connection_that_is_cut_at_any_statement_leaves_the_old_tables(
    old: str, cluster: Cluster, place: int
) -> None:
    before, count = state(old), itertools.count()
    database = old.rpartition("/")[2]

    def cut(_: str) -> None:
        if next(count) == place:
            cluster.sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                f"WHERE datname = '{database}' AND application_name = 'osetra'"
            )

    with pytest.raises(StoreAway, match="cannot be reached"):
        migrate(old, steps=STEPS, trace=cut)
    assert state(old) == before
    assert migrate(old, steps=STEPS).after == SCHEMA


def test_an_error_in_a_migration_leaves_the_old_tables(old: str) -> None:
    before = state(old)
    with pytest.raises(StoreError, match="syntax error"):
        migrate(old, steps={SCHEMA: [*STEPS[SCHEMA], "no SQL at all"]})
    assert state(old) == before


def test_whoever_works_with_it_is_named_and_nothing_is_done(old: str) -> None:
    before = state(old)
    with connect(old) as other:
        pid = other.info.backend_pid
        with pytest.raises(
            StoreError, match=f"process {pid} of user osetra from 127.0.0.1 since 20.*stop them"
        ):
            migrate(old, steps=STEPS)
    assert state(old) == before


def test_who_comes_meanwhile_waits_and_finds_the_new_tables(old: str) -> None:
    waiting = []

    def come(statement: str) -> None:
        if statement == STEPS[SCHEMA][0]:
            with connect(old) as other:
                other.execute("SET lock_timeout = 100")
                with pytest.raises(Exception, match="lock timeout"):
                    other.execute("SELECT schema FROM osetra.about")
            waiting.append(True)

    migrate(old, steps=STEPS, trace=come)
    assert waiting


def test_what_cannot_be_migrated_is_said_to_be(old: str, cluster: Cluster) -> None:
    with pytest.raises(StoreError, match=f"migration {SCHEMA + 1} is not part of this osetra"):
        migrate(old, steps=STEPS, wanted=SCHEMA + 1)
    with pytest.raises(NewerSchema, match=f"newer than {OLD - 1}"):
        migrate(old, steps=STEPS, wanted=OLD - 1)
    empty = old.replace("/old_", "/empty_")
    with pytest.raises(StoreError, match="osetra db create"):
        migrate(empty)
    create_database(empty)
    with pytest.raises(StoreError, match="nothing to migrate"):
        migrate(empty)
    with pytest.raises(StoreAway, match="cannot be reached"):
        migrate("postgresql://u@127.0.0.1:1/db")


def test_every_migration_up_to_the_present_schema_is_there() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA + 1))
