"""Every store does what any store has to do."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested
from osetra.core.ports import Store
from osetra.errors import StoreError
from osetra.stores import MemoryStore, SqliteStore, open_store, studies
from osetra.stores.postgres import PostgresStore
from osetra.testing.rig.postgres import Cluster
from osetra.testing.store_machine import store_machine
from osetra.testing.stores import CHECKS, SHARED_CHECKS, WORKER, Check, Factory

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


LONG = "is longer than 1000 bytes; shorten or clean it"
NO_FOLDER = "bytes as the folder of its checkpoints, and file systems allow 255; shorten it"


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ("a\0b", "holds the character NUL; shorten or clean it"),
        ("a\ud800", "holds half of a character, a stray surrogate; shorten or clean it"),
        ("a" * 1001, LONG),
        ("ß" * 600, LONG),
        ("a" * 250, f"needs 256 {NO_FOLDER}"),
        ("/" * 100, f"needs 306 {NO_FOLDER}"),
        ("", "is blank; a study's name has a letter or more"),
        (" \t", "is blank; a study's name has a letter or more"),
    ],
    ids=["NUL", "surrogate", "long", "bytes", "folder", "quoted folder", "empty", "blank"],
)
def test_all_stores_refuse_the_same_names_with_one_sentence(
    study: str, words: str, cluster: Cluster, tmp_path: Path
) -> None:
    for url in ("memory:", str(tmp_path / "study.db"), cluster.url):
        with pytest.raises(StoreError) as caught:
            open_store(url, study)
        assert str(caught.value) == f"the name {study[:60]!r} {words}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "study", ["a" * 249, "..", ".", "a/b", "CON", "tab\tname", "größe", "main ", "'; --"]
)
def test_all_stores_take_the_same_names(study: str, cluster: Cluster, tmp_path: Path) -> None:
    for url in ("memory:", str(tmp_path / "study.db"), cluster.url):
        with closing(open_store(url, study)) as store:
            store.append([Noted("a", "b", "c")])
            assert store.checkpoints.name.startswith("study-") or url == "memory:"
            assert len(store.checkpoints.name.encode()) <= 255
        if url != "memory:":
            assert study in studies(url)


NAMES = ("a\0b", "a\ud800", "a" * 1001)


@pytest.mark.parametrize("name", NAMES, ids=["NUL", "surrogate", "long"])
def test_all_stores_refuse_the_same_metrics_and_keys(name: str, cluster: Cluster, tmp_path: Path) -> None:
    said = set()
    for url in ("memory:", str(tmp_path / "study.db"), cluster.url):
        with closing(open_store(url, f"refuses-{NAMES.index(name)}")) as store:
            store.append([Suggested(1, {}, 0, "person"), Claimed(1, 1, WORKER)])
            for facts, points in (([Noted(name, "b", "c")], []), ([], [Point(1, 1, 0, 1, name, 0.5)])):
                with pytest.raises(StoreError) as caught:
                    store.append(facts, points)
                said.add(str(caught.value).replace("noted/", "").replace("/b", "")[:40])
            assert store.version() == 2
    assert len(said) == 1
