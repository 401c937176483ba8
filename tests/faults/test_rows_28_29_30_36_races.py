"""Rows 28, 29, 30, 36: reapers, results, clocks and forks that meet."""

import os
import threading

import pytest

from faults import SOAK
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Claimed, Ended, Noted, Suggested, Worker
from osetra.core.history import History
from osetra.errors import LeaseLost
from osetra.executors.appending import end
from osetra.executors.leases import give_up_lost
from osetra.executors.recorder import Recorder
from osetra.stores import MemoryStore, SqliteStore
from osetra.stores.clock import Clock

FAR = Worker("another host", "boot", 1, 0.0)


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "a.db")
    yield made
    made.close()


def expired(store, trials):
    """Return the history of trials whose workers are far away and silent."""
    suggested = [Suggested(n, {"lr": 0.5}, n) for n in range(1, trials + 1)]
    store.append([*suggested, *(Claimed(n, 1, FAR) for n in range(1, trials + 1))], lease=0.0)
    return History().extend(store.read())


class Meanwhile:
    """A store at which something happens right after the reaper has looked for expired leases."""

    def __init__(self, store, event):
        self.store, self.event = store, event

    def __getattr__(self, name):
        return getattr(self.store, name)

    def expired(self):
        found = self.store.expired()
        self.event()
        return found


def test_row_29_a_result_that_comes_between_the_reapers_look_and_its_verdict_stays(store):
    history = expired(store, 1)
    finish = lambda: end(store, 1, 1, Ending("finished", 0.5), [Point(1, 1, 0, 1, "loss", 0.5)])  # noqa: E731
    assert give_up_lost(Meanwhile(store, finish), history) == []
    after = History().extend(store.read(), *store.read_points())
    assert (after.trials[1].state, after.trials[1].value) == ("finished", 0.5)


def test_row_29_a_result_after_the_verdict_is_refused_with_its_points(store):
    history = expired(store, 1)
    assert give_up_lost(store, history) == [1]
    assert not end(store, 1, 1, Ending("finished", 0.5), [Point(1, 1, 0, 1, "loss", 0.5)])
    recorder = Recorder(store)
    with pytest.raises(LeaseLost):
        recorder.add([Point(1, 1, 0, step, "loss", 0.5) for step in range(100)])
    after = History().extend(store.read(), *store.read_points())
    assert after.trials[1].state == "queued" and store.read_points()[0] == []


def test_row_29_a_reaper_with_an_old_history_does_not_end_the_attempt_that_came_after(store):
    history = expired(store, 1)
    assert give_up_lost(store, history) == [1]
    store.append([Claimed(1, 2, FAR)], lease=0.0)
    assert give_up_lost(store, history) == []
    assert [t.number for t in History().extend(store.read()).running] == [1]


def test_row_30_ten_reapers_give_every_trial_up_once(store):
    trials = 10_000 if SOAK else 200
    history, won = expired(store, trials), []
    gate = threading.Barrier(10)

    def reap():
        gate.wait()
        won.extend(give_up_lost(store, history))

    reapers = [threading.Thread(target=reap) for _ in range(10)]
    for reaper in reapers:
        reaper.start()
    for reaper in reapers:
        reaper.join()
    assert sorted(won) == list(range(1, trials + 1))
    assert sum(isinstance(entry.fact, Ended) for entry in store.read()) == trials


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_row_28_no_renewed_lease_is_given_up_when_the_clock_jumps(tmp_path, jump):
    """Two hundred jumps; the worker renews every 10 s, the reaper looks once a second."""
    offset, now = 0.0, 0.0
    clock = lambda: Clock(wall=lambda: 1e9 + now + offset, monotonic=lambda: now)  # noqa: E731
    path = tmp_path / "a.db"
    worker, reaper = SqliteStore(path, clock=clock()), SqliteStore(path, clock=clock())
    worker.append([Suggested(1, {"lr": 0.5}, 1), Claimed(1, 1, FAR)])
    history = History().extend(worker.read())
    for turn in range(200 if SOAK else 20):
        offset += jump * (1 if turn % 2 else -1) if turn % 3 else jump
        for second in range(1, 100 if SOAK else 25):
            now += 1.0
            if second % 10 == 0:
                assert worker.renew(1, 1)
            assert give_up_lost(reaper, history) == []
    now += 200.0  # the worker is gone now, and that is noticed whatever the clock did
    assert give_up_lost(reaper, history) == [1]
    for each in (worker, reaper):
        each.close()


def test_row_36_forks_and_threads_share_one_handle(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    forks, threads = (100, 64) if SOAK else (10, 64)
    store.append([Noted("t", "parent", "")])
    children = []
    for number in range(forks):
        child = os.fork()
        if child == 0:
            try:
                store.append([Noted("t", f"child {number}", "")])
            finally:
                os._exit(0)
        children.append(child)
        store.append([Noted("t", f"parent {number}", "")])
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
    crowd = [
        threading.Thread(target=store.append, args=([Noted("t", f"thread {number}", "")],))
        for number in range(threads)
    ]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    names = [entry.fact.name for entry in store.read()]
    assert len(names) == len(set(names)) == 1 + 2 * forks + threads
    store.close()
