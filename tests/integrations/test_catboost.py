"""CatBoost: a training is a run, to the last bit, also where rows are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

catboost = pytest.importorskip("catboost")

from osetra.errors import StudyError  # noqa: E402
from osetra.integrations.catboost import OsetraCallback  # noqa: E402
from osetra.training.run import Run  # noqa: E402

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
Y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=300) > 0).astype(int)
METRIC = "validation_Logloss"
DRAWS: dict[str, dict[str, Any]] = {
    "bayesian": {},
    "rows": {"bootstrap_type": "Bernoulli", "subsample": 0.5},
    "columns": {"rsm": 0.5},
    "ordered": {"boosting_type": "Ordered"},
}


class Killer:
    def __init__(self, run: Run) -> None:
        self.run = run

    def after_iteration(self, info: Any) -> bool:
        die_once(self.run, info.iteration, 5)
        return True


def _trained(run: Run, rounds: int = 8, *more: Any, **params: Any) -> np.ndarray:
    callback = OsetraCallback(run)
    settings = {"depth": 3, "random_seed": 1, "thread_count": 1, "verbose": False, **params}
    model = catboost.CatBoostClassifier(learning_rate=run.config["lr"], **settings, **callback.rounds(rounds))
    model.fit(X, Y, eval_set=(X, Y), callbacks=[callback, *more])
    return np.asarray(model.predict(X, prediction_type="RawFormulaVal"))


@pytest.mark.parametrize("draws", DRAWS)
def test_resumed_it_ends_with_the_same_bits(draws: str, tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(
        tmp_path, lambda run: _trained(run, **DRAWS[draws]), at=3, metric=METRIC
    )
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(tmp_path: Path) -> None:
    def train(run: Run, result: Path) -> None:
        np.save(result, _trained(run, 8, Killer(run)))

    _, unbroken, killed = killed_and_unbroken(tmp_path, train, METRIC)
    assert unbroken.tobytes() == killed.tobytes()


def test_it_stops_when_told() -> None:
    run, heard, _ = steered(stop_at=3, metric=METRIC)
    _trained(run, 500)
    assert run.interrupted
    assert [p.step for p in heard.points if p.metric == METRIC] == [1, 2, 3]


def test_rounds_that_are_not_measured_are_not_reported() -> None:
    run, heard, _ = steered(metric=METRIC)
    _trained(run, 8, metric_period=3)
    assert [p.step for p in heard.points if p.metric == METRIC] == [1, 4, 7, 8]


def test_an_order_for_the_learning_rate_is_refused() -> None:
    run, _, link = steered([(3, {"lr": 0.01})], metric=METRIC)
    _trained(run)
    assert "lr cannot be changed while this training runs" in link.refusal


def test_wrong_uses_are_named() -> None:
    run, _, _ = steered(metric="validation_AUC")
    with pytest.raises(catboost.CatBoostError, match=f"logs no 'validation_AUC'; it .* {METRIC}"):
        _trained(run)
    run, _, _ = steered(metric=METRIC)
    first = OsetraCallback(run)
    first.rounds(8)
    with pytest.raises(StudyError, match="two count the steps of one run"):
        _trained(run)
    run, _, _ = steered(metric=METRIC)
    with pytest.raises(catboost.CatBoostError, match=r"callback\.rounds\(200\)\) in place of iterations"):
        catboost.CatBoostClassifier(iterations=3, verbose=False, allow_writing_files=False).fit(
            X, Y, callbacks=[OsetraCallback(run)]
        )
