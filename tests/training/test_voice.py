"""Voice: only the training's own process speaks for a run, and only until its function has returned."""

import copy
import logging
import os
import pickle
import sys
import threading

import numpy as np
import pytest

import osetra as ose
from osetra.errors import StudyError
from osetra.training.run import control_of
from osetra.training.voice import Voice

SPACE = ose.Space(x=ose.Float(0, 1))


def child_status(action):
    """Return the exit status of a forked process that does something."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_it_is_heard_until_it_is_closed_from_any_thread():
    voice, heard = Voice(1), []
    thread = threading.Thread(target=lambda: heard.append(voice.heard))
    thread.start()
    thread.join()
    voice.close()
    assert heard == [True] and not voice.heard


def test_a_forked_process_is_not_heard():
    voice = Voice(1)
    assert child_status(lambda: os._exit(voice.heard)) == 0
    assert voice.heard


def _fails():
    raise ValueError("of the child")


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (lambda: None, 0),
        (_fails, 1),
        (lambda: sys.exit(3), 3),
        (lambda: sys.exit(None), 0),
        (lambda: sys.exit("why"), 1),
    ],
)
def test_a_forked_process_ends_where_the_training_does_as_a_script_would(ends, status):
    voice = Voice(1)

    def child():
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            ends()
        finally:
            voice.leave_if_forked()

    assert child_status(child) == status


def test_it_stays_where_it_was_made():
    voice = Voice(1)
    voice.leave_if_forked()  # this is no forked process
    for other in (copy.deepcopy(voice), pickle.loads(pickle.dumps(voice))):
        assert other.trial == 1 and not other.heard


def test_what_is_not_written_is_said_once(caplog):
    voice = Voice(7)
    voice.close()
    with caplog.at_level(logging.WARNING, "osetra"):
        voice.refuse("report")
        voice.refuse("checkpoint")
    assert [record.getMessage() for record in caplog.records] == [
        "trial 7: run.report is not written, since its training function has returned"
    ]


def test_a_run_that_was_told_of_hears_nothing_more(tmp_path):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss")
    run = study.ask()
    run.report(loss=0.5)
    study.tell(run)
    run.report(loss=0.1)
    assert run.checkpoint({"a": 1}) is False
    assert list(run.steps(3)) == [] and run.interrupted
    assert study.curve(study.trials[0], "loss")[1] == [0.5]


def test_a_refused_tell_leaves_the_run_open(tmp_path):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss")
    run = study.ask()
    with pytest.raises(StudyError):
        study.tell(run, "much")
    run.report(loss=0.5)
    assert study.tell(run).value == 0.5


def test_a_thread_that_outlives_its_trial_writes_nothing(tmp_path):
    runs = []

    def train(run):
        runs.append(run)
        if len(runs) > 1:
            thread = threading.Thread(target=lambda: runs[-2].report(loss=777.0))
            thread.start()
            thread.join()
        run.report(loss=run.config["x"])

    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random").run(train, trials=4)
    for trial in study.trials:
        assert study.curve(trial, "loss")[1] == [trial.config["x"]] == [trial.value]
    assert not control_of(runs[0]).voice.heard


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_run_speaks_for_nobody(copied):
    def train(run):
        twin = copied(run)
        assert twin.config == run.config and twin.trial == run.trial
        twin.report(loss=-5.0)
        run.report(loss=0.5)
        assert copied(run).interrupted

    study = ose.Study("memory:", SPACE, minimize="loss").run(train, trials=2, progress=False)
    assert [trial.value for trial in study.trials] == [0.5, 0.5]
    assert list(study.curve(1, "loss")[1]) == [0.5]


@pytest.mark.parametrize(
    "value",
    [
        0.5 + 3j,
        np.complex64(0.5),
        np.array(0.5 + 0j),
        b"12",
        bytearray(b"12"),
        np.bytes_(b"12"),
        memoryview(b"1"),
    ],
)
def test_what_is_no_real_number_is_no_metric(value):
    reported = ose.Study("memory:", SPACE, minimize="loss")
    reported.run(lambda run: run.report(loss=value), trials=1, progress=False)
    returned = ose.Study("memory:", SPACE, minimize="loss").run(lambda _: value, trials=1, progress=False)
    for trial in (*reported.trials, *returned.trials):
        assert trial.state == "failed" and "a metric is one number" in trial.reason, trial


def test_a_number_returned_after_reports_that_are_none_does_not_count(caplog):
    def train(run):
        for step in run.steps(3):
            run.report(loss=float("nan") if step < 3 else float("inf"))
        return 0.1

    study = ose.Study("memory:", SPACE, minimize="loss").run(train, trials=2, progress=False)
    assert {trial.state for trial in study.trials} == {"diverged"}
    assert "returned 0.1, but no loss that it reported is a finite number" in caplog.text
