"""Signals of processes that a training forks, while the study listens to them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

import pytest

import osetra as ose

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
SPACE = ose.Space(x=ose.Float(0, 1))


def ended_by(pid: int, seconds: float = 5.0) -> int | None:
    """Return the signal that ends a child, None when nothing does."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def result_of(train) -> ose.Trial:
    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random")
    (trial,) = study.run(train, trials=1, progress=False).trials
    return trial


def child(number: int) -> int:
    """Fork a process that waits, send it a signal at once, and return what ends it."""
    pid = os.fork()
    if pid == 0:
        time.sleep(30)
        os._exit(3)
    os.kill(pid, number)
    found = ended_by(pid)
    return 0 if found is None else int(found)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_child_is_ended_by_a_signal_that_comes_while_it_begins(number):
    # Without what is tested, four of five children live on: 30 are more than enough.
    trial = result_of(lambda run: sum(child(number) != number for _ in range(30)))
    assert (trial.state, trial.value) == ("finished", 0.0), trial.reason


def test_a_child_keeps_a_handler_that_its_training_has_set():
    def train(run):
        before = signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
        pid = os.fork()
        if pid == 0:
            time.sleep(30)
            os._exit(3)
        os.kill(pid, signal.SIGTERM)
        _, status = os.waitpid(pid, 0)
        signal.signal(signal.SIGTERM, before)
        return os.WEXITSTATUS(status)

    assert result_of(train).value == 7.0


def test_pools_that_are_forked_and_terminated_at_once_never_hang():
    def train(run):
        threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()
        for _ in range(20):
            with multiprocessing.get_context("fork").Pool(2) as pool:
                pool.map(abs, [1, 2])
        return 0.5

    assert result_of(train).value == 0.5


def test_the_mask_of_signals_is_as_before():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def train(run):
        assert child(signal.SIGTERM) == signal.SIGTERM
        return float(signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before)

    assert result_of(train).value == 1.0
    assert child(signal.SIGTERM) == signal.SIGTERM
