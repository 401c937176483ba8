"""A server that goes away while trainings run: they go on, and nothing they say is lost."""

import os
import signal
import subprocess
import sys
import time

import pytest

import osetra as ose
from executors import programs
from executors.test_processes import PROGRAMS, until
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Claimed, Noted, Seen, Suggested, Worker, ended
from osetra.core.history import History
from osetra.errors import LeaseLost, StoreAway
from osetra.executors.appending import end
from osetra.executors.identity import this_process
from osetra.executors.leases import give_up_lost
from osetra.executors.outbox import Outbox, left_behind
from osetra.executors.recorder import Recorder
from osetra.stores import MemoryStore
from osetra.testing.rig.postgres import Cluster

HERE = this_process()
DEAD = Worker(HERE.host, HERE.boot, 2**22 + 1, 1.0)


class Flaky(MemoryStore):
    """A memory store whose server can be switched off."""

    def __init__(self):
        super().__init__()
        self.away = False
        self.unheard = 0
        """How many answers are lost after the call took effect."""

    def append(self, facts, points=(), *, lease=60.0):
        if self.away:
            raise StoreAway("the server is away")
        version = super().append(facts, points, lease=lease)
        if self.unheard:
            self.unheard -= 1
            raise StoreAway("the connection broke")
        return version


@pytest.fixture
def store():
    made = Flaky()
    made.append([Suggested(1, {"x": 0.5}, 1), Claimed(1, 1, DEAD)])
    return made


def point(step):
    return Point(1, 1, 0, step, "loss", 0.5)


def test_what_is_said_meanwhile_is_delivered_in_order(store):
    outbox = Outbox(store, 1, 1)
    outbox.append([], [point(1)])
    store.away = True
    outbox.append([], [point(2)])
    outbox.append([Noted("steps", "9", "")], [point(3)])
    with pytest.raises(StoreAway):
        outbox.deliver()
    store.away = False
    outbox.append([], [point(4)])  # behind what waits, not before it
    assert len(store.read_points()[0]) == 1
    outbox.deliver()
    assert [p.step for p in store.read_points()[0]] == [1, 2, 3, 4]
    assert not outbox.file.exists()
    outbox.append([], [point(5)])
    assert len(store.read_points()[0]) == 5


def test_lost_answers_are_no_conflicts_later(store):
    outbox = Outbox(store, 1, 1)
    recorder = Recorder(outbox)
    store.unheard = 1
    recorder.record(Seen(1, 1))
    assert outbox.waiting
    outbox.deliver()
    store.unheard = 1
    assert end(outbox, 1, 1, Ending("finished", 0.5), [point(1)])
    with pytest.raises(LeaseLost):  # its own end stands there already
        outbox.deliver()
    outbox.discard()
    history = History().extend(store.read(), *store.read_points())
    assert history.trials[1].state == "finished"
    assert not outbox.waiting


def test_a_dead_workers_result_is_delivered_before_it_is_given_up(store):
    outbox = Outbox(store, 1, 1)
    store.away = True
    outbox.append([], [point(1)])
    assert end(outbox, 1, 1, Ending("finished", 0.25), [point(2)])
    store.away = False
    history = History().extend(store.read())
    assert give_up_lost(store, history) == []
    history = History().extend(store.read(), *store.read_points())
    assert (history.trials[1].state, history.trials[1].value) == ("finished", 0.25)
    assert history.curve(history.trials[1], "loss")[0].tolist() == [1, 2]
    assert not outbox.file.exists()
    assert not left_behind(store, 1, 1)


def test_an_unfinished_training_of_a_dead_worker_is_given_up_with_its_reports(store):
    outbox = Outbox(store, 1, 1)
    store.away = True
    outbox.append([], [point(1)])
    with outbox.file.open("ab") as file:
        file.write(b"\xff\x00\x00\x00torn")  # killed while writing
    store.away = False
    assert give_up_lost(store, History().extend(store.read())) == [1]
    assert len(store.read_points()[0]) == 1


def test_what_comes_too_late_counts_no_more(store):
    outbox = Outbox(store, 1, 1)
    store.away = True
    end(outbox, 1, 1, Ending("finished", 0.25), [point(1)])
    store.away = False
    store.append([ended(1, 1, "lost"), Claimed(1, 2, HERE)])
    with pytest.raises(LeaseLost):
        outbox.deliver()
    assert not left_behind(store, 1, 1)
    assert store.read_points()[0] == []


@pytest.mark.slow
def test_crashes_of_the_server_lose_nothing(monkeypatch, tmp_path):
    """Row 10: PostgreSQL is killed again and again under two workers; no worker dies of it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kills = int(os.environ.get("OSETRA_KILLS", "20")) // 4
    with Cluster() as cluster:
        study = ose.Study(cluster.url, programs.SPACE, minimize="loss", searcher="random")
        running = subprocess.Popen(
            [sys.executable, str(PROGRAMS), "short", cluster.url, "100000", "2"], start_new_session=True
        )
        for _ in range(kills):
            before = len(study.history.finished)
            assert until(lambda before=before: len(study.history.finished) > before + 5, 60)
            cluster.crash()
            time.sleep(0.5)
            cluster.start()
        running.send_signal(signal.SIGINT)
        running.wait(60)
        history = study.history
        assert history.running == []
        assert {trial.state for trial in history.ended} == {"finished"}
        for trial in history.finished:
            assert history.curve(trial, "loss")[0].tolist() == [1, 2, 3]
            assert [a.outcome for a in trial.attempts if a.outcome not in ("finished", "interrupted")] == []
        study.close()
