"""What a tuning delivers: the better model, on all rows, with everything that its card promises."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import osetra as ose
from osetra.nets.model import load

RNG = np.random.default_rng(11)
QUICK: dict[str, Any] = {"trials": 2, "confirm": 1, "tune": "lr", "scheduler": "full", "progress": False}


def plane(rows: int, seed: int = 0) -> pd.DataFrame:
    """A number that is linear in three others, beside a category with many levels and an id."""
    rng = np.random.default_rng(seed)
    x, place = rng.normal(size=(rows, 3)), rng.integers(0, 15, rows)
    y = 40 + 10 * x[:, 0] - 4 * x[:, 1] + 2 * x[:, 2] + 3 * (place % 5) + rng.normal(0, 2, rows)
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    return frame.assign(place=[f"p{i:02d}" for i in place], price=y)


def rare(rows: int, seed: int = 0) -> pd.DataFrame:
    """One row in twelve is a fraud, which lies in the middle of two numbers: no line tells it."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(rows) < 0.08
    x = rng.normal(size=(rows, 2)) * np.where(fraud, 0.3, 1.5)[:, None]
    return pd.DataFrame(x, columns=["a", "b"]).assign(kind=np.where(fraud, "fraud", "fine"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder, before = tmp_path_factory.mktemp("delivered"), Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module")
def linear(place: Path) -> Any:
    """A tuning whose networks see the data once: the linear model is far better."""
    return ose.tune(plane(600), "price", epochs=1, set={"lr": 0.0005}, name="plane", **{**QUICK, "tune": ()})


@pytest.fixture(scope="module")
def found(place: Path) -> Any:
    """A search for what is rare, by its average precision, with two seeds that answer together."""
    options = {**QUICK, "maximize": "average_precision", "epochs": 20, "ensemble": 2, "refit": True}
    return ose.tune(rare(1500), "kind", name="rare", set={"lr": 0.01}, **{**options, "tune": ()})


def test_a_linear_model_that_wins_is_saved_and_predicts(linear: Any) -> None:
    assert "the linear model is saved" in linear.final.answer
    assert "the linear model is saved" in str(linear)
    model = load(linear.final.folder)
    assert model.kind == "linear"
    new = plane(200, seed=9)
    answers = linear.model.predict(new)
    assert float(np.sqrt(np.mean((answers - new["price"]) ** 2))) < 1.2 * linear.test.baseline
    assert linear.document["answer"] == "linear"


def test_a_linear_model_answers_as_the_baseline_did(linear: Any) -> None:
    from osetra.nets.baseline import linear_outputs, network_of
    from osetra.nets.examination import outputs_on
    from osetra.nets.model import Model
    from osetra.nets.task import Data, NetworkTask

    plane(300).to_csv("plane.csv", index=False)
    task = NetworkTask(data=Data(where="plane.csv", target="price"))
    baseline, rows = task.baseline(), task.split.test
    model = Model(network_of(baseline), None, baseline.preparation, linear.model.card)
    assert baseline.preparation.embedded
    np.testing.assert_allclose(
        outputs_on(model, task.dataset, rows), linear_outputs(baseline, task.dataset, rows), rtol=1e-12
    )


def test_the_same_call_keeps_what_was_decided(linear: Any) -> None:
    again = ose.tune(plane(600), "price", epochs=1, set={"lr": 0.0005}, name="plane", **{**QUICK, "tune": ()})
    assert again.final.answer == linear.final.answer
    assert again.test == linear.test


def test_intervals_hold_as_many_truths_as_they_say(linear: Any) -> None:
    new = plane(3000, seed=5)
    for level in (0.5, 0.8, 0.95):
        ends = linear.model.predict_interval(new, level)
        inside = np.mean((ends[:, 0] <= new["price"]) & (new["price"] <= ends[:, 1]))
        assert abs(inside - level) < 0.08


@pytest.mark.parametrize(
    ("level", "text"), [(1.5, "between 0 and 1"), (0.9999, "tell at most 0.99"), (0, "between 0 and 1")]
)
def test_an_interval_that_cannot_be_told_is_refused(linear: Any, level: float, text: str) -> None:
    with pytest.raises(ose.OsetraError, match=text):
        linear.model.predict_interval(plane(5), level)


def test_what_is_rare_is_judged_with_each_class_alike(found: Any) -> None:
    assert found.test.metric == "balanced_error"
    assert found.final.judgement.metric == "balanced_error"
    assert found.test.value == pytest.approx(found.final.tests[0]["balanced_error"])
    assert found.test.low < found.test.value < found.test.high
    assert "average_precision" in str(found)
    assert found.study.problem.objective.direction == "maximize"


def test_the_threshold_is_that_of_validation_rows_and_predict_uses_it(found: Any) -> None:
    cut, new = found.model.card.threshold, rare(2000, seed=3)
    assert cut is not None
    shares = found.model.predict_proba(new)[:, found.model.classes.index("fraud")]
    second = found.model.classes[1]
    given = shares if second == "fraud" else 1 - shares
    assert ((found.model.predict(new) == second) == (given >= cut)).all()
    wrong = found.model.predict(new) != new["kind"]
    at_half = np.where(shares >= 0.5, "fraud", "fine") != new["kind"]
    frauds = (new["kind"] == "fraud").to_numpy()
    assert wrong[frauds].mean() + wrong[~frauds].mean() < at_half[frauds].mean() + at_half[~frauds].mean()


def test_seeds_answer_together_and_all_rows_are_learnt_from(found: Any) -> None:
    assert not found.final.answer
    assert found.test.outcome == "better"
    model = load(found.final.folder)
    assert model.kind == "ensemble"
    assert "learnt from all 1200 rows" in found.final.refit
    shares = found.model.predict_proba(rare(50))
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_the_card_explains_the_model(found: Any) -> None:
    report = found.model.card.report
    assert {each["column"] for each in report["importance"]} == {"a", "b"}
    assert report["importance"][0]["loss"] > 0
    assert np.sum(report["confusion"]["table"]) == report["rows"] == found.test.rows
    assert 0 <= report["calibration"]["error"] < 0.5
    page = (found.final.folder / "README.md").read_text()
    assert "## Confusion" in page and "## Importance" in page and "gradient boosting" in page


def test_gradient_boosting_is_a_yardstick(found: Any, linear: Any) -> None:
    assert 0 < found.final.boosting["balanced_error"] < 1
    assert linear.final.boosting["rmse"] > 0
    assert "scikit-learn's gradient boosting" in str(linear)
    assert linear.document["boosting_test"]["rmse"] == linear.final.boosting["rmse"]


def test_boosting_is_that_of_scikit_learn(place: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    from osetra.nets.boosting import boosted
    from osetra.nets.task import Data, NetworkTask

    frame = plane(400)
    frame.drop(columns="place").to_csv("numbers.csv", index=False)
    task = NetworkTask(data=Data(where="numbers.csv", target="price"))
    rows, test = task.split.train, task.split.test
    ours = boosted(task.dataset, task.baseline().preparation, rows, test, names=("rmse",))
    x, y = frame[["a", "b", "c"]].to_numpy(), frame["price"].to_numpy()
    theirs = HistGradientBoostingRegressor(random_state=0).fit(x[rows], y[rows]).predict(x[test])
    assert ours is not None and ours.rounds == 100
    assert ours.scores["rmse"] == pytest.approx(np.sqrt(np.mean((theirs - y[test]) ** 2)), rel=1e-6)
    assert boosted(task.dataset, task.baseline().preparation, rows, test, seconds=0) is None


def test_boosting_cut_short_is_no_yardstick(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from osetra.nets import boosting
    from osetra.nets.task import Data, NetworkTask
    from osetra.tuning.final_model import _left_out

    plane(200).to_csv("cut.csv", index=False)
    task = NetworkTask(data=Data(where="cut.csv", target="price"))
    preparation, rows, test = task.baseline().preparation, task.split.train, task.split.test
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(boosting.time, "monotonic", lambda: next(clock))
    cut = boosting.boosted(task.dataset, preparation, rows, test, seconds=45, names=("rmse",))
    assert cut is not None and cut.rounds < boosting.ENOUGH and not cut.enough
    said = f"gradient boosting is left out: its time was over after {cut.rounds} of 100 rounds"
    assert list(_left_out(task, 0, 1, cut)) == [said]
    whole = boosting.Boosted(cut.scores, cut.raw, boosting.ENOUGH)
    assert whole.enough and not list(_left_out(task, 0, 1, whole))


def test_a_model_is_evaluated_on_new_rows_with_intervals(found: Any, linear: Any) -> None:
    new = rare(400, seed=8)
    result = found.model.evaluate(new)
    assert result.rows == 400
    assert result.scores["error"].value == pytest.approx(np.mean(found.model.predict(new) != new["kind"]))
    assert all(s.low <= s.value <= s.high for s in result.scores.values())
    priced = plane(300, seed=4)
    rmse = linear.model.evaluate(priced).scores["rmse"]
    assert rmse.value == pytest.approx(
        float(np.sqrt(np.mean((linear.model.predict(priced) - priced["price"]) ** 2)))
    )
    renamed = priced.rename(columns={"price": "cost"})
    assert linear.model.evaluate(renamed, "cost").scores["rmse"] == rmse
    with pytest.raises(ose.OsetraError, match="'price': no such column"):
        linear.model.evaluate(renamed)


def test_rows_without_a_known_truth_are_left_out_and_counted(found: Any) -> None:
    new = rare(100, seed=8)
    new.loc[:9, "kind"] = "odd"
    result = found.model.evaluate(new)
    assert result.rows == 90
    assert "10 rows hold classes that the model does not know ('odd')" in result.notes[0]
    with pytest.raises(ose.OsetraError, match="no row has a target that the model knows"):
        found.model.evaluate(new.assign(kind="odd"))


def test_predictions_keep_names_of_rows_and_what_is_asked_for(linear: Any) -> None:
    new = plane(5).assign(customer=[f"c{i}" for i in range(5)], order_id=range(5), size=[1, 1, 2, 2, 2])
    made = linear.model.predictions(new, keep=["size", "place"], interval=0.8)
    assert made.header == ("row", "customer", "order_id", "size", "place", "price", "low", "high")
    first = next(iter(made.rows()))
    assert first[1:4] == ("c0", "0", "1") and first[6] < first[5] < first[7]
    with pytest.raises(ose.OsetraError, match=r"'sise': no such column.*Did you mean 'size'"):
        linear.model.predictions(new, keep=["sise"])


def test_rows_unlike_those_of_training_are_said(linear: Any) -> None:
    same = linear.model.predictions(plane(400, seed=2))
    assert same.warnings == ()
    new = plane(400, seed=2)
    new.loc[3, "a"] = 1e6
    new.loc[:4, "b"] = np.nan
    new["c"] = new["c"] + 2
    said = linear.model.predictions(new).warning
    assert "missing where none were in training (b 5)" in said
    assert "far outside of those of training (a 1, such as 1e+06" in said
    assert "other rows than in training" in said and "c " in said


def test_metrics_are_refused_before_anything_is_trained(place: Path) -> None:
    frame = rare(100)
    for options, text in (
        ({"maximize": "acu"}, "--maximize acu: no metric of this task.*Did you mean 'auc'"),
        ({"minimize": "auc"}, "give --maximize auc"),
        ({"minimize": "rmse"}, "predicts classes"),
        ({"minimize": "loss", "maximize": "auc"}, "not both"),
    ):
        with pytest.raises(ose.OsetraError, match=text):
            ose.tune(frame, "kind", name="refused", trials=1, **options)
    assert not list(place.glob("osetra-runs/refused/study.db"))


def test_a_card_of_the_first_format_is_read(linear: Any, place: Path) -> None:
    from osetra.nets.task import Data, NetworkTask, rehearse

    plane(120).to_csv("few.csv", index=False)
    task = NetworkTask(data=Data(where="few.csv", target="price"), epochs=2)
    model = rehearse(task, {"lr": 0.01}, 0)
    folder = ose.tuning.model.TunedModel(model, place).save("old")  # type: ignore[attr-defined]
    state = json.loads((folder / "card.json").read_text())
    state["format"] = 1
    for name in ("kind", "members", "checksums"):
        del state[name]
    for name in ("answer", "refit", "boosting", "threshold", "residuals", "inputs", "report"):
        del state["card"][name]
    (folder / "card.json").write_text(json.dumps(state))
    old = ose.load_model(folder)
    assert old.predict(plane(3)).shape == (3,)
    with pytest.raises(ose.OsetraError, match="card holds no residuals"):
        old.predict_interval(plane(3), 0.9)


def test_arrays_that_are_no_columns_are_passed_over_and_others_judged_by(place: Path) -> None:
    x = RNG.normal(size=(120, 3))
    y = np.where(x[:, 0] > 0, "up", "down")
    np.savez("arrays.npz", X=x, y=y)
    np.savez("more.npz", X=x, y=y, names=np.array(["up", "down"]), grid=np.zeros((2, 2)))
    result = ose.tune("arrays.npz", "y", epochs=3, name="arrays", **QUICK | {"confirm": 0})
    assert len(result.model.predict("more.npz")) == 120
    assert result.model.evaluate("more.npz").rows == 120
