"""Kill workers and parents at random moments: nothing finished is lost or doubled, nothing lives on.

The normal run kills 20 of each; OSETRA_KILLS=200 makes it the full experiment.
"""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from executors import programs
from executors.test_processes import open_when_there, processes_about, started, study_at, until
from osetra.core.facts import Ended
from osetra.stores import open_store
from osetra.upkeep.check import check_file

KILLS = int(os.environ.get("OSETRA_KILLS", "20"))

pytestmark = pytest.mark.slow


def check(url):
    """Assert that a study is sound and that no finished training has lost a report; return its facts."""
    assert [violation for audit in check_file(Path(url)) for violation in audit.violations] == []
    store = open_store(str(url))
    facts = [entry.fact for entry in store.read()]
    by_attempt = {}
    for point in store.read_points()[0]:
        by_attempt.setdefault((point.trial, point.attempt), []).append(point.step)
    for fact in facts:
        if isinstance(fact, Ended) and fact.outcome == "finished":
            assert by_attempt[fact.trial, fact.attempt] == [1, 2, 3]
    store.close()
    return facts


def test_random_kills_of_workers_lose_and_double_nothing(tmp_path):
    rng = random.Random(0)
    url = tmp_path / "s.db"
    program = started("short", url, trials=100_000)
    study = open_when_there(url)
    assert until(lambda: len(processes_about(url)) >= 4)
    killed = 0
    while killed < KILLS:
        time.sleep(rng.uniform(0.02, 0.4))
        victims = [pid for pid in processes_about(url)]
        if victims:
            os.kill(rng.choice(victims), signal.SIGKILL)
            killed += 1
    finished_before = {trial.number for trial in study.history.finished}
    program.send_signal(signal.SIGINT)
    program.wait(60)
    assert until(lambda: processes_about(url) == [], 15)
    history = study.history
    assert finished_before <= {trial.number for trial in history.finished}
    assert history.running == []
    assert len(history.finished) > KILLS
    total = len(history.trials)
    study.run(programs.short, trials=total, workers=2)
    assert all(trial.state in ("finished", "failed") for trial in study.trials)
    check(url)


def test_random_kills_of_the_parent_lose_and_double_nothing(tmp_path):
    rng = random.Random(1)
    url = tmp_path / "s.db"
    study = study_at(tmp_path)
    finished = set()
    for _ in range(KILLS if KILLS <= 20 else KILLS // 4):
        program = started("short", url, trials=100_000)
        time.sleep(rng.uniform(0.5, 3.0))
        program.kill()
        program.wait()
        now = {trial.number: trial.value for trial in study.history.finished}
        assert finished <= set(now)
        finished = set(now)
    assert until(lambda: processes_about(url) == [], 15)
    assert study.history.running == []
    study.run(programs.short, trials=len(study.history.trials), workers=2)
    facts = check(url)
    again = [f for f in facts if isinstance(f, Ended) and f.outcome == "finished"]
    assert len(again) == len({f.trial for f in again})
