"""Copies are whole, made while others write, and never written over anything."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from osetra.core.facts import Noted
from osetra.errors import StoreError
from osetra.stores import open_store
from osetra.upkeep.backup import backup
from osetra.upkeep.check import check
from upkeep.studies import steered


@pytest.fixture
def study(tmp_path: Path) -> ose.Study:
    return steered(tmp_path / "s.db")


def test_a_backup_is_the_study_with_its_checkpoints(study: ose.Study, tmp_path: Path) -> None:
    made = backup(Path(study.url), tmp_path / "copy.db")
    assert made.sound
    one, two = open_store(study.url), open_store(str(tmp_path / "copy.db"))
    assert (two.read(), two.read_points()) == (one.read(), one.read_points())
    assert made.size == made.file.stat().st_size + sum(f.stat().st_size for f in two.checkpoints.iterdir())
    assert {p.name for p in two.checkpoints.iterdir()} <= {p.name for p in one.checkpoints.iterdir()}
    again = ose.Study(tmp_path / "copy.db")
    again.order(2, "resume")
    again.run(lambda run: run.restore() and 0.5, trials=5)
    assert again.trials[1].attempts[-1].source is not None  # it went on, and did not begin anew


def test_nothing_but_the_copy_is_left(study: ose.Study, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    made = backup(Path(study.url))
    new = set(tmp_path.iterdir()) - before
    assert new == {made.file, made.file.with_suffix(".checkpoints")}
    assert made.file.name.startswith("s-backup-2")


@pytest.mark.parametrize("name", ["there.db", "there.checkpoints", "link.db"])
def test_nothing_is_ever_overwritten(study: ose.Study, tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("nowhere") if name == "link.db" else (tmp_path / name).write_text("mine")
    with pytest.raises(StoreError, match="exists and is not overwritten"):
        backup(Path(study.url), tmp_path / name.replace(".checkpoints", ".db"))
    assert name == "link.db" or (tmp_path / name).read_text() == "mine"


def test_a_folder_that_does_not_exist_is_named(study: ose.Study, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="mkdir -p"):
        backup(Path(study.url), tmp_path / "far" / "copy.db")


def test_a_damaged_file_is_not_passed_on_as_a_backup(study: ose.Study, tmp_path: Path) -> None:
    path = Path(study.url)
    study.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("DELETE FROM sqlite_schema WHERE name = 'live'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="damaged and was not copied"):
        backup(path, tmp_path / "copy.db")
    assert not list(tmp_path.glob("*copy*"))


def test_a_backup_under_writers_is_sound_and_a_prefix(tmp_path: Path) -> None:
    path, done = tmp_path / "s.db", threading.Event()
    study = ose.Study(path, programs.SPACE, minimize="loss", searcher="random", scheduler="full")
    failed: list[BaseException] = []

    def write(slot: int) -> None:
        store, number = open_store(str(path)), 0
        try:
            while not done.is_set():
                number += 1
                store.append([Noted(f"n{slot}", str(number), "x" * 2000)])
        except BaseException as error:
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=write, args=(slot,)) for slot in range(3)]
    for thread in threads:
        thread.start()
    copies = [backup(path, tmp_path / f"copy-{i}.db") for i in range(4)]
    done.set()
    for thread in threads:
        thread.join()
    study.close()
    whole = open_store(str(path)).read()
    assert not failed
    for copy in copies:
        assert copy.sound
        kept = open_store(str(copy.file)).read()
        assert kept == whole[: len(kept)]
    assert check(path)[1].sound
