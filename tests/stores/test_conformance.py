"""Every store does what any store has to do."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from osetra.core.ports import Store
from osetra.stores import MemoryStore, SqliteStore
from osetra.stores.postgres import PostgresStore
from osetra.testing.rig.postgres import Cluster
from osetra.testing.store_machine import store_machine
from osetra.testing.stores import CHECKS, SHARED_CHECKS, Check, Factory

_numbers = itertools.count()


@pytest.fixture
def stores() -> Iterator[list[Store]]:
    opened: list[Store] = []
    yield opened
    for store in opened:
        store.close()


def _remembered(make: Factory, opened: list[Store]) -> Factory:
    def open_one() -> Store:
        opened.append(make())
        return opened[-1]

    return open_one


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_memory_store(check: Check) -> None:
    check(MemoryStore)


@pytest.mark.parametrize("check", CHECKS + SHARED_CHECKS, ids=lambda check: check.__name__)
def test_sqlite_store(check: Check, tmp_path: Path, stores: list[Store]) -> None:
    check(_remembered(lambda: SqliteStore(tmp_path / "a.db"), stores))


@pytest.mark.parametrize("check", CHECKS + SHARED_CHECKS, ids=lambda check: check.__name__)
def test_second_study_of_a_file(check: Check, tmp_path: Path, stores: list[Store]) -> None:
    from osetra.testing.stores import check_points_exact

    # A neighbour whose facts, points and metric names must not show.
    check_points_exact(_remembered(lambda: SqliteStore(tmp_path / "a.db", "first"), stores))
    if check.__name__ == "check_empty_log":
        assert SqliteStore(tmp_path / "a.db", "second").read_points()[0] == []
    else:
        check(_remembered(lambda: SqliteStore(tmp_path / "a.db", "second"), stores))


@pytest.mark.parametrize("check", CHECKS + SHARED_CHECKS, ids=lambda check: check.__name__)
def test_sqlite_store_without_flock(
    check: Check, tmp_path: Path, stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osetra.stores.sqlite.database.AVAILABLE", False)
    check(_remembered(lambda: SqliteStore(tmp_path / "a.db"), stores))
    assert not list(tmp_path.glob("a.db-*"))


@pytest.mark.parametrize("check", CHECKS + SHARED_CHECKS, ids=lambda check: check.__name__)
def test_postgres_store(check: Check, cluster: Cluster, name: str, stores: list[Store]) -> None:
    check(_remembered(lambda: PostgresStore(cluster.url, name), stores))


def test_postgres_answers_as_memory_does(cluster: Cluster, stores: list[Store]) -> None:
    machine: type[RuleBasedStateMachine] = store_machine(
        lambda: PostgresStore(cluster.url, f"machine-{next(_numbers)}")
    )
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )


def test_sqlite_answers_as_memory_does() -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine: type[RuleBasedStateMachine] = store_machine(
            lambda: SqliteStore(Path(folder) / f"{next(_numbers)}.db")
        )
        run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=25))


def test_memory_answers_as_memory_does() -> None:
    run_state_machine_as_test(store_machine(MemoryStore), settings=settings(max_examples=20))
