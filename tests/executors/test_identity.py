"""Alive means alive: what is proven of workers, and who is given up by a lease."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from osetra.core.facts import Claimed, Suggested, Worker
from osetra.core.history import History
from osetra.errors import StoreFull
from osetra.executors import identity, leases
from osetra.executors.identity import condition, this_process
from osetra.executors.leases import LeaseClock, give_up_lost
from osetra.stores import MemoryStore, SqliteStore

SAY = (
    "import msgspec, sys, time; from osetra.executors.identity import this_process;"
    "print(msgspec.json.encode(this_process()).decode(), flush=True); time.sleep(60)"
)
OLD = msgspec.structs.replace


@pytest.fixture
def other():
    """A living process of this machine, and its identity."""
    with subprocess.Popen([sys.executable, "-c", SAY], stdout=subprocess.PIPE) as process:
        yield process, msgspec.json.decode(process.stdout.readline(), type=Worker)
        process.kill()


def until(wanted, worker):
    deadline = time.monotonic() + 10
    while condition(worker) != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition(worker)


def claimed(store, worker):
    store.append([Suggested(1, {"lr": 0.5}, 1), Claimed(1, 1, worker)], lease=0.0)
    return History().extend(store.read())


def test_a_process_is_alive_stopped_alive_again_and_dead(other):
    process, worker = other
    assert until("alive", worker) == "alive"
    process.send_signal(signal.SIGSTOP)
    assert until("stopped", worker) == "stopped"
    process.send_signal(signal.SIGCONT)
    assert until("alive", worker) == "alive"
    process.kill()
    assert until("dead", worker) == "dead"  # not waited for yet: a zombie does not run


def test_a_number_that_another_process_has_now_is_no_proof_of_life():
    me = this_process()
    assert condition(OLD(me, started=me.started + 1.0)) == "dead"
    assert condition(OLD(me, started=0.0)) == "unknown"


@pytest.mark.parametrize("pid", [2**22 + 1, 2**31, 2**40, 2**63 - 1, -1, 0])
def test_no_number_breaks_the_proof(pid):
    assert condition(OLD(this_process(), pid=pid, started=5.0)) in ("dead", "unknown")


def test_what_cannot_be_looked_at_from_here_is_neither_alive_nor_dead():
    me = this_process()
    gone = OLD(me, pid=2**22 + 1)
    assert condition(gone) == "dead"
    assert condition(OLD(gone, host="elsewhere")) == "unknown"
    assert condition(OLD(gone, namespace="1/2")) == "unknown"
    assert condition(OLD(gone, namespace="1/2", boot="another")) == "unknown"


def test_workers_of_logs_without_a_namespace_are_judged_as_before(monkeypatch):
    gone = OLD(this_process(), pid=2**22 + 1, namespace="")
    monkeypatch.setattr(identity, "_namespace", lambda: "4026531836/4026531834")
    assert condition(gone) == "dead"
    monkeypatch.setattr(identity, "_namespace", lambda: "4026532178/4026531834")  # we are in a container
    assert condition(gone) == "unknown"
    assert msgspec.json.decode(b'{"host":"a","boot":"b","pid":1,"started":2.0}', type=Worker).namespace == ""


@pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0 or not Path("/proc/self/ns/pid").exists(),
    reason="PID namespaces need Linux and root",
)
@pytest.mark.parametrize("proc", [["--mount-proc"], []], ids=["own-proc", "proc-of-outside"])
def test_two_containers_with_one_host_name_do_not_prove_each_other_dead(proc):
    """Both see the same host name and boot; each has a process that the other cannot see."""
    inside = ["unshare", "--pid", "--fork", "--kill-child", *proc, sys.executable, "-c"]
    with subprocess.Popen([*inside, SAY], stdout=subprocess.PIPE) as process:
        try:
            line = process.stdout.readline().decode().strip()
            worker = msgspec.json.decode(line, type=Worker)
            me = this_process()
            assert (worker.host, worker.boot) == (me.host, me.boot)
            assert worker.namespace != me.namespace
            assert condition(worker) == "unknown"
            judge = (
                "import msgspec, sys; from osetra.core.facts import Worker;"
                "from osetra.executors.identity import condition, this_process;"
                "print(*(condition(msgspec.json.decode(w, type=Worker)) for w in sys.argv[1:]),"
                "condition(this_process()))"
            )
            mine = msgspec.json.encode(me).decode()
            said = subprocess.check_output([*inside, judge, line, mine], text=True).split()
            assert said[:2] == ["unknown", "unknown"]
            assert said[2] == ("alive" if proc else "unknown")
        finally:
            process.kill()


def test_who_lives_here_keeps_its_trial_and_who_is_stopped_loses_it(other):
    process, worker = other
    store = MemoryStore()
    history = claimed(store, worker)
    assert store.expired() == [(1, 1)]
    assert give_up_lost(store, history) == []
    process.send_signal(signal.SIGSTOP)
    assert until("stopped", worker) == "stopped"
    assert give_up_lost(store, history) == [1]


def test_a_frozen_container_counts_as_stopped(tmp_path, monkeypatch):
    (tmp_path / "box").mkdir()
    (tmp_path / "proc/7").mkdir(parents=True)
    (tmp_path / "proc/7/cgroup").write_text("3:cpu:/\n0::/box\n")
    events = tmp_path / "box/cgroup.events"
    monkeypatch.setattr(identity, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(identity, "_CGROUPS", tmp_path)
    events.write_text("populated 1\nfrozen 0\n")
    assert not identity._frozen(7)
    events.write_text("populated 1\nfrozen 1\n")
    assert identity._frozen(7)
    (tmp_path / "freezer/old").mkdir(parents=True)
    (tmp_path / "freezer/old/freezer.state").write_text("FROZEN\n")
    (tmp_path / "proc/7/cgroup").write_text("6:freezer:/old\n0::/none\n")
    assert identity._frozen(7)


def test_this_very_process_goes_by_its_leases():
    store = MemoryStore()
    assert give_up_lost(store, claimed(store, this_process())) == [1]


class Time:
    """A clock that only moves when somebody sleeps or waits."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


class Slow:
    """A store on which writing takes as long as somebody else wants."""

    def __init__(self, clock):
        self.clock, self.waits, self.full = clock, 0.0, False

    def renew(self, trial, attempt, *, lease):
        self.clock.now += self.waits
        if self.full:
            raise StoreFull("full")
        return False


def test_leases_count_only_after_everybody_could_renew(monkeypatch):
    clock = Time()
    monkeypatch.setattr(leases, "time", clock)
    store, watch = Slow(clock), LeaseClock()
    for _ in range(30):
        clock.now += 1.0
        seconds = watch.watched(store)
    assert seconds >= 20.0
    store.waits = 55.0  # a foreign lock: nobody could renew meanwhile
    assert watch.watched(store) == 0.0
    store.waits = 0.0
    clock.now += 1.0
    assert 0.0 < watch.watched(store) < 2.0
    clock.now += 25.0
    assert watch.watched(store) > 20.0
    clock.now += 45.0  # we looked away: a lock may have come and gone
    assert watch.watched(store) == 0.0


def test_a_far_worker_is_not_given_up_for_a_foreign_lock(tmp_path, monkeypatch):
    """It could not renew while we could not write either; seconds stand for tens of them."""
    monkeypatch.setattr(leases, "HINDERED", 0.2)
    monkeypatch.setattr(leases, "RENEW", 1.0)
    path = tmp_path / "a.db"
    with closing(SqliteStore(path)) as reaper, closing(SqliteStore(path)) as worker:
        worker.append([Suggested(1, {"lr": 0.5}, 1), Claimed(1, 1, Worker("far", "b", 1, 1.0))], lease=2.0)
        history, watch = History().extend(worker.read()), LeaseClock()
        watch.since -= 100.0  # it has been looking for long
        foreign = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        foreign.execute("BEGIN IMMEDIATE")
        begun, found = time.monotonic(), []
        threads = [
            threading.Thread(target=worker.renew, args=(1, 1)),
            threading.Timer(3.0, foreign.execute, ["ROLLBACK"]),
            threading.Thread(
                target=lambda: found.append(give_up_lost(reaper, history, watched=watch.watched(reaper)))
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        foreign.close()
        assert time.monotonic() - begun > 2.0
        assert found == [[]]
        assert worker.expired() == []  # it has renewed since


def test_nobody_is_given_up_at_the_moment_at_which_a_full_disk_has_room_again():
    class Full(MemoryStore):
        def append(self, facts, points=(), *, lease=60.0):
            raise StoreFull("no space left")

    store = Full()
    MemoryStore.append(
        store, [Suggested(1, {"lr": 0.5}, 1), Claimed(1, 1, Worker("far", "b", 1, 1.0))], lease=0.0
    )
    with pytest.raises(StoreFull):
        give_up_lost(store, History().extend(store.read()))
