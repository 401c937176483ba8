"""Worker processes: every way a training can end, and that nothing of it stays behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from osetra.core.facts import Claimed
from osetra.errors import StudyError
from osetra.executors.training_process import LOG
from osetra.stores import open_store

PROGRAMS = Path(programs.__file__)


def study_at(path):
    return ose.Study(path / "s.db", programs.SPACE, minimize="loss", searcher="random")


def started(name, url, trials=1000, workers=2):
    command = [sys.executable, str(PROGRAMS), name, str(url), str(trials), str(workers)]
    with url.with_suffix(".errors").open("w") as errors:
        return subprocess.Popen(command, stderr=errors, start_new_session=True)


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def open_when_there(url):
    assert until(url.exists)
    time.sleep(0.2)
    return ose.Study(url)


def processes_about(url):
    """Return the pids of all processes whose log is beside this study, or that of who has started them."""
    found, logs = [], str(url.with_suffix(".logs"))
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                out = str((entry / "fd" / "2").readlink())
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                inherited = f"{LOG}={logs}".encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if (out.startswith(logs) or inherited) and state != "Z":
                found.append(int(entry.name))
    return found


def test_what_trainings_can_change_is_recorded_once_by_all_workers(tmp_path):
    def train(run):
        for step in run.steps(3):
            run.report(loss=run.live("x") + step)

    study = study_at(tmp_path).run(train, trials=6, workers=2)
    assert [note.data for note in study.history.noted("accepts")] == [{"names": ["x"]}]


def test_two_workers_share_the_trials(tmp_path):
    url = str(tmp_path / "s.db")

    def together(run):
        """Wait for the other slot to train, too, so that a busy machine cannot give one slot all trials."""
        log = open_store(url)
        if run.trial <= 2:
            until(lambda: sum(isinstance(e.fact, Claimed) for e in log.read()) > 1, 60)
        log.close()
        for step in run.steps(3):
            run.report(loss=1 / step)

    study = study_at(tmp_path).run(together, trials=10, workers=2)
    assert [trial.state for trial in study.trials] == ["finished"] * 10
    assert {trial.attempts[0].worker.slot for trial in study.trials} == {0, 1}
    assert study.curve(1, "loss")[0] == [1, 2, 3]


def test_a_function_of_this_very_scope_works_in_workers(tmp_path):
    offset = 5.0
    study = study_at(tmp_path).run(lambda run: offset, trials=2, workers=2)
    assert study.best.value == 5.0


def test_each_kind_of_trouble_ends_its_trial_with_a_reason(tmp_path):
    study = study_at(tmp_path).run(programs.trouble, trials=7, executor=ose.Processes(2))
    reasons = {trial.number: trial.reason for trial in study.trials}
    assert [study.history.trials[n].state for n in range(1, 8)] == ["failed"] * 5 + ["finished"] * 2
    assert reasons[1] == "ValueError: bad shape"
    assert reasons[2] == "the training called sys.exit(3)"
    assert reasons[3] == "the training process crashed (SIGSEGV)"
    assert reasons[4] == "the training process exited with status 7"
    assert reasons[5] == "the training process crashed (SIGABRT)"


def test_a_hang_is_stopped_by_the_report_timeout(tmp_path):
    study = study_at(tmp_path).run(programs.deaf, trials=1, report_timeout=0.5)
    trial = study.trials[0]
    assert trial.state == "failed"
    assert trial.reason == "no report for 0.5 s (report_timeout); the training was stopped"
    assert trial.seconds < 30
    assert processes_about(tmp_path / "s.db") == []


def test_training_output_reaches_the_log_and_the_reason_of_a_crash(tmp_path):
    def train(run):
        print("epoch one", flush=True)
        os._exit(9)

    study = study_at(tmp_path).run(train, trials=1, executor=ose.Processes(1))
    assert "epoch one" in study.trials[0].attempts[0].detail


def test_workers_compute_with_one_thread_unless_told_otherwise(tmp_path):
    study = study_at(tmp_path).run(
        lambda run: float(os.environ["OMP_NUM_THREADS"]), trials=1, executor=ose.Processes(1)
    )
    assert study.best.value == 1.0


def test_a_memory_store_cannot_be_shared_with_processes():
    study = ose.Study(space=programs.SPACE, minimize="loss")
    with pytest.raises(StudyError, match="worker processes need a study on disk"):
        study.run(programs.short, trials=2, workers=2)


def test_no_workers_are_refused(tmp_path):
    with pytest.raises(StudyError, match="workers=0: at least one worker is needed"):
        study_at(tmp_path).run(programs.short, trials=2, workers=0)


def test_a_killed_training_is_tried_again(tmp_path):
    def train(run):
        if run.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return 1.0

    trial = study_at(tmp_path).run(train, trials=1, executor=ose.Processes(1)).trials[0]
    assert [attempt.outcome for attempt in trial.attempts] == ["lost", "finished"]
    assert trial.attempts[0].reason == "the training process was killed (SIGKILL)"


def test_a_training_that_kills_every_worker_is_given_up(tmp_path):
    def train(run):
        os.kill(os.getpid(), signal.SIGKILL)

    trial = study_at(tmp_path).run(train, trials=1, executor=ose.Processes(1)).trials[0]
    assert trial.state == "failed"
    assert [attempt.outcome for attempt in trial.attempts] == ["lost"] * 3


def test_the_first_ctrl_c_hands_everything_back(tmp_path):
    url = tmp_path / "s.db"
    program = started("endless", url)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2)
    program.send_signal(signal.SIGINT)
    program.wait(30)
    assert "press Ctrl-C again" in url.with_suffix(".errors").read_text()
    assert study.history.running == []
    assert all(
        trial.attempts[-1].outcome == "interrupted" for trial in study.history.queued if trial.attempts
    )
    assert until(lambda: processes_about(url) == [], 5)


def test_the_second_ctrl_c_kills_at_once(tmp_path):
    url = tmp_path / "s.db"
    program = started("deaf", url)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2)
    program.send_signal(signal.SIGINT)
    time.sleep(0.5)
    begun = time.monotonic()
    program.send_signal(signal.SIGINT)
    program.wait(30)
    assert time.monotonic() - begun < 8
    assert study.history.running == []
    assert until(lambda: processes_about(url) == [], 5)


def test_everything_ends_when_the_parent_is_killed_and_a_second_run_continues(tmp_path):
    url = tmp_path / "s.db"
    program = started("endless", url)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2)
    program.kill()
    program.wait()
    assert until(lambda: processes_about(url) == [], 15)
    assert study.history.running == []
    study.run(programs.short, trials=4, workers=2)
    assert [trial.state for trial in study.trials[:4]] == ["finished"] * 4


def test_a_termination_signal_hands_back_and_exits_with_its_status(tmp_path):
    url = tmp_path / "s.db"
    program = started("endless", url)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2)
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 128 + signal.SIGTERM
    assert study.history.running == []


def test_a_study_with_nothing_to_do_starts_no_worker(tmp_path, monkeypatch):
    study = study_at(tmp_path).run(programs.short, trials=2, workers=2)
    monkeypatch.setattr(ose.Processes, "start", lambda *_: pytest.fail("started"))
    study.run(programs.short, trials=2, workers=2)


def test_ctrl_c_while_workers_are_starting_ends_soon(tmp_path):
    url = tmp_path / "s.db"
    program = started("endless", url)
    assert until(url.exists)
    assert until(lambda: processes_about(url) != [])
    begun = time.monotonic()
    program.send_signal(signal.SIGINT)
    program.wait(30)
    assert time.monotonic() - begun < 8
    assert until(lambda: processes_about(url) == [], 5)


def test_a_function_that_cannot_travel_is_named(tmp_path):
    import threading

    lock = threading.Lock()
    with pytest.raises(StudyError, match="cannot be sent to worker processes"):
        study_at(tmp_path).run(lambda run: lock.locked(), trials=1, workers=2)


def preempted(run):
    """Be sent what a cluster sends to every process of a job, once; keep what was done so far."""
    done = (run.restore() or {"step": 0})["step"]
    for step in range(done + 1, 6):
        run.report(loss=1.0 / step)
        run.checkpoint(lambda step=step: {"step": step})
        if step == 3 and run.attempt == 1:
            os.kill(os.getpid(), signal.SIGTERM)
    return {"loss": float(done)}


def test_a_training_that_its_machine_asks_to_go_hands_back_and_goes_on_from_its_checkpoint(tmp_path):
    study = study_at(tmp_path)
    study.run(preempted, trials=1, executor=ose.Processes(1), checkpoints=ose.Checkpoints(every=0))
    trial = study.trials[0]
    assert [attempt.outcome for attempt in trial.attempts] == ["interrupted", "finished"]
    assert trial.value in (3.0, 4.0)


def stubborn(run):
    if run.attempt == 1:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    return 1.0


def with_helper(run):
    """Start a process as data loaders do, and end it as they do."""
    import multiprocessing

    helper = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    helper.start()
    helper.terminate()
    helper.join(20)
    return float(helper.exitcode)


def test_the_second_signal_ends_a_training_that_never_reports(tmp_path):
    trial = study_at(tmp_path).run(stubborn, trials=1, executor=ose.Processes(1)).trials[0]
    assert [attempt.outcome for attempt in trial.attempts] == ["lost", "finished"]
    assert trial.attempts[0].reason == "the training process was killed (SIGTERM)"


def test_helpers_of_a_training_can_be_terminated(tmp_path):
    study = study_at(tmp_path).run(with_helper, trials=1, executor=ose.Processes(1))
    assert study.trials[0].value == -signal.SIGTERM
