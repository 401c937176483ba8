"""Many processes on one file: races at the start, races for trials, sudden deaths."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from pathlib import Path

from osetra.core.history import History
from osetra.stores import open_store
from stores import programs


def test_thirty_two_processes_create_one_file(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    programs.run("note", path, 32)
    assert [entry.version for entry in open_store(path).read()] == list(range(1, 33))


def test_each_trial_is_claimed_once(tmp_path: Path) -> None:
    claimed = programs.run("claim", tmp_path / "a.db", 6, 100)
    assert sorted(map(int, claimed)) == list(range(1, 101))


def test_killed_writers_leave_a_sound_log(tmp_path: Path) -> None:
    path, rng = str(tmp_path / "a.db"), random.Random(1)
    crew = programs.start("crew", path, 4)
    assert crew.stdout is not None
    writers = [int(crew.stdout.readline()) for _ in range(4)]
    store = open_store(path)
    try:
        for _ in range(20):
            goal, deadline = store.version() + 10, time.monotonic() + 30.0
            while store.version() < goal and time.monotonic() < deadline:
                time.sleep(rng.uniform(0.001, 0.02))
            victim = rng.randrange(4)
            os.kill(writers[victim], signal.SIGKILL)
            writers[victim] = int(crew.stdout.readline())
    finally:
        os.killpg(crew.pid, signal.SIGKILL)
        crew.communicate()
    store.close()
    _check(path)


def _check(path: str) -> None:
    store = open_store(path)
    entries = store.read()
    points, cursor = store.read_points()
    assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) > 200
    history = History().extend(entries, points, cursor)
    steps: dict[int, list[int]] = {}
    for point in points:
        steps.setdefault(point.trial, []).append(point.step)
    for trial, seen in steps.items():
        assert seen == list(range(len(seen))), trial
        assert len(seen) % programs.BATCH == 0, trial
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    live = connection.execute("SELECT trial, attempt FROM live ORDER BY trial").fetchall()
    connection.close()
    assert live == sorted((trial.number, len(trial.attempts)) for trial in history.running)
