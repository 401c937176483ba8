"""Rows 24, 25, 27: signals at random times, every way a training can end, helpers of trainings."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

import osetra as ose
from executors.test_processes import open_when_there, processes_about, started, study_at, until
from faults import KILLS, programs
from osetra.stores import open_store

pytestmark = pytest.mark.slow


def interrupted(folder, seed):
    """Send a program signals at a random time; return what is wrong afterwards."""
    rng = random.Random(seed)
    folder.mkdir()
    url = folder / "s.db"
    first = rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    program = started("short", url, trials=100_000)
    time.sleep(rng.uniform(0.0, 3.0))
    program.send_signal(first)
    if rng.random() < 0.4:
        time.sleep(rng.uniform(0.0, 0.3))
        program.send_signal(first)
    status = ended(program, first, starting=not url.exists())
    wrong = []
    # A program that has not come to study.run yet is ended by the signal itself; so is one that a
    # KeyboardInterrupt leaves, which shells show as 130.
    early = not url.exists()  # Python itself was starting; it says 1 then
    if status not in (128 + first, -first, 128 + signal.SIGINT, -signal.SIGINT) and not early:
        wrong.append(f"status {status} after {first!r}")
    if not until(lambda: processes_about(url) == [], 15):
        wrong.append("processes live on")
    if url.exists():
        store = open_store(str(url))
        if store.version():
            running = ose.Study(url).history.running
            wrong += [f"trial {trial.number} is left running" for trial in running]
        store.close()
    return wrong


def ended(program, number, *, starting):
    """Return the status of a program; one that was only starting is told again, as people would."""
    for _ in range(20 if starting else 0):
        try:
            return program.wait(3)
        except subprocess.TimeoutExpired:
            # Python drops a KeyboardInterrupt that comes up in a callback of its import system.
            program.send_signal(number)
    return program.wait(60)


def test_row_24_signals_at_random_times_leave_nothing_running(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: interrupted(tmp_path / str(seed), seed), range(KILLS)))
    assert {seed: wrong for seed, wrong in enumerate(found) if wrong} == {}


def test_row_25_every_ending_is_told_apart(tmp_path):
    each = max(3, KILLS // 4)
    total = each * len(programs.ENDINGS)
    study = study_at(tmp_path).run(programs.any_ending, trials=total, executor=ose.Processes(2))
    reasons = {name: set() for name in programs.ENDINGS}
    for trial in study.trials:
        reasons[programs.ENDINGS[trial.number % len(programs.ENDINGS)]].add((trial.state, trial.reason))
    assert reasons == {
        "returns": {("finished", "")},
        "raises": {("failed", "ValueError: bad shape")},
        "sys.exit": {("failed", "the training called sys.exit(3)")},
        "segfault": {("failed", "the training process crashed (SIGSEGV)")},
        "os._exit": {("failed", "the training process exited with status 7")},
        "abort": {("failed", "the training process crashed (SIGABRT)")},
        "out of memory": {("failed", "out of memory")},
    }


def test_row_25_a_kill_for_want_of_memory_is_told_apart_from_a_crash(tmp_path):
    group = Path("/sys/fs/cgroup/memory") / f"osetra-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(64 * 2**20))
    except OSError as error:
        pytest.skip(f"no memory control group can be made here: {error}")

    def train(run):
        (group / "cgroup.procs").write_text(str(os.getpid()))
        hoard = []
        for _ in range(10_000):
            hoard.append(os.urandom(2**20))
        return float(len(hoard))

    try:
        trial = study_at(tmp_path).run(train, trials=1, executor=ose.Processes(1)).trials[0]
    finally:
        until(lambda: not (group / "cgroup.procs").read_text().strip(), 5)
        group.rmdir()
    assert (trial.state, trial.reason) == ("failed", "out of memory: the system killed the training")


def trainers_of(study):
    """Return the training processes: the children of what their supervisors have started."""
    found = []
    for trial in study.history.running:
        shims = children_of(trial.attempts[-1].worker.pid)
        found += [child for shim in shims for child in children_of(shim)]
    return found


def children_of(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return []


@pytest.mark.parametrize("victim", ["nobody", "supervisor", "program", "everybody"])
def test_row_27_no_helper_of_a_training_lives_on(tmp_path, victim):
    for turn in range(max(1, KILLS // 20)):
        url = tmp_path / f"{turn}.db"
        with helped("with_loaders", url) as program:
            study = open_when_there(url)
            assert until(lambda study=study: len(study.history.running) == 2)
            assert until(lambda url=url: len(processes_about(url)) >= 2 + 2 + 2 + 8)
            kill(victim, study, program)
        assert until(lambda url=url: processes_about(url) == [], 15)


@pytest.mark.parametrize("victim", ["nobody", "program", "everybody"])
def test_row_27_no_program_of_a_command_lives_on(tmp_path, victim):
    url = tmp_path / "s.db"
    with helped("with_program", url, cwd=tmp_path) as program:
        study = open_when_there(url)
        assert until(lambda: len(study.history.running) == 2)
        assert until(lambda: len(working_in(tmp_path, b"sleep")) >= 6 + 2)  # and the shims
        kill(victim, study, program)
    assert until(lambda: working_in(tmp_path) == [], 15)


def kill(victim, study, program):
    """Kill somebody, or everybody but those who are there to tidy up."""
    supervisors = [trial.attempts[-1].worker.pid for trial in study.history.running]
    everybody = [program.pid, *supervisors, *trainers_of(study)]
    victims = {"nobody": [], "supervisor": supervisors, "program": [program.pid], "everybody": everybody}
    for pid in victims[victim]:
        with suppress(ProcessLookupError):  # trials end and begin all the time
            os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)


@contextmanager
def helped(name, url, cwd=None):
    """Run a program with two workers, and end it with Ctrl-C."""
    command = [sys.executable, programs.__file__, name, str(url), "1000", "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = subprocess.Popen(
        command, env=environment, start_new_session=True, stderr=subprocess.DEVNULL, cwd=cwd
    )
    try:
        yield program
        program.send_signal(signal.SIGINT)
        program.wait(30)
    finally:
        program.kill()


def working_in(folder, what=b""):
    """Return the processes that work in a folder, zombies aside."""
    found = []
    for entry in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            here = (entry / "cwd").readlink() == folder and what in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if here and state != "Z":
            found.append(int(entry.name))
    return found


def test_row_25_too_little_address_space_is_an_error_of_the_training(tmp_path):
    def train(run):
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        return float(len(bytearray(2**31)))

    trial = study_at(tmp_path).run(train, trials=1, executor=ose.Processes(1)).trials[0]
    assert trial.state == "failed" and trial.reason.startswith("out of memory")
