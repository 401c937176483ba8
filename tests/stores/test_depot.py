"""Checkpoints travel through the database to machines that have none of the files."""

import logging

import pytest

import osetra as ose
from osetra.core.facts import Suggested
from osetra.stores.postgres import PostgresStore, depot

SPACE = ose.Space(x=ose.Float(0, 1))


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Return a function that moves this process to another machine: one without our files."""

    def move(name):
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / name))

    move("first")
    return move


def counting(study, started):
    """A training that notes from which step each of its attempts goes on; the first one is paused."""

    def train(run):
        state = run.restore() or {"step": 0}
        started.append(state["step"])
        for step in run.steps(6):
            if run.attempt == 1 and step == 2:
                study.order(1, "pause")
            run.report(loss=1 / step)
            run.checkpoint(lambda step=step: {"step": step})

    return train


def test_a_training_goes_on_on_another_machine(cluster, name, machine):
    started = []
    always = ose.Checkpoints(every=0)
    study = ose.Study(cluster.url, SPACE, minimize="loss", name=name, scheduler="full", searcher="random")
    study.run(counting(study, started), trials=1, checkpoints=always)
    assert study.trials[0].state == "paused"
    study.close()
    machine("second")
    again = ose.Study(cluster.url, name=name)
    assert not again._store.checkpoints.exists()
    again.order(1, "resume")
    again.run(counting(again, started), trials=1, checkpoints=always)
    assert started == [0, 2]
    assert again.trials[0].state == "finished"
    assert again.curve(1, "loss")[0] == [1, 2, 3, 4, 5, 6]
    again.close()


@pytest.fixture
def store(cluster, name):
    made = PostgresStore(cluster.url, name)
    made.append([Suggested(1, {"x": 0.5}, 1)])
    yield made
    made.close()


def test_files_come_back_as_they_were(store, tmp_path):
    file = tmp_path / "a.npz"
    file.write_bytes(bytes(range(256)) * 1000)
    store.depot.put(file)
    store.depot.put(file)
    assert store.depot.names() == ["a.npz"]
    assert store.depot.get("a.npz") == file.read_bytes()
    assert store.depot.get("b.npz") is None
    store.depot.drop(["a.npz", "b.npz"])
    assert store.depot.names() == []
    store.depot.put(tmp_path / "gone.npz")
    assert store.depot.names() == []


def test_what_is_too_large_is_said_once(store, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(depot, "LARGEST", 10)
    (tmp_path / "a.npz").write_bytes(b"x" * 11)
    with caplog.at_level(logging.WARNING):
        store.depot.put(tmp_path / "a.npz")
        store.depot.put(tmp_path / "a.npz")
    assert store.depot.names() == []
    assert caplog.text.count("OSETRA_CHECKPOINTS") == 1


def test_a_shared_folder_needs_no_depot(store, monkeypatch, tmp_path):
    assert store.depot is not None
    monkeypatch.setenv("OSETRA_CHECKPOINTS", str(tmp_path))
    assert store.depot is None
