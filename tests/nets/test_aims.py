"""Numbers that are learnt by another error than the squared one: medians and quantiles."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import QuantileRegressor

from nets.several import numbers_set
from nets.steered import run_of
from nets.tables_for_tests import line
from osetra.data.split import split
from osetra.nets import aims, metrics
from osetra.nets.baseline import _prepared, baseline, linear_outputs
from osetra.nets.loss import loss, regularization
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.prepare import fit
from osetra.nets.targets import answers
from osetra.nets.task import Data, NetworkTask
from osetra.nets.training import prepare, raw_outputs, train


def skewed(n: int = 600):
    """Noise that is never below zero, so that mean, median and quantiles are far apart."""
    data = line(n)
    noise = np.random.default_rng(4).exponential(20, n)
    return type(data)(**{**{f: getattr(data, f) for f in data.__slots__}, "target": data.target + noise})


@pytest.mark.parametrize(
    ("metric", "aim"),
    [
        ("val_loss", ""),
        ("rmse", ""),
        ("mae", "mae"),
        ("val_mae", "mae"),
        ("val_quantile_0.9", "quantile_0.9"),
    ],
)
def test_the_aim_follows_the_metric(metric, aim):
    assert aims.aim_of(metric) == aim


@pytest.mark.parametrize("aim", ["", "mae", "quantile_0.9", "quantile_.25"])
def test_losses_in_torch_and_numpy_are_one(aim):
    raw, truth = torch.randn(50, 1), torch.randn(50)
    value = loss(raw, truth, "regression", regularization({}), None, aim=aim)
    assert value.item() == pytest.approx(
        aims.errors((raw[:, 0] - truth).double().numpy(), aim).mean(), rel=1e-5
    )
    several = loss(
        raw.repeat(1, 2), truth.unsqueeze(1).repeat(1, 2), "multioutput", regularization({}), None, aim=aim
    )
    assert several.item() == pytest.approx(value.item(), rel=1e-5)


@pytest.mark.parametrize(("metric", "share"), [("mae", 0.5), ("quantile_0.9", 0.9)])
def test_a_network_answers_the_quantile_that_it_is_trained_for(metric, share):
    data = skewed()
    parts = split(data)
    prepared = prepare(data, parts, aim=aims.aim_of(metric))
    found = train(
        run_of({"units": 32, "layers": 1, "lr": 0.02}, 1), prepared, family="mlp", epochs=40, patience=40,
        metric=f"val_{metric}", show=("loss", metric),
    )  # fmt: skip
    rows = np.concatenate([parts.validation, parts.test])
    from osetra.nets.prepare import apply

    raw = raw_outputs(found.network, apply(found.preparation, data.columns).rows(rows))
    assert np.mean(data.target[rows] <= answers(found.preparation, raw)) == pytest.approx(share, abs=0.09)


@pytest.mark.parametrize("aim", ["mae", "quantile_0.9"])
def test_the_linear_model_has_the_same_aim(aim):
    data = skewed(1500)
    parts = split(data)
    found = baseline(data, parts, ("loss", aim), aim=aim)
    _, x = _prepared(data, parts.train, aim)
    peer = QuantileRegressor(quantile=aims.level_of(aim), alpha=0).fit(
        x[parts.train], data.target[parts.train]
    )
    ours = metrics.pinball(
        answers(found.preparation, linear_outputs(found, data, parts.train)), data.target[parts.train],
        aims.level_of(aim),
    )  # fmt: skip
    theirs = metrics.pinball(peer.predict(x[parts.train]), data.target[parts.train], aims.level_of(aim))
    assert ours == pytest.approx(theirs, rel=0.05)
    assert found.guessing["loss"] > found.scores["loss"]


@pytest.mark.parametrize("make", [skewed, numbers_set])
def test_guessing_is_the_quantile_and_its_loss_is_known(make):
    data = make()
    rows = np.arange(len(data))
    preparation = fit(data, rows, aim="quantile_0.9")
    width = 1 if data.multi is None else 2
    found = metrics.scores(preparation, np.zeros((len(data), width)), data.target, ("loss",))
    assert metrics.guessed(preparation) == pytest.approx(found["loss"], rel=1e-4)
    assert from_json(to_json(preparation)) == preparation


def test_a_study_that_began_with_squared_errors_goes_on_with_them(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i * 1.5 + i % 7:.2f}\n" for i in range(60)))
    task = NetworkTask(data=Data(where=str(path), target="y"), metric="val_mae")
    assert task.aimed == "mae"
    assert NetworkTask(data=Data(where=str(path), target="y"), metric="val_mae", aim="").aimed == ""


def test_classes_have_no_aim(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(60)))
    assert NetworkTask(data=Data(where=str(path), target="y"), metric="val_mae").aimed == ""
