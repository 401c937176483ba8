"""Networks and linear models of several targets: trained, gone on with, saved, used and judged."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from nets.several import numbers_set, tags_set
from nets.steered import run_of
from osetra.data.split import split
from osetra.errors import DataError
from osetra.nets import metrics
from osetra.nets.assessment import assess
from osetra.nets.baseline import _prepared, baseline, linear_outputs, network_of
from osetra.nets.loss import loss, regularization, weights_of
from osetra.nets.model import load, save
from osetra.nets.predict import answer, predict
from osetra.nets.prepare import apply
from osetra.nets.task import Data, NetworkTask, rehearse
from osetra.nets.training import prepare, train

CONFIG = {"units": 16, "layers": 1, "lr": 0.02, "batch_size": 64}
EVERYTHING = {
    **CONFIG, "members": 3, "mixup": 0.2, "averaging": "ema", "dropout": 0.1, "layer_norm": True,
    "input_scaling": "robust", "parametrization": "neural_tangent", "init": "data",
}  # fmt: skip


def trained(data, config=CONFIG, epochs=12, state=None, **options):
    run = run_of(config, 1)
    prepared = prepare(data, split(data), scaling=str(config.get("input_scaling", "standard")))
    found = train(run, prepared, family="mlp", epochs=epochs, patience=epochs, state=state, **options)
    return found, run


@pytest.mark.parametrize("make", [numbers_set, tags_set])
@pytest.mark.parametrize("config", [CONFIG, EVERYTHING])
def test_a_network_learns_several_targets(make, config):
    found, _ = trained(make(), config, epochs=30)
    guess = metrics.guessed(found.preparation)
    assert found.scores["loss"] < 0.9 * guess


def test_the_loss_of_numbers_is_the_mean_over_what_is_known():
    raw = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    truth = torch.tensor([[0.0, float("nan")], [3.0, 2.0]])
    value = loss(raw, truth, "multioutput", regularization({}), None)
    assert value.item() == pytest.approx((1 + 0 + 4) / 3)
    value.backward()
    assert raw.grad[0, 1] == 0
    counted = loss(raw, truth, "multioutput", regularization({}), None, torch.tensor([2.0, 0.0]))
    assert counted.item() == pytest.approx(2 / 3)


def test_balanced_labels_weigh_yes_and_no_alike():
    how = regularization({"class_weights": "balanced", "focal": 1.0})
    weights = weights_of(how, (0.1, 0.5), torch.zeros(1), labels=True)
    assert weights[:, 0].tolist() == pytest.approx([1 / 1.8, 5.0])
    raw, truth = torch.zeros(2, 2), torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    expected = 0.5 * np.log(2) * (5 + 1 / 1.8 + 1 + 1) / 4
    assert loss(raw, truth, "multilabel", how, weights).item() == pytest.approx(expected, rel=1e-5)


def test_the_linear_model_of_labels_is_a_logistic_regression_of_each():
    data = tags_set()
    parts = split(data)
    found = baseline(data, parts)
    _, x = _prepared(data, parts.train, "")
    for place in range(3):
        peer = LogisticRegression(C=1 / (found.penalty * len(parts.train)), tol=1e-8, max_iter=5000)
        peer.fit(x[parts.train], data.target[parts.train, place])
        shares = 1 / (1 + np.exp(-linear_outputs(found, data, parts.test)[:, place]))
        np.testing.assert_allclose(shares, peer.predict_proba(x[parts.test])[:, 1], atol=0.01)


def test_the_linear_model_of_numbers_is_a_ridge_regression_of_each_on_its_rows():
    data = numbers_set()
    parts = split(data)
    found = baseline(data, parts)
    _, x = _prepared(data, parts.train, "")
    for place in range(2):
        rows = parts.train[~np.isnan(data.target[parts.train, place])]
        center, spread = (
            np.nanmean(data.target[parts.train, place]),
            np.nanstd(data.target[parts.train, place]),
        )
        peer = Ridge(alpha=found.penalty * len(rows)).fit(
            x[rows], (data.target[rows, place] - center) / spread
        )
        np.testing.assert_allclose(
            linear_outputs(found, data, parts.test)[:, place], peer.predict(x[parts.test]), atol=1e-4
        )


@pytest.mark.parametrize("make", [numbers_set, tags_set])
def test_the_linear_model_is_a_network_that_says_the_same(make):
    data = make()
    found = baseline(data, split(data))
    inputs = apply(found.preparation, data.columns)
    raw = network_of(found)(torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes))
    np.testing.assert_allclose(raw.numpy(), linear_outputs(found, data, np.arange(len(data))), atol=1e-9)


def file_of(tmp_path, kind: str):
    path = tmp_path / f"{kind}.csv"
    rng = np.random.default_rng(0)
    rows = []
    for i in range(150):
        a, b = rng.normal(size=2)
        tags = ";".join(n for n, there in (("red", a > 0), ("big", b > 0), ("old", a + b > 1)) if there)
        flag = "" if i % 11 == 0 else "yes" if a > 0 else "no"
        rows.append(
            f"{i + 100},{a:.4f},{b:.4f},{3 * a:.3f},{1000 + 50 * b:.2f},{flag},{int(b > 0)},{tags or 'none'}"
        )
    path.write_text("id,a,b,u,v,w,k,tags\n" + "\n".join(rows) + "\n")
    return path


TARGETS = {"numbers": ("u", "v"), "columns": ("w", "k"), "tags": "tags"}
DROPPED = {"numbers": ("w", "k", "tags"), "columns": ("u", "v", "tags"), "tags": ("u", "v", "w", "k")}


@pytest.fixture(scope="module", params=list(TARGETS))
def made(request, tmp_path_factory):
    from osetra.data.options import DataOptions

    path = file_of(tmp_path_factory.mktemp("several"), request.param)
    reading = DataOptions(drop=DROPPED[request.param])
    task = NetworkTask(data=Data(where=str(path), target=TARGETS[request.param], reading=reading), epochs=25)
    return request.param, path, task, rehearse(task, CONFIG, seed=2)


def test_a_loaded_model_predicts_bitwise_the_same(made, tmp_path):
    _, _, task, model = made
    again = load(save(model, tmp_path / "model"))
    inputs = apply(model.preparation, task.dataset.columns)
    before, after = answer(model, inputs), answer(again, inputs)
    assert before.values == after.values
    np.testing.assert_array_equal(before.probabilities, after.probabilities)
    assert again.preparation == model.preparation


def test_predictions_have_a_column_of_each_target(made):
    kind, path, _, model = made
    found = predict(model, path)
    answers = {"numbers": ("u", "v"), "columns": ("w", "k", "p(w)", "p(k)"),
               "tags": ("tags", "p(big)", "p(old)", "p(red)")}[kind]  # fmt: skip
    assert found.header == ("row", "id", *answers)
    rows = list(found.rows())
    assert len(rows) == len(found) == 150 and {len(row) for row in rows} == {len(found.header)}
    if kind == "columns":
        assert {row[2] for row in rows} == {"no", "yes"} and {row[3] for row in rows} == {"0", "1"}
    if kind == "tags":
        assert {"red", "none"} <= {row[2] for row in rows}


def test_intervals_are_those_of_each_number(made):
    from osetra.nets.thresholds import residuals_of

    kind, path, task, model = made
    model = dataclasses.replace(
        model, card=dataclasses.replace(model.card, residuals=residuals_of(task, model))
    )
    if kind != "numbers":
        with pytest.raises(DataError, match="the model predicts classes"):
            predict(model, path, interval=0.8)
        return
    found = predict(model, path, interval=0.8)
    assert found.header[2:] == ("u", "u low", "u high", "v", "v low", "v high")
    assert found.intervals.shape == (150, 2, 2)
    assert np.all(found.intervals[:, :, 0] < found.intervals[:, :, 1])
    row = next(iter(found.rows()))
    assert row[3] < row[2] < row[4]


def test_a_model_is_judged_on_new_rows_with_their_truth(made):
    kind, path, task, model = made
    found = assess(model, path)
    assert found.rows >= 149
    name = "rmse" if kind == "numbers" else "error"
    score = found.scores[name]
    assert score.low <= score.value <= score.high
    assert score.value < (0.7 if kind == "numbers" else 0.3)
    whole = task.test_scores(model)
    assert set(found.scores) <= set(whole)


def test_truth_that_is_not_there_is_named(made, tmp_path):
    _, path, _, model = made
    text = path.read_text().replace(",v,", ",vv,", 1).replace(",k,", ",kk,", 1).replace(",tags", ",tag", 1)
    other = tmp_path / "other.csv"
    other.write_text(text)
    with pytest.raises(DataError, match=r"'v' is not|'k' is not|no such column"):
        assess(model, other)


def test_damaged_targets_of_a_card_are_refused(made, tmp_path):
    import json

    _, _, _, model = made
    folder = save(model, tmp_path / "model")
    state = json.loads((folder / "card.json").read_text())
    del state["checksums"]
    for change in ({"names": []}, {"answers": [["a", "b"]] * 7}, {"centers": [1.0]}, {"names": 3}):
        wrong = json.loads(json.dumps(state))
        wrong["preparation"]["multi"].update(change)
        (folder / "card.json").write_text(json.dumps(wrong))
        with pytest.raises(DataError, match=r"not a card that osetra wrote|contradicts itself|does not fit"):
            load(folder)
