"""Networks that trials leave behind are those that the same training would make again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import osetra as ose
from osetra.nets.kept import KeptNetwork, forget, keep, kept, name_of
from osetra.nets.task import Data, NetworkTask, rehearse


def small(weight: float = 1.0) -> KeptNetwork:
    return KeptNetwork({"a": torch.full((2, 3), weight)}, 7, 4, {"loss": 0.5}, True)


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "new" / name_of("task", {"lr": 0.1}, 3)
    keep(file, small(1.0))
    keep(file, small(2.0))
    found = kept(file)
    assert found is not None and found.weights["a"].unique().item() == 2.0
    assert (found.epochs, found.best_epoch, found.scores, found.complete) == (7, 4, {"loss": 0.5}, True)
    forget(file.parent)
    assert kept(file) is None and not file.parent.exists()


@pytest.mark.parametrize("content", [b"", b"no tensors", b"\x08\0\0\0\0\0\0\0{}      "])
def test_what_is_damaged_is_as_if_it_were_not_there(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.safetensors"
    file.write_bytes(content)
    assert kept(file) is None


def test_each_training_has_a_file_of_its_own() -> None:
    names = {
        name_of(task, config, seed)
        for task in ("one", "other")
        for config in ({"lr": 0.1}, {"lr": 0.2}, {"lr": 0.1, "layers": 2})
        for seed in (1, 2)
    }
    assert len(names) == 12
    assert name_of("one", {"a": 1, "b": 2}, 1) == name_of("one", {"b": 2, "a": 1}, 1)


@pytest.fixture
def task(tmp_path: Path) -> NetworkTask:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 2)), columns=["a", "b"])
    frame["y"] = frame["a"] * frame["b"]
    frame.to_csv(tmp_path / "t.csv", index=False)
    return NetworkTask(
        data=Data(where=str(tmp_path / "t.csv"), target="y"), epochs=4, keep=str(tmp_path / "kept")
    )


def study_of(task: NetworkTask, **options: Any) -> ose.Study:
    space = task.catalogue.space
    return ose.Study("memory:", space, minimize="val_loss", searcher="random", **options)


def test_a_trial_leaves_what_the_same_training_makes_again(task: NetworkTask) -> None:
    study = study_of(task, scheduler="full")
    study.enqueue(lr=0.01)
    study.run(task, trials=1, progress=False)
    [trial] = study.trials
    found = task.kept_model(trial.config, trial.seed)
    assert found is not None and found[1]
    again = rehearse(task, trial.config, trial.seed)
    for name, tensor in again.network.state_dict().items():
        assert torch.equal(found[0].network.state_dict()[name], tensor)
    assert found[0].card == again.card
    assert task.kept_model(trial.config, trial.seed + 1) is None


def test_a_paused_trial_leaves_its_best_so_far(task: NetworkTask) -> None:
    study = study_of(task, scheduler="asha")
    study.enqueue(lr=0.01)
    study.run(task, trainings=0.2, steps=4, progress=False)
    first = study.trials[0]
    found = task.kept_model(first.config, first.seed)
    assert found is not None
    model, complete = found
    assert complete is (first.state == "finished")
    assert model.card.epochs == study.history.step(first, "val_loss")


def test_a_trial_that_was_steered_leaves_nothing(task: NetworkTask) -> None:
    study = study_of(task, scheduler="full")
    trial = study.enqueue()
    study.order(trial, "set", {"lr": 0.01})
    study.run(task, trials=1, progress=False)
    assert study.trials[0].steered
    assert task.kept_model(trial.config, trial.seed) is None
