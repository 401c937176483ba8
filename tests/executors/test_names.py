"""Trainings that replace functions of Python: a result or a failed trial each, and the study goes on."""

import subprocess
import sys

import pytest

SCRIPT = """
import builtins, json, os, sys, threading, time
import osetra as ose
def nothing(*args, **others):
    raise ZeroDivisionError
def three(*args, **others):
    return 3
PLACES = [(builtins, name) for name in (
    "len", "open", "print", "isinstance", "range", "getattr", "map", "next", "zip", "any", "all", "str",
    "float", "min", "sum", "sorted", "Exception", "BaseException", "KeyboardInterrupt", "__import__",
    "__build_class__")]
PLACES += [(json, "dumps"), (json, "loads"), (time, "time"), (time, "monotonic"), (time, "sleep")]
PLACES += [(os, n) for n in ("write", "read", "getpid", "fstat", "getcwd", "dup2")] + [(threading, "Event")]
DEEDS = [(*place, put) for place in PLACES for put in (nothing, three, None)]
def train(run):
    if run.trial <= len(DEEDS):
        setattr(*DEEDS[run.trial - 1])
    for step in run.steps(2):
        run.report(loss=0.5)
if __name__ == "__main__":
    study = ose.Study("s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    executor = ose.Processes(1) if sys.argv[1] == "processes" else None
    study.run(train, trials=len(DEEDS) + 1, executor=executor, keep_going=True, progress=False)
    found = study.trials
    assert all(t.state in ("finished", "failed") for t in found), [(t.state, t.reason) for t in found]
    assert all(t.state == "failed" or t.value == 0.5 for t in found)
    assert found[-1].state == "finished"
    for trial, (module, name, put) in zip(found, DEEDS):
        if trial.state == "failed":
            why = f"put something else in the place of {module.__name__}.{name}, which may be the reason"
            assert why in trial.reason, (name, put, trial.reason)
    print(len(found) - sum(t.state == "finished" for t in found), "failed")
"""


@pytest.mark.parametrize("where", ["inline", "processes"])
def test_the_study_goes_on(tmp_path, where):
    (tmp_path / "s.py").write_text(SCRIPT)
    command = [sys.executable, "s.py", where]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    if where == "processes":  # our own names are nobody else's
        assert done.stdout.endswith("0 failed\n"), done.stdout
