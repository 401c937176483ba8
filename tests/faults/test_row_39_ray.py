"""Row 39: actors, trainings, nodes and drivers of a Ray cluster die; the storage is ours, so nothing is lost.

The normal run kills 20 actors, 20 trainings, 4 times the actor that holds the store, 4 drivers and 2
nodes, since a driver or a node takes seconds to come back; OSETRA_KILLS=200 kills ten times as many.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from executors.test_processes import open_when_there, processes_about, study_at, until
from faults import KILLS
from osetra.core.facts import Ended
from osetra.executors.identity import condition
from osetra.stores import open_store
from osetra.upkeep.check import check

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

from osetra.executors.ray import Ray  # noqa: E402

TESTS = str(Path(__file__).parents[1])
NODE = {"num_cpus": 2, "object_store_memory": 80 * 2**20}
SOON = {"health_check_period_ms": 500, "health_check_failure_threshold": 2}
"""A dead node is noticed after a second; Ray's own setting takes twenty."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    """A head without room for trials, and one node with it; the tests themselves never connect."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", TESTS)
        head = {**NODE, "num_cpus": 0, "include_dashboard": False, "_system_config": SOON}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        cluster.add_node(**NODE)
        yield cluster
        cluster.shutdown()


def driver(url, cluster, trials=100_000):
    with url.with_suffix(".errors").open("a") as errors:
        return subprocess.Popen(
            [sys.executable, __file__, str(url), str(trials), cluster.address],
            stderr=errors,
            start_new_session=True,
        )


def actors(kind=b"ray::Slot"):
    """Return the pids of the processes in which supervisors run, or of another kind of actor."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if line.startswith(kind):
                found.append(int(entry.name))
    return found


def running(url):
    return until(lambda: processes_about(url) != [], 60)


def finish(program, study, url):
    """End the driver, look for orphans, and let another driver's worth of work be done by processes."""
    before = {trial.number: trial.value for trial in study.history.finished}
    program.send_signal(signal.SIGINT)
    program.wait(60)
    assert until(lambda: processes_about(url) == [] and actors() == [], 15)
    history = study.history
    assert before.items() <= {trial.number: trial.value for trial in history.finished}.items()
    assert all(condition(trial.attempts[-1].worker) == "dead" for trial in history.running)
    study.run(programs.short, trials=len(history.trials), workers=2)
    assert all(trial.state in ("finished", "failed") for trial in study.trials)
    assert [audit.violations for audit in check(url) if not audit.sound] == []
    store = open_store(str(url))
    facts = [entry.fact for entry in store.read()]
    store.close()
    ends = Counter(f.trial for f in facts if isinstance(f, Ended) and f.outcome == "finished")
    assert set(ends.values()) == {1}
    return history


def test_killed_actors_trainings_and_store_actors_lose_and_double_nothing(tmp_path, cluster):
    rng, url = random.Random(0), tmp_path / "s.db"
    program = driver(url, cluster)
    study = open_when_there(url)
    assert running(url)
    every = (actors, lambda: processes_about(url), lambda: actors(b"ray::StoreHolder"))
    for victims in every[:2] * (KILLS - KILLS // 5) + every * (KILLS // 5):
        time.sleep(rng.uniform(0.02, 0.3))
        assert until(lambda victims=victims: victims() != [], 30)
        try:
            os.kill(rng.choice(victims() or [2**22]), signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert program.poll() is None
    done = len(study.history.finished)
    assert until(lambda: len(study.history.finished) > done, 30)
    history = finish(program, study, url)
    lost = [a for trial in history.trials.values() for a in trial.attempts if a.outcome == "lost"]
    assert lost and {a.reason.split(" (")[0] for a in lost} <= {
        "its worker",
        "the training process was killed",
    }


def test_killed_drivers_lose_and_double_nothing(tmp_path, cluster):
    rng, url = random.Random(1), tmp_path / "s.db"
    study, finished = study_at(tmp_path), {}
    for _ in range(max(4, KILLS // 5)):
        program = driver(url, cluster)
        assert running(url)
        time.sleep(rng.uniform(0.1, 1.0))
        program.kill()
        program.wait()
        assert until(lambda: processes_about(url) == [] and actors() == [], 15)
        now = {trial.number: trial.value for trial in study.history.finished}
        assert finished.items() <= now.items()
        finished = now
    finish(driver(url, cluster), study, url)
    assert len(finished) > 0


def test_killed_nodes_lose_and_double_nothing(tmp_path, cluster):
    rng, url = random.Random(2), tmp_path / "s.db"
    program = driver(url, cluster)
    study = open_when_there(url)
    for _ in range(max(2, KILLS // 10)):
        assert running(url)
        time.sleep(rng.uniform(0.1, 1.0))
        (node,) = cluster.worker_nodes
        (raylet,) = node.all_processes["raylet"]
        os.kill(raylet.process.pid, signal.SIGKILL)
        assert until(lambda: processes_about(url) == [] and actors() == [], 15)
        cluster.remove_node(node, allow_graceful=False)
        done = len(study.history.finished)
        cluster.add_node(**NODE)
        assert until(lambda done=done: len(study.history.finished) > done, 60)
    assert program.poll() is None
    finish(program, study, url)


def main(url, trials, address):
    study = ose.Study(url, programs.SPACE, minimize="loss", searcher="random", scheduler="full")
    study.run(programs.short, trials=int(trials), executor=Ray(address, slots=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
