"""A study followed while it is made, written, moved, replaced and deleted: nothing is ever changed."""

import hashlib
import shutil

import pytest

import osetra as ose
from osetra.dashboard import follow
from osetra.dashboard.follow import Follower
from osetra.stores import storage_of
from osetra.stores.address import Address
from osetra.stores.sqlite.reader import SqliteReader


def train(run):
    for step in run.steps(4):
        run.report(val_loss=1.0 / step, train_loss=0.5 / step)


def tuned(url, trials, name="main"):
    space = ose.Space(lr=ose.Float(1e-4, 1.0, scale="log"))
    study = ose.Study(url, space, minimize="val_loss", name=name, searcher="random", scheduler="full")
    study.run(train, trials=trials, progress=False)
    return study


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(follow, "AGAIN", 0.0)


def same(view, study):
    history = study.history
    assert view.history.version == history.version
    assert {n: t.state for n, t in view.history.trials.items()} == {
        n: t.state for n, t in history.trials.items()
    }
    for trial in history.trials.values():
        for metric in history.curves.metrics:
            assert [a.tolist() for a in view.history.curve(trial, metric)] == [
                a.tolist() for a in history.curve(trial, metric)
            ]


def test_a_study_is_followed_from_before_it_is_there_until_after_it_is_gone(tmp_path):
    file = tmp_path / "s.db"
    follower = Follower(Address(str(file)))
    assert follower.look() is None and "no such file" in follower.trouble
    file.touch()
    assert follower.look() is None and "being created" in follower.trouble
    file.unlink()
    study = tuned(file, 2)
    first = follower.look()
    assert first is not None and follower.trouble == ""
    same(first, study)
    assert follower.look() is first, "nothing is new"
    study.run(train, trials=5, progress=False)
    second = follower.look()
    same(second, study)
    assert second.generation == first.generation
    study.close()
    file.unlink()
    assert follower.look() is second and "no such file" in follower.trouble


def test_a_file_that_is_replaced_is_another_log(tmp_path):
    file, other = tmp_path / "s.db", tmp_path / "other.db"
    tuned(file, 3).close()
    follower = Follower(Address(str(file)))
    first = follower.look()
    study = tuned(other, 2)
    study.close()
    for end in ("-wal", "-shm", "-lock"):
        file.with_name(f"s.db{end}").unlink(missing_ok=True)
    shutil.move(other, file)
    second = follower.look()
    assert second.generation > first.generation
    same(second, ose.Study(file))


def test_studies_of_one_file_are_told_apart_and_one_that_is_deleted_is_gone(tmp_path):
    file = tmp_path / "s.db"
    tuned(file, 2, "a").close()
    study = tuned(file, 3, "b")
    follower = Follower(Address(str(file), "b"))
    same(follower.look(), study)
    study.close()
    storage_of(str(file)).delete("b")
    follower.look()
    assert "no study 'b'" in follower.trouble


def test_looking_changes_nothing(tmp_path):
    file = tmp_path / "s.db"
    tuned(file, 3).close()
    before = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.iterdir()
        if path.is_file()
    }
    follower = Follower(Address(str(file)))
    assert follower.look() is not None
    follower.close()
    after = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tmp_path.iterdir()
        if path.is_file()
    }
    assert {name: after[name] for name in before if name.endswith(".db")} == {
        name: value for name, value in before.items() if name.endswith(".db")
    }
    reader = SqliteReader(file)
    reader.read()
    with pytest.raises(Exception, match=r"readonly|read-only|query_only"):
        reader._connection.execute("DELETE FROM fact")


def test_somebody_who_looks_does_not_keep_the_log_from_being_folded_in(tmp_path):
    file = tmp_path / "s.db"
    study = tuned(file, 2)
    follower = Follower(Address(str(file)))
    follower.look()
    study.run(train, trials=30, progress=False)
    follower.look()
    study.close()
    wal = file.with_name("s.db-wal")
    assert not wal.exists() or wal.stat().st_size == 0


@pytest.mark.parametrize("text", ["not a database at all, certainly", ""])
def test_what_is_no_study_is_a_sentence(tmp_path, text):
    file = tmp_path / "s.db"
    file.write_text(text)
    follower = Follower(Address(str(file)))
    assert follower.look() is None
    assert follower.trouble


def test_a_newer_store_is_named(tmp_path):
    import sqlite3

    file = tmp_path / "s.db"
    tuned(file, 1).close()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    follower = Follower(Address(str(file)))
    assert follower.look() is None
    assert "newer osetra" in follower.trouble
