"""A full disk pauses a study; space lets it go on; nothing is lost."""

import time

import pytest

import osetra as ose
from osetra.errors import StoreFull
from osetra.stores import open_store

SPACE = ose.Space(x=ose.Float(0, 1))


class FullForAWhile:
    """A store on a disk that is full from its nth write on, for a second."""

    def __init__(self, store, nth):
        self.store, self.nth, self.writes, self.since, self.refused = store, nth, 0, None, 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def append(self, facts, points=(), *, lease=60.0):
        self.writes += 1
        if self.writes >= self.nth:
            self.since = self.since or time.monotonic()
            if time.monotonic() - self.since < 1.0:
                self.refused += 1
                raise StoreFull("s.db: the disk is full")
        return self.store.append(facts, points, lease=lease)


@pytest.mark.parametrize("nth", range(3, 9))
def test_a_study_pauses_on_a_full_disk_and_goes_on_when_there_is_room(tmp_path, monkeypatch, caplog, nth):
    store = FullForAWhile(open_store(str(tmp_path / "s.db")), nth)
    monkeypatch.setattr("osetra.study.study.open_store", lambda url, name: store)
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random", scheduler="full")

    def train(run):
        for step in run.steps(60):
            run.report(loss=run.config["x"], other=step)

    study.run(train, trials=3)
    assert store.refused
    assert "disk is full; the study pauses until there is room again" in caplog.text
    assert [trial.state for trial in study.trials] == ["finished"] * 3
    assert all(study.curve(n, "other")[1] == list(range(1, 61)) for n in (1, 2, 3))
