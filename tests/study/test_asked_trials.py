"""A trial that was asked for and never told is no reason to wait for ever."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

import osetra as ose
from osetra.core.facts import ended
from osetra.errors import StudyError


def test_a_run_names_the_trial_that_was_asked_for_and_does_not_wait_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    study = ose.Study(tmp_path / "study.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    asked = study.ask()
    with caplog.at_level(logging.WARNING, "osetra"):
        study.run(lambda run: run.config["x"], trials=3, progress=False)
    assert [trial.state for trial in study.trials] == ["running", "finished", "finished"]
    assert "trial 1 was asked for by this program" in caplog.text
    assert 'study.tell(run, failed="given up")' in caplog.text
    assert study.tell(asked, 0.5).state == "finished"


def test_who_did_not_ask_cannot_tell(tmp_path: Path) -> None:
    study = ose.Study(tmp_path / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    for failed in (None, "no"):
        run = study.ask()
        child = os.fork()
        if child == 0:
            refused = False
            try:
                study.tell(run, None if failed else -1.0, failed=failed)
            except StudyError as error:
                refused = "another process asked" in str(error)
            os._exit(0 if refused else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert study.tell(run, 0.5).value == 0.5
        with pytest.raises(StudyError, match="finished already"):
            study.tell(run, 0.5)


def test_a_trial_that_was_ended_meanwhile_is_no_success() -> None:
    study = ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    run = study.ask()
    study._store.append([ended(run.trial, run.attempt, "lost", reason="given up")])
    with pytest.raises(StudyError, match="given up or ended meanwhile, and is queued"):
        study.tell(run, 0.5)


ASKS = """
import os, sys
import osetra as ose
ose.Study(sys.argv[1], ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random").ask()
os._exit(0)
"""


def test_what_a_dead_program_asked_for_is_asked_for_again(tmp_path: Path) -> None:
    url = str(tmp_path / "s.db")
    subprocess.run([sys.executable, "-c", ASKS, url], check=True, timeout=60)
    study = ose.Study(url)
    run = study.ask()
    assert (run.trial, run.attempt) == (1, 2)
    assert study.tell(run, 0.5).state == "finished"
