"""Trainings in the study's own process: what they raise, and how their trial ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

import osetra as ose

SPACE = ose.Space(x=ose.Float(0, 1))
PRESSED = """
import os, signal, sys, time
import osetra as ose
def train(run):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)
study = ose.Study("s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
try:
    study.run(train, trials=2, progress=False)
except KeyboardInterrupt:
    print([(str(t.state), t.attempts[-1].outcome) for t in study.trials])
"""


def test_a_keyboard_interrupt_of_the_training_fails_its_trial_and_ends_the_call(tmp_path):
    study = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")

    def train(run):
        if run.trial == 2:
            raise KeyboardInterrupt
        return 0.5

    with pytest.raises(KeyboardInterrupt):
        study.run(train, trials=4, progress=False)
    assert [trial.state for trial in study.trials] == ["finished", "failed"]
    assert study.trials[1].reason == "the training raised KeyboardInterrupt"
    study.run(train, trials=4, progress=False)  # and nobody is caught in it for ever
    assert [trial.state for trial in study.trials] == ["finished", "failed", "finished", "finished"]


def test_ctrl_c_pressed_twice_gives_the_trial_back(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PRESSED], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "[('queued', 'interrupted')]\n", done.stdout + done.stderr


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, RuntimeError])
def test_a_returned_object_that_raises_when_it_is_asked_fails_its_trial_only(kind):
    class Hostile:
        def __float__(self):
            raise kind("no number")

    study = ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    try:
        study.run(lambda run: Hostile() if run.trial == 1 else 0.5, trials=3, progress=False)
    except KeyboardInterrupt:
        assert kind is KeyboardInterrupt
        study.run(lambda run: 0.5, trials=3, progress=False)
    assert [trial.state for trial in study.trials] == ["failed", "finished", "finished"]
