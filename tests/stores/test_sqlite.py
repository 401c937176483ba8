"""What is particular about the SQLite store: its file, its neighbours, its disk."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, Worker
from osetra.errors import NewerSchema, NotAStudy, StoreError, StoreFull
from osetra.stores import SqliteStore, open_store, studies
from osetra.stores.clock import Clock
from osetra.stores.sqlite.database import APPLICATION, WAL_LIMIT
from stores import programs

WORKER = Worker("host", "boot", 1, 0.0)


def _note(name: str, text: str = "") -> Noted:
    return Noted("topic", name, text)


def test_reading_creates_no_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    assert (store.read(), store.version(), store.studies(), store.expired()) == ([], 0, [], [])
    assert list(tmp_path.iterdir()) == []


def test_empty_file_becomes_a_study(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    assert SqliteStore(tmp_path / "a.db").append([_note("a")]) == 1


def test_file_is_marked_as_ours(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("a")])
    store.close()
    assert int.from_bytes((tmp_path / "a.db").read_bytes()[68:72], "big") == APPLICATION


def test_closing_leaves_one_file_and_its_lock(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("a")])
    store.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.db", "a.db-lock"]


def test_use_after_close_opens_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("a")])
    store.close()
    assert store.append([_note("b")]) == 2


def test_relative_path_survives_a_change_of_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert SqliteStore("a.db").url == str(tmp_path / "a.db")


def test_several_studies_share_a_file(tmp_path: Path) -> None:
    url = str(tmp_path / "a.db")
    for name in ("one", "two"):
        open_store(url, name).append([_note(name)])
    assert studies(url) == ["one", "two"]
    assert [e.fact for e in open_store(url, "two").read()] == [_note("two")]


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 4080])
def test_foreign_file_is_refused_untouched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    before = path.stat().st_mtime_ns
    with pytest.raises(StoreError, match=r"data\.csv"):
        SqliteStore(path)
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == before
    assert list(tmp_path.iterdir()) == [path]


def test_text_file_is_not_a_study(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    with pytest.raises(NotAStudy, match=r"data\.csv is no study .*left untouched"):
        SqliteStore(tmp_path / "data.csv")


def test_database_of_another_program_is_not_a_study(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "b.db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    content = (tmp_path / "b.db").read_bytes()
    with pytest.raises(NotAStudy, match="another program"):
        SqliteStore(tmp_path / "b.db")
    assert (tmp_path / "b.db").read_bytes() == content


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("a")])
    store.close()
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(NewerSchema, match="pip install --upgrade osetra"):
        SqliteStore(tmp_path / "a.db")


def test_unknown_kind_of_fact_asks_for_an_upgrade(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("a")])
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute('UPDATE fact SET body = \'{"type": "dreamt"}\'')
    connection.commit()
    connection.close()
    with pytest.raises(NewerSchema, match="upgrade this one"):
        store.read()


def test_damaged_file_says_how_to_rescue(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note(str(i), "x" * 1000) for i in range(100)])
    store.close()
    with (tmp_path / "a.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40960)
    with pytest.raises(StoreError, match=r"damaged .*osetra db recover"):
        SqliteStore(tmp_path / "a.db").read()


def test_missing_folder_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"mkdir -p .*nowhere"):
        SqliteStore(tmp_path / "nowhere" / "a.db")


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"this is a folder; use .*study\.db"):
        SqliteStore(tmp_path)


@pytest.mark.parametrize("sealed", ["a.db", "."])
def test_read_only_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed: str) -> None:
    (tmp_path / "a.db").touch()
    place = (tmp_path / sealed).resolve()
    # Permissions do not bind the administrator, who may run these tests.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place)
    with pytest.raises(StoreError, match=rf"{place} cannot be written .*chmod u\+w {place}"):
        SqliteStore(tmp_path / "a.db")


def test_deleted_file_is_noticed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("a")])
    (tmp_path / "a.db").unlink()
    with pytest.raises(StoreError, match=r"moved, deleted or replaced.*-wal"):
        store.append([_note("b")])


def test_full_disk_writes_nothing_and_the_same_append_succeeds_later(tmp_path: Path) -> None:
    full = SqliteStore(tmp_path / "a.db", limit=200_000)
    full.append([Suggested(1, {"lr": 0.5}, 1), Claimed(1, 1, WORKER)])
    with pytest.raises(StoreFull, match=r"a\.db: no space left; nothing was lost"):
        for i in range(10_000):
            waiting = [_note(str(i), "x" * 5000)], [Point(1, 1, 0, i, f"metric {i}", 0.5)]
            full.append(*waiting)
    before = (full.read(), full.read_points())
    full.close()
    roomy = SqliteStore(tmp_path / "a.db")
    assert (roomy.read(), roomy.read_points()) == before
    assert roomy.append(*waiting) == len(before[0]) + 1
    assert roomy.read_points()[0] == [*before[1][0], *waiting[1]]


def test_jump_of_the_clock_suspends_expiry_for_one_lease(tmp_path: Path) -> None:
    wall, monotonic = [1000.0], [0.0]
    clock = Clock(wall=lambda: wall[0], monotonic=lambda: monotonic[0])
    store = SqliteStore(tmp_path / "a.db", clock=clock)
    store.append([Claimed(1, 1, WORKER)], lease=60.0)
    wall[0] += 3600.0
    assert store.expired() == []
    wall[0], monotonic[0] = wall[0] + 59.0, monotonic[0] + 59.0
    assert store.expired() == []
    wall[0], monotonic[0] = wall[0] + 2.0, monotonic[0] + 2.0
    assert store.expired() == [(1, 1)]


def test_quiet_clock_lets_leases_expire(tmp_path: Path) -> None:
    wall, monotonic = [1000.0], [0.0]
    clock = Clock(wall=lambda: wall[0], monotonic=lambda: monotonic[0])
    store = SqliteStore(tmp_path / "a.db", clock=clock)
    store.append([Claimed(1, 1, WORKER)], lease=60.0)
    wall[0], monotonic[0] = 1061.0, 58.0
    assert store.expired() == [(1, 1)]


def test_forked_process_writes_through_its_own_connection(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    store.append([_note("parent")])
    child = os.fork()
    if child == 0:
        try:
            store.append([_note("child")])
        finally:
            os._exit(0)
    store.append([_note("parent again")])
    assert os.waitpid(child, 0)[1] == 0
    names = {entry.fact.name for entry in store.read() if isinstance(entry.fact, Noted)}
    assert names == {"parent", "child", "parent again"}


def test_write_ahead_log_stays_bounded(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    store, largest = SqliteStore(path), 0
    store.append([_note("a")])
    done = threading.Event()

    def watch() -> None:
        nonlocal largest
        while not done.wait(0.005):
            largest = max(largest, (tmp_path / "a.db-wal").stat().st_size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    programs.run("flood", path, 3, 300)
    done.set()
    watcher.join()
    assert len(store.read_points()[0]) == 3 * 300 * 100
    assert WAL_LIMIT < largest < 2 * WAL_LIMIT
