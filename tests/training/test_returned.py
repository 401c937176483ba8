"""What a training returns beside its objective is kept as metrics of its last step, or named."""

from __future__ import annotations

import logging
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import osetra as ose
from osetra.upkeep.check import check

SPACE = ose.Space(x=ose.Float(0, 1))
GOOD: dict[str, Any] = {
    "accuracy": 0.9,
    "hits": 17,
    "f1": np.float32(0.5),
    "auc": np.array(0.25),
    "calm": True,
    "broken": math.nan,
    "great": -math.inf,
    "seconds": 3.0,
}
BAD: dict[Any, Any] = {
    "model": "resnet",
    "curve": [1.0, 2.0],
    "nothing": None,
    3: 0.5,
    "": 1.0,
    "nul\0": 1.0,
    "half \ud800": 1.0,
    "step": 9,
    "complex": 1j,
    "huge": 10**400,
}


def mapping(seed: int) -> tuple[dict[Any, Any], dict[str, Any], dict[Any, Any]]:
    """Return what a training returns, and what of it can be kept and what cannot."""
    rng = random.Random(seed)
    good = {name: GOOD[name] for name in rng.sample(sorted(GOOD), rng.randint(0, len(GOOD)))}
    bad = {name: BAD[name] for name in rng.sample(list(BAD), rng.randint(0, 3))}
    items = [("loss", 0.3), *good.items(), *bad.items()]
    rng.shuffle(items)
    return dict(items), good, bad


def training(returned: dict[Any, Any], reports: int) -> Any:
    def train(run: ose.Run) -> Any:
        for step in run.steps(reports) if reports else ():
            run.report(loss=1 / step, lr=0.1)
        return returned

    return train


@pytest.mark.parametrize("way", ["inline", "processes", "asked"])
def test_further_numbers_are_metrics_of_the_last_step_and_the_rest_is_named(
    tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    for seed in range(3 if way == "processes" else 25):
        returned, good, bad = mapping(seed)
        reports = seed % 4
        study = ose.Study(tmp_path / f"{seed}.db", SPACE, minimize="loss", searcher="random")
        caplog.clear()
        with caplog.at_level(logging.WARNING, "osetra"):
            if way == "asked":
                run = study.ask()
                for step in range(1, reports + 1):
                    run.report(loss=1 / step, lr=0.1)
                trial = study.tell(run, returned)
            else:
                executor = ose.Processes(1) if way == "processes" else None
                study.run(training(returned, reports), trials=1, executor=executor, progress=False)
                trial = study.trials[0]
        assert (trial.state, trial.value) == ("finished", 0.3)
        for name, value in good.items():
            steps, values = study.history.curve(trial, name)
            assert (steps.tolist(), values.tolist()) == (
                [max(reports, 1)],
                [pytest.approx(float(value), nan_ok=True)],
            )
        known = {"loss", "lr"} if reports else set()
        assert set(study.history.curves.metrics) == known | good.keys()
        exported = study.records()[0]
        for name, value in good.items():
            column = next(c for c in exported if c.removeprefix("metric.") == f"{name}.last")
            assert exported[column] == pytest.approx(float(value), nan_ok=True)
        said = [one for one in caplog.messages if "trial 1 returned what is not kept" in one]
        assert len(said) == bool(bad)
        for name in bad if said else ():
            assert f"{name!s}"[:4].rstrip("\0\ud800 ") in said[0]
        study.close()
        assert all(audit.sound for audit in check(tmp_path / f"{seed}.db"))


def test_what_was_reported_of_that_step_stays_and_both_numbers_are_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def train(run: ose.Run) -> dict[str, float]:
        run.report(1, accuracy=0.7)
        run.report(1, loss=0.5)
        return {"loss": 0.5, "accuracy": 0.8 if run.trial == 1 else 0.7}

    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random")
    with caplog.at_level(logging.WARNING, "osetra"):
        study.run(train, trials=2, progress=False)
    assert [study.history.curve(t, "accuracy")[1].tolist() for t in study.trials] == [[0.7], [0.7]]
    said = [one for one in caplog.messages if "returned" in one]
    assert said == [
        "trial 1 returned what is not kept: accuracy=0.8, but its reports count, 0.7 for that step"
    ]


def test_of_a_cross_validation_it_is_about_all_folds(caplog: pytest.LogCaptureFixture) -> None:
    def train(run: ose.Run) -> dict[str, float]:
        for fold in run.folds(3):
            for epoch in run.steps(2):
                run.report(loss=fold + 1 / epoch, accuracy=fold / 10)
        return {"loss": 1.5, "accuracy": 0.9, "spread": 0.25}

    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random")
    with caplog.at_level(logging.WARNING, "osetra"):
        study.run(train, trials=1, progress=False)
    row = study.records()[0]
    assert (row["spread.last"], row["spread.best"], row["accuracy.last"]) == (0.25, 0.25, pytest.approx(0.1))
    assert any("accuracy=0.9, but its reports count" in one for one in caplog.messages)
