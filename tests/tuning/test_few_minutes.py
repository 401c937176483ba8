"""Where time is used up before a training came to its end: the best so far is the answer, and is said."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import osetra as ose
from osetra.core.decisions import Verdict
from osetra.nets.task import Data, NetworkTask
from osetra.schedulers.asha import ASHA
from osetra.tuning.deadline import Deadline
from osetra.tuning.final_model import FinalModel, Wishes, final_model
from osetra.tuning.winner import winner_of


class Waits(ASHA):
    """Lets every trial wait at its first rung, as where the time is used up."""

    def revive(self, *_: object) -> list[Verdict]:  # type: ignore[override]
        return []


LATE = Deadline.of(1, begun=time.monotonic() - 120)


@pytest.fixture
def cut(tmp_path: Path) -> tuple[NetworkTask, ose.Study]:
    """A study of which two trials wait after 2 of 8 epochs."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(150, 2)), columns=["a", "b"])
    frame["y"] = frame["a"] + rng.normal(0, 0.1, 150)
    frame.to_csv(tmp_path / "t.csv", index=False)
    where = Data(where=str(tmp_path / "t.csv"), target="y")
    task = NetworkTask(data=where, epochs=8, keep=str(tmp_path / "networks"))
    study = ose.Study("memory:", task.catalogue.space, minimize="val_loss", scheduler=Waits(min_steps=2))
    for rate in (0.005, 0.02):
        study.enqueue(lr=rate)
    study.run(task, trials=2, steps=8, progress=False)
    return task, study


def delivered(task: NetworkTask, study: ose.Study, folder: Path, deadline: Deadline) -> FinalModel:
    objective = study.problem.objective
    return final_model(
        study.history, objective, task, task.baseline(), folder, "", wishes=Wishes(), deadline=deadline
    )


def test_the_winner_among_paused_trials_is_the_best_at_equal_steps(
    cut: tuple[NetworkTask, ose.Study],
) -> None:
    _, study = cut
    history, objective = study.history, study.problem.objective
    assert not history.finished
    winner, why = winner_of(history, objective)
    assert "the best of those that were trained longest" in why and "of 8" in why
    reached = history.step(winner, "val_loss")
    others = [t for t in history.trials.values() if history.step(t, "val_loss") == reached]
    assert winner.value == min(history.curve(t, "val_loss")[1].min() for t in others)


def test_what_waits_is_the_model_when_there_is_no_time_and_it_is_said(
    cut: tuple[NetworkTask, ose.Study], tmp_path: Path
) -> None:
    task, study = cut
    final = delivered(task, study, tmp_path / "model", LATE)
    reached = study.history.step(final.winner, "val_loss")
    assert final.partial
    assert any(f"trained for {reached} of 8 epochs, for want of time" in note for note in final.notes)
    # With more time the same winner is trained to its end, and the model made anew.
    again = delivered(task, study, tmp_path / "model", Deadline())
    assert not again.partial and not again.notes
    assert again.winner.config == final.winner.config
