"""XGBoost and LightGBM: a training is a run, and says where it cannot go on bit by bit."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from osetra.errors import StudyError
from osetra.training.run import Run

from .trial_runs import die_once, heavy, killed_and_unbroken, resumed, steered, told

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
Y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=300) > 0).astype(int)
pytestmark = pytest.mark.filterwarnings("ignore")


class Trees:
    """Both libraries by the same few calls."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.library = pytest.importorskip(name)
        self.metric = "val_logloss" if name == "xgboost" else "val_binary_logloss"

    def callback(self, run: Run, **more: Any) -> Any:
        if self.name == "xgboost":
            from osetra.integrations.xgboost import OsetraCallback as XgboostCallback

            return XgboostCallback(run, **more)
        from osetra.integrations.lightgbm import OsetraCallback as LightgbmCallback

        return LightgbmCallback(run, **more)

    def train(self, run: Run, rounds: int = 8, *others: Any, second: bool = False, **params: Any) -> Any:
        """Return predictions after each round (rounds, rows)."""
        callback = self.callback(run)
        lr = run.config["lr"]
        if self.name == "xgboost":
            xgb = self.library
            rows = xgb.DMatrix(X, Y)
            params = {"objective": "binary:logistic", "eta": lr, "max_depth": 3, "nthread": 1, **params}
            both = [callback, self.callback(run)] if second else [callback]
            both[-1].rounds(rounds)
            model = xgb.train(
                params,
                rows,
                evals=[(rows, "val")],
                verbose_eval=False,
                callbacks=[*others, *both],
                **callback.rounds(rounds),
            )
            each = range(1, model.num_boosted_rounds() + 1)
            return [model.predict(rows, iteration_range=(0, n), output_margin=True) for n in each]
        lgb = self.library
        params = {"objective": "binary", "learning_rate": lr, "num_leaves": 7, "verbose": -1, **params}
        params |= {"num_threads": 1, "deterministic": True, "seed": 1}
        rows = lgb.Dataset(X, Y)
        more = self.callback(run).rounds(rounds)["callbacks"] if second else []
        model = lgb.train(
            params, rows, valid_sets=[rows], valid_names=["val"], **callback.rounds(rounds, *others, *more)
        )
        each = range(1, model.current_iteration() + 1)
        return [model.predict(X, num_iteration=n, raw_score=True) for n in each]


@pytest.fixture(params=["xgboost", "lightgbm"])
def trees(request: pytest.FixtureRequest) -> Trees:
    return Trees(request.param)


def test_resumed_it_ends_with_the_same_bits(trees: Trees, tmp_path: Path) -> None:
    unbroken, broken, whole, parts = resumed(
        tmp_path, lambda run: trees.train(run)[-1], at=3, metric=trees.metric
    )
    assert unbroken.tobytes() == broken.tobytes()
    assert told(whole) == told(parts)


@heavy
def test_killed_with_sigkill_and_resumed_it_ends_with_the_same_bits(trees: Trees, tmp_path: Path) -> None:
    name, metric = trees.name, trees.metric

    def killer(run: Run) -> Any:
        if name == "xgboost":
            import xgboost

            class Killer(xgboost.callback.TrainingCallback):  # type: ignore[misc, name-defined]
                def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                    die_once(run, epoch, 4)
                    return False

            return Killer()
        return lambda env: die_once(run, env.iteration, 4)

    def train(run: Run, result: Path) -> None:
        np.save(result, Trees(name).train(run, 8, killer(run))[-1])

    _, unbroken, killed = killed_and_unbroken(tmp_path, train, metric)
    assert unbroken.tobytes() == killed.tobytes()


def test_where_rows_are_drawn_it_says_that_the_rest_differs(
    trees: Trees, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drawn = {"subsample": 0.5} if trees.name == "xgboost" else {"bagging_fraction": 0.5, "bagging_freq": 1}
    with caplog.at_level(logging.WARNING, "osetra"):
        _, broken, _, _ = resumed(
            tmp_path, lambda run: trees.train(run, **drawn)[-1], at=3, metric=trees.metric
        )
    assert len(broken) == len(X)
    assert f"goes on after round 3 with {next(iter(drawn))} below 1" in caplog.text


def test_an_order_holds_from_the_next_round_on(trees: Trees) -> None:
    """A rate of nearly nothing adds nearly nothing."""
    run, _, link = steered([(3, {"lr": 1e-9})], metric=trees.metric)
    each = trees.train(run)
    assert link.refusal == "" and len(each) == 8
    moves = [float(np.abs(each[n] - each[n - 1]).max()) for n in range(1, 8)]
    assert max(moves[2:]) < 1e-6 < 1e-3 < min(moves[:2])


def test_a_schedule_goes_on_under_an_order(trees: Trees) -> None:
    def moves(orders: Any) -> list[float]:
        rates = [0.1 * 0.5**n for n in range(8)]
        if trees.name == "xgboost":
            schedule = trees.library.callback.LearningRateScheduler(rates)
        else:
            schedule = trees.library.reset_parameter(learning_rate=rates)
        run, _, link = steered(orders, metric=trees.metric)
        each = trees.train(run, 8, schedule)
        assert link.refusal == ""
        return [float(np.abs(each[n] - each[n - 1]).max()) for n in range(1, 8)]

    plain, ordered = moves([]), moves([(3, {"lr": 0.025})])
    assert ordered[:2] == plain[:2]
    # The leaves differ a little once the trees before them do.
    np.testing.assert_allclose(np.asarray(ordered[2:]) / np.asarray(plain[2:]), 0.25, rtol=0.2)


def test_it_stops_when_told(trees: Trees) -> None:
    run, heard, _ = steered(stop_at=3, metric=trees.metric)
    assert len(trees.train(run, 500)) == 3 and run.interrupted
    assert [p.step for p in heard.points] == [1, 2, 3]


def test_wrong_uses_are_named(trees: Trees) -> None:
    run, _, _ = steered(metric="val_auc")
    with pytest.raises(StudyError, match=f"logs no 'val_auc'; it logs {trees.metric}"):
        trees.train(run)
    run, _, _ = steered(metric=trees.metric)
    with pytest.raises(StudyError, match="two count the steps of one run"):
        trees.train(run, second=True)
    with pytest.raises(StudyError, match="rounds=0"):
        trees.callback(run).rounds(0)


def test_rounds_that_xgboost_was_not_given_are_asked_for() -> None:
    trees = Trees("xgboost")
    run, _, _ = steered(metric=trees.metric)
    with pytest.raises(StudyError, match=r"callback\.rounds\(200\)\) in place of num_boost_round"):
        trees.library.train({}, trees.library.DMatrix(X, Y), 3, callbacks=[trees.callback(run)])
