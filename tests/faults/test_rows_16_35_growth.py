"""What must not grow: the write-ahead log without a word, and the memory beyond what the log holds."""

import logging
import sqlite3
import subprocess
import sys
import time

import pytest

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Worker
from osetra.stores import open_store
from osetra.stores.sqlite import database

GROWTH = """
import resource, sys
import osetra as ose

def rss():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

def train(run):
    for step in run.steps(10):
        run.report(loss=run.config["x"])

space = ose.Space(x=ose.Float(0, 1))
study = ose.Study(sys.argv[1], space, minimize="loss", searcher="random", scheduler="full")
for trials in (500, 1500, 2500):
    study.run(train, trials=trials)
    print(rss())
"""


def test_row_16_a_long_reader_is_named_before_the_disk_is_full(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(database, "WAL_LIMIT", 2**18)
    monkeypatch.setattr(database, "WAL_WARNING", 2**20)
    monkeypatch.setattr(database, "HINDERED", 0.2)
    store = open_store(str(tmp_path / "s.db"))
    store.append([Claimed(1, 1, Worker("host", "boot", 1, 0.0))])
    reader = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM fact").fetchone()
    wal = tmp_path / "s.db-wal"
    with caplog.at_level(logging.WARNING):
        for batch in range(400):
            points = [Point(1, 1, 0, 100 * batch + step, "loss", 0.5) for step in range(100)]
            store.append([], points)
        time.sleep(0.3)
        store.append([], [Point(1, 1, 1, 1, "loss", 0.5)])
    assert wal.stat().st_size > 2**20
    assert caplog.text.count("reading the study in one transaction for long") == 1
    reader.close()
    time.sleep(0.3)
    for batch in range(400, 420):
        store.append([], [Point(1, 1, 0, 100 * batch + step, "loss", 0.5) for step in range(100)])
    assert wal.stat().st_size < 2**20
    store.close()


@pytest.mark.slow
def test_row_35_memory_grows_only_by_what_the_log_holds(tmp_path):
    """About 5 kB for a trial with ten reports; a leak of a connection, a frame or a buffer is more."""
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(tmp_path / "s.db")], capture_output=True, text=True, check=True
    )
    early, middle, late = map(float, done.stdout.split())
    assert late - middle < 15
    assert late - early < 30
