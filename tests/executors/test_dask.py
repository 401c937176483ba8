"""Dask: the same promises as with worker processes, inside the workers that Dask starts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from executors.test_processes import open_when_there, processes_about, study_at, until
from osetra.errors import StudyError
from osetra.installing import install_line
from osetra.upkeep.check import check

distributed = pytest.importorskip("distributed")
from distributed import Client, LocalCluster  # noqa: E402

from osetra.executors.dask import Dask  # noqa: E402

TESTS = str(Path(__file__).parents[1])
QUIET = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 60}


@pytest.fixture(scope="module")
def client():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", TESTS)
        with LocalCluster(n_workers=2, resources={"chip": 1}, **QUIET) as cluster, Client(cluster) as client:
            yield client


def test_an_address_where_nobody_answers_is_named(monkeypatch):
    monkeypatch.setattr("osetra.executors.dask.CONNECT", 0.2)
    with pytest.raises(StudyError, match=r"no Dask scheduler answers at tcp://127.0.0.1:1"):
        Dask("tcp://127.0.0.1:1")


def test_without_dask_the_executor_says_how_to_get_it():
    program = (
        "import sys; sys.modules['distributed'] = None\n"
        "from osetra.errors import MissingExtra\n"
        "try: from osetra.executors.dask import Dask\n"
        "except MissingExtra as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == f"the Dask executor needs distributed: {install_line('dask')}\n", done.stderr


@pytest.mark.slow
def test_tasks_share_the_trials_and_leave_the_workers_free(tmp_path, client):
    executor = Dask(client)
    assert executor.slots == 2
    study = study_at(tmp_path).run(programs.short, trials=10, executor=executor)
    assert [trial.state for trial in study.trials] == ["finished"] * 10
    assert os.getpid() not in {trial.attempts[0].worker.pid for trial in study.trials}
    assert processes_about(tmp_path / "s.db") == []
    assert until(lambda: not any(client.processing().values()))


@pytest.mark.slow
def test_each_kind_of_trouble_ends_its_trial_with_a_reason(tmp_path, client):
    study = study_at(tmp_path).run(programs.trouble, trials=7, executor=Dask(client))
    assert [trial.state for trial in study.trials] == ["failed"] * 5 + ["finished"] * 2
    assert study.trials[2].reason == "the training process crashed (SIGSEGV)"


@pytest.mark.slow
def test_resources_bound_what_runs_at_once_and_a_lack_of_them_is_said(tmp_path, client):
    assert Dask(client, resources={"chip": 1}).slots == 2
    study = study_at(tmp_path).run(programs.short, trials=4, executor=Dask(client, resources={"chip": 1}))
    assert len(study.history.finished) == 4
    with pytest.raises(StudyError, match=r"room for .*'chip': 2\}; they have .*'chip': 1"):
        study.run(programs.short, trials=5, executor=Dask(client, resources={"chip": 2}))
    with pytest.raises(StudyError, match=r"a path such as 'study.db', or postgresql://"):
        ose.Study(space=programs.SPACE, minimize="loss").run(
            programs.short, trials=1, executor=Dask(client, slots=1)
        )
    # More slots than threads: some wait, and are not waited for.
    study.run(programs.short, trials=8, executor=Dask(client, slots=3))
    assert len(study.history.finished) == 8


@pytest.mark.slow
def test_killed_workers_are_replaced_and_nothing_is_lost(tmp_path, client):
    url = tmp_path / "s.db"
    program = driver("short", url, client.scheduler.address)
    study = open_when_there(url)
    for _ in range(4):
        assert until(lambda: processes_about(url) != [], 40)
        time.sleep(0.3)
        os.kill(parent(processes_about(url)[0]), signal.SIGKILL)
    done = len(study.history.finished)
    assert until(lambda: len(study.history.finished) > done, 40)
    program.send_signal(signal.SIGINT)
    program.wait(40)
    assert until(lambda: processes_about(url) == [], 15)
    assert study.history.running == []
    study.run(programs.short, trials=len(study.trials), workers=2)
    assert [audit.violations for audit in check(url) if not audit.sound] == []


@pytest.mark.slow
def test_ctrl_c_hands_everything_back(tmp_path, client):
    url = tmp_path / "s.db"
    program = driver("endless", url, client.scheduler.address)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2, 40)
    program.send_signal(signal.SIGINT)
    program.wait(30)
    tried = [trial for trial in study.history.queued if trial.attempts]
    assert [trial.attempts[-1].outcome for trial in tried] == ["interrupted"] * 2
    assert until(lambda: processes_about(url) == [], 10)


@pytest.mark.slow
def test_tasks_end_when_the_driver_is_killed_and_another_goes_on(tmp_path, client):
    url = tmp_path / "s.db"
    program = driver("endless", url, client.scheduler.address)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2, 40)
    program.kill()
    program.wait()
    assert until(lambda: processes_about(url) == [], 15)
    assert study.history.running == []
    assert until(lambda: not any(client.processing().values()))
    study.run(programs.short, trials=4, executor=Dask(client))
    assert [trial.state for trial in study.trials[:4]] == ["finished"] * 4


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def driver(name, url, address):
    with url.with_suffix(".errors").open("w") as errors:
        return subprocess.Popen(
            [sys.executable, __file__, name, str(url), address],
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": TESTS},
        )


def main(name, url, address):
    study = ose.Study(url, programs.SPACE, minimize="loss", searcher="random", scheduler="full")
    with Client(address) as client:
        study.run(getattr(programs, name), trials=100_000, executor=Dask(client, slots=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
