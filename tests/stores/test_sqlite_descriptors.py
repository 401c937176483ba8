"""A training in the study's own process that closes SQLite's descriptors: an error, and a sound file."""

import subprocess
import sys

import pytest

import osetra as ose
from osetra.core.invariants import violations

SCRIPT = """
import os, sys
import osetra as ose
def train(run):
    for step in run.steps(3):
        run.report(loss=run.config["x"])
        if run.trial == 3:
            for number in range(3, 40):
                try: os.close(number)
                except OSError: pass
            {}
study = ose.Study("s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
study.run(train, trials=6, progress=False)
"""


@pytest.mark.parametrize("deed", ["pass", "run.kept = [open('other', 'wb') for _ in range(40)]"])
def test_the_study_stops_and_says_why_and_the_file_is_sound(tmp_path, deed):
    deed = deed.replace("run.kept", "kept")
    command = [sys.executable, "-c", SCRIPT.format(deed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "s.db: its descriptors were closed or replaced by other code in this program" in done.stderr
    assert "executor=osetra.Processes(1)" in done.stderr
    if (tmp_path / "other").exists():
        assert (tmp_path / "other").read_bytes() == b""
    study = ose.Study(tmp_path / "s.db")
    assert [trial.state for trial in study.trials[:2]] == ["finished", "finished"]
    study.run(lambda run: 0.5, trials=4, progress=False)
    assert [trial.state for trial in study.trials] == ["finished"] * 4
    store = study._store
    assert [one.text for one in violations(store.read(), store.read_points()[0]) if one.grave] == []


def test_another_study_on_the_same_file_may_be_closed(tmp_path):
    space = ose.Space(x=ose.Float(0, 1))
    first = ose.Study(tmp_path / "s.db", space, minimize="loss", searcher="random")
    second = ose.Study(tmp_path / "s.db")
    for _ in range(3):
        first.enqueue(x=0.5)
        second.enqueue(x=0.5)
        first._store.close()
    assert len(second.trials) == len(first.trials) == 6
