"""A trial that was asked for and never told is no reason to wait for ever."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

import osetra as ose


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
