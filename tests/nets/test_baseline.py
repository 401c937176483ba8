"""What a linear model and guessing reach."""

import math

import numpy as np
import pytest

from nets.tables_for_tests import coins, flowers, line
from osetra.data.split import split
from osetra.nets.baseline import baseline, evaluate_baseline


def test_guessing_reaches_the_entropy_of_the_classes():
    data = flowers(300)
    found = baseline(data, split(data))
    assert found.guessing["loss"] == pytest.approx(math.log(3), abs=0.01)
    assert found.guessing["error"] == pytest.approx(2 / 3, abs=0.02)


@pytest.mark.parametrize("data", [coins(), flowers(), line()])
def test_a_linear_model_beats_guessing(data):
    found = baseline(data, split(data))
    assert found.scores["loss"] < 0.7 * found.guessing["loss"]


def test_linear_regression_finds_the_line():
    data = line(400)
    found = baseline(data, split(data))
    slopes = [
        weight * found.preparation.spread / column.scale
        for weight, column in zip(found.weights[:, 0], found.preparation.columns, strict=True)
    ]
    np.testing.assert_allclose(slopes, [30, -10], rtol=0.02)


def test_softmax_regression_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    data = flowers(300)
    parts = split(data)
    found = baseline(data, parts)
    from osetra.nets.baseline import linear_features
    from osetra.nets.prepare import apply

    x = linear_features(found.preparation, apply(found.preparation, data.columns))
    peer = LogisticRegression(C=1 / (found.penalty * len(parts.train)), max_iter=2000)
    peer.fit(x[parts.train], data.target[parts.train])
    wanted = peer.predict_proba(x[parts.validation])
    shares = wanted[np.arange(len(parts.validation)), data.target[parts.validation]]
    assert found.scores["loss"] == pytest.approx(-np.log(shares).mean(), abs=0.01)


def test_a_baseline_is_judged_on_any_part():
    data = coins()
    parts = split(data)
    found = baseline(data, parts)
    assert evaluate_baseline(found, data, parts.validation) == pytest.approx(dict(found.scores))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("row", [0, 1, 2, 3, 4, 5, 6, 7])
def test_a_cell_near_the_largest_float_gives_a_finite_loss_without_warnings(row):
    data = coins()
    data.columns[0].values[row] = 1e308
    found = baseline(data, split(data))
    assert math.isfinite(found.scores["loss"])
