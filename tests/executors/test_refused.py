"""A report that the store refuses fails its trial: neither its worker nor the study ends by it."""

import os

import pytest

import osetra as ose
from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Claimed, Noted, Suggested
from osetra.core.history import History
from osetra.errors import StoreError
from osetra.executors import supervisor
from osetra.executors.identity import this_process
from osetra.executors.recorder import Recorder
from osetra.executors.supervisor import Supervisor
from osetra.executors.wire import Channel, Done, Points, Record, Setup
from osetra.stores import MemoryStore

GOOD, BAD = (0, 1, "loss", 0.5), (0, 2, "bad", 0.5)


class Strict(MemoryStore):
    """A store that refuses a metric and a note."""

    def append(self, facts, points=(), *, lease=60.0):
        if any(p.metric == "bad" for p in points) or any(getattr(f, "name", "") == "bad" for f in facts):
            raise StoreError("the name 'bad' cannot be stored")
        return super().append(facts, points, lease=lease)


@pytest.fixture
def store():
    made = Strict()
    made.append([Suggested(1, {"x": 0.5}, 1), Claimed(1, 1, this_process())])
    return made


def ended(store):
    trial = History().extend(store.read(), *store.read_points()).trials[1]
    return trial.state, trial.value, trial.reason


REFUSED = ("failed", None, "what the training reported cannot be stored: the name 'bad' cannot be stored")


def test_the_last_reports_of_a_training_fail_its_trial(store):
    recorder = Recorder(store)
    recorder.buffer += [Point(1, 1, *GOOD), Point(1, 1, *BAD)]
    assert recorder.end(1, 1, Ending("finished", 0.5))
    assert ended(store) == REFUSED


def test_a_store_that_takes_nothing_at_all_is_not_the_trainings_fault():
    class Gone(MemoryStore):
        def append(self, facts, points=(), *, lease=60.0):
            raise StoreError("the file was deleted")

    with pytest.raises(StoreError, match="deleted"):
        Recorder(Gone()).end(1, 1, Ending("finished", 0.5))


class Child:
    """A training process that says what it is told to say."""

    def __init__(self, messages):
        here, there = os.pipe(), os.pipe()
        self.channel, self.speaker = Channel(here[0], there[1]), Channel(there[0], here[1])
        for message in messages:
            self.speaker.send(message)
        self.output, self.ended, self.killed = self, False, False

    def begin(self):
        pass

    def leaking(self):
        return False

    def kill(self):
        self.killed = True


@pytest.mark.parametrize(
    "messages",
    [
        [
            Points((1, 1), [GOOD] + [BAD] * 60),
            Done((1, 1), Ending("finished", 0.5)),
        ],  # written at once
        [Points((1, 1), [GOOD, BAD]), Done((1, 1), Ending("finished", 0.5))],  # written with the end
        [Record((1, 1), Noted("steps", "bad", "", {"steps": 3})), Done((1, 1), Ending("finished", 0.5))],
    ],
)
def test_a_supervisor_goes_on(store, messages, monkeypatch):
    monkeypatch.setattr(supervisor, "sweep", lambda: None)
    child = Child(messages)
    study = Channel(*os.pipe())
    setup = Setup(
        *("memory:", "s", "loss", "minimize", "best", b"", [], 0, 1, None, False, "", ""),
        quota=1.0,
        every=1.0,
    )
    worker = Supervisor(setup, study, store, this_process())
    worker.child = child
    worker.train(Claim(1, 1, {"x": 0.5}, 1), child)
    assert ended(store) == REFUSED
    assert worker.stopping is None
    store.append([Suggested(2, {"x": 0.5}, 2)])
    assert worker.claim().trial == 2


def test_inline_the_study_goes_on(monkeypatch):
    append = MemoryStore.append

    def refusing(self, facts, points=(), *, lease=60.0):
        if any(p.metric == "bad" for p in points):
            raise StoreError("the name 'bad' cannot be stored")
        return append(self, facts, points, lease=lease)

    monkeypatch.setattr(MemoryStore, "append", refusing)

    def train(run):
        for _ in range(3 if run.trial % 2 else 70):
            run.report(**{"loss" if run.trial > 2 else "bad": 0.5})
        return 0.5

    study = ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    study.run(train, trials=4)
    assert [trial.state for trial in study.trials] == ["failed", "failed", "finished", "finished"]
    assert all("cannot be stored" in trial.reason for trial in study.trials[:2])
