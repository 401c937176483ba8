"""Storages: found by their address, and each answers for its own kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from osetra.core.facts import Noted
from osetra.errors import StoreError, StudyError
from osetra.stores import Storage, open_store, storage_of, studies
from osetra.stores.sqlite.storage import SqliteStorage
from osetra.testing.rig.postgres import Cluster


def filled(url: str, *names: str) -> Storage:
    for name in names:
        store = open_store(url, name)
        store.append([Noted("topic", "name", "text")])
        store.close()
    return storage_of(url)


def answers(storage: Storage) -> None:
    """Ask for everything that both kinds can do."""
    assert set(storage.studies()) >= {"one", "two"}
    store = storage.open("one")
    assert store.version() == 1
    store.close()
    inspections = [one for one in storage.inspect(["one", "two"]) if one.study in ("one", "two")]
    assert [(one.study, len(one.entries), list(one.faults)) for one in inspections] == [
        ("one", 1, []),
        ("two", 1, []),
    ]
    assert storage.collect(["one", "two"], dry_run=True).rubbish == []
    done = storage.migrate()
    assert done.backup is None and done.before == done.after


def test_a_path_and_its_url_name_one_file(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    assert storage_of(str(file)) == storage_of(f"sqlite:///{file}") == SqliteStorage(file)


def test_a_file_answers(tmp_path: Path) -> None:
    storage = filled(str(tmp_path / "s.db"), "one", "two")
    answers(storage)
    assert next(iter(storage.inspect())).study is None, "the file itself comes first"
    assert storage.snapshot(tmp_path / "part.db", tmp_path / "copy.db") == 0
    assert studies(str(tmp_path / "part.db")) == ["one", "two"]
    assert storage.backup_name().parent == tmp_path
    assert storage.recoverable() == tmp_path / "s.db"
    with pytest.raises(StudyError, match="is no server; a file is created by its first study"):
        storage.create()


def test_a_database_answers(cluster: Cluster, tmp_path: Path) -> None:
    database = f"{cluster.url}_storage"
    assert storage_of(database).create() == database.rpartition("/")[2]
    with pytest.raises(StudyError, match="there is no study in it yet"):
        list(storage_of(database).inspect())
    storage = filled(database, "one", "two")
    answers(storage)
    assert [one.study for one in storage.inspect()] == ["one", "two"]
    assert storage.snapshot(tmp_path / "part.db", tmp_path / "copy.db") is None
    assert not (tmp_path / "part.db").exists()
    assert storage.backup_name().name.startswith(f"{cluster.database}_storage-backup-")
    with pytest.raises(StudyError, match="PostgreSQL recovers its databases itself"):
        storage.recoverable()


def test_memory_is_no_storage() -> None:
    assert studies("memory:") == []
    with pytest.raises(StoreError, match="gone when this program ends"):
        storage_of("memory:")
