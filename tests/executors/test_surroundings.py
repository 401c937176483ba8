"""Surroundings: what a training does to its process is put back before the next one."""

import gc
import signal
import subprocess
import sys

import pytest

import osetra as ose
from osetra.executors.surroundings import Surroundings

PRELUDE = """
import gc, io, os, resource, shutil, signal, sys, tempfile
from osetra.executors.surroundings import Surroundings, OwnSurroundings
where = {}()
def state():
    return (os.getcwd(), sys.getrecursionlimit(), gc.isenabled(), signal.getsignal(signal.SIGUSR2),
        signal.getitimer(signal.ITIMER_REAL)[0] > 0, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
before = state()
def train(run):
    {}
    return 5
assert where.guarded(train)(None) == 5
assert state() == before, (state(), before)
print("said")
print("too", file=sys.stderr)
"""
DEEDS = {
    "closes stdout": "sys.stdout.close(); sys.stderr.close()",
    "has no streams": "sys.stdout = sys.stderr = 5",
    "closes another one": "sys.stdout = io.StringIO(); sys.stdout.close()",
    "goes to a folder that goes": "folder = tempfile.mkdtemp(); os.chdir(folder); shutil.rmtree(folder)",
    "handles signals": "signal.signal(signal.SIGUSR2, lambda *_: 1 / 0)",
    "sets an alarm": "signal.setitimer(signal.ITIMER_REAL, 100)",
    "lowers limits": "n = resource.RLIMIT_NOFILE; resource.setrlimit(n, (9, resource.getrlimit(n)[1]))",
    "recurses": "sys.setrecursionlimit(90)",
    "collects no garbage": "gc.disable()",
}
ALONE = {
    "closes descriptors": "os.close(1); os.close(2)",
    "replaces descriptors": "n = os.open(os.devnull, os.O_RDWR); os.dup2(n, 1); os.dup2(n, 2)",
    "goes elsewhere": "os.chdir('/')",
    "blocks signals": "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])",
}


def ran(kind, deed):
    code = PRELUDE.format(kind, deed)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("kind", ["Surroundings", "OwnSurroundings"])
def test_it_is_put_back(kind, deed):
    done = ran(kind, DEEDS[deed])
    assert (done.returncode, done.stdout, done.stderr) == (0, "said\n", "too\n")


@pytest.mark.parametrize("deed", ALONE)
def test_in_a_process_of_its_own_more_is(deed):
    done = ran("OwnSurroundings", ALONE[deed])
    assert (done.returncode, done.stdout, done.stderr) == (0, "said\n", "too\n")


@pytest.mark.parametrize(("deed", "spoilt"), [("os.rmdir(os.getcwd())", True), ("os.chdir('/')", False)])
def test_who_cannot_get_back_what_it_lost_is_spoilt(deed, spoilt, tmp_path):
    code = (
        "import os\nfrom osetra.executors.surroundings import OwnSurroundings\nwhere = OwnSurroundings()\n"
        f"where.guarded(lambda run: {deed})(None)\nprint(where.spoilt)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == f"{spoilt}\n", done.stderr


def test_what_a_training_raises_comes_through_and_all_is_put_back():
    def train(run):
        gc.disable()
        raise ValueError("bad")

    with pytest.raises(ValueError, match="bad"):
        Surroundings().guarded(train)(None)
    assert gc.isenabled()


def test_a_signal_on_its_way_when_the_training_ends_ends_nothing_else():
    """The kernel may hand it to another thread, which runs only after the handler was put back."""
    code = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])  # in all threads to come
from osetra.executors.surroundings import Surroundings
def train(run):
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    os.kill(os.getpid(), signal.SIGALRM)
Surroundings().guarded(train)(None)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "alive\n", (done.returncode, done.stderr)


def alarms_after_its_end(run):
    class Late(Exception):
        pass

    def handle(number, frame):
        raise Late

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0002 * (1 + run.trial % 5), 0.0001)
    return run.config["x"]


def traces_after_its_end(run):
    def trace(frame, event, argument):
        raise RuntimeError("traced")

    sys.settrace(trace)
    return run.config["x"]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("train", [alarms_after_its_end, traces_after_its_end])
def test_what_is_raised_after_a_training_has_returned_is_not_its_end(train, workers, tmp_path):
    before = sys.gettrace(), sys.getprofile()
    url = "memory:" if workers == 1 else str(tmp_path / "late.db")
    study = ose.Study(url, ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    study.run(train, trials=40 if workers == 1 else 8, workers=workers, progress=False)
    ends = [(trial.state, trial.reason) for trial in study.trials if trial.value != trial.config["x"]]
    assert ends == []
    assert (sys.gettrace(), sys.getprofile()) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
