import numpy as np
import pytest

from osetra.numerics import gp
from osetra.numerics.curvature import curvature
from osetra.numerics.gp import Hyper, Prior, condition, predict
from osetra.numerics.kernels import Array, Layout, Scales, covariance, embed, layout
from osetra.numerics.posterior import conditioned, euclidean, evaluate, hypers, matern


def mixed() -> Layout:
    return layout(np.array([0, 3, 0]), np.array([False, True, False]), np.array([False, False, True]))


def points(n: int, seed: int) -> Array:
    x = np.random.default_rng(seed).random((n, 3))
    x[:, 1] = (np.floor(3 * x[:, 1]) + 0.5) / 3
    x[::3, 2] = np.nan
    return x


SCALES = Scales(np.array([0.4, 0.9, 0.6]), 1.3, 0.5)


def test_features_are_euclidean_for_every_kind_of_column() -> None:
    x = points(20, 0)
    features, owner = euclidean(mixed(), x)
    scaled = features / SCALES.lengthscales[owner]
    z = embed(mixed(), x)
    together = covariance(mixed(), Scales(SCALES.lengthscales, 1.0, 0.0), z, z)
    assert matern(scaled, scaled) == pytest.approx(together, abs=1e-6)


def test_draws_have_the_mean_and_the_deviation_of_the_process() -> None:
    x, new = points(15, 1), points(40, 2)
    y, noise = np.random.default_rng(3).standard_normal(15), np.ones(15)
    hyper = Hyper(SCALES, 0.1, 0.0)
    exact = condition(mixed(), hyper, x, y[:, None], noise)
    mean, deviation = predict(exact, new)
    rng = np.random.default_rng(4)
    drawn = [evaluate(conditioned(mixed(), hyper, x, y, noise, 40, rng), new) for _ in range(25)]
    assert drawn[0][:, 0] == pytest.approx(mean[:, 0], abs=1e-4)
    functions = np.column_stack([part[:, 1:] for part in drawn])
    assert functions.mean(axis=1) == pytest.approx(mean[:, 0], abs=0.15)
    assert functions.std(axis=1) == pytest.approx(deviation, rel=0.2)


def test_hyperparameters_differ_where_the_data_leave_them_open() -> None:
    x = np.random.default_rng(0).random((40, 2))
    y = np.sin(6 * x[:, 0])
    y = (y - y.mean()) / y.std()
    at = layout(np.zeros(2, dtype=np.int64), np.zeros(2, dtype=bool), np.zeros(2, dtype=bool))
    best = gp.fit(at, x, y, np.ones(40), prior=Prior())
    drawn = hypers(best, gp.pairs(at, x, y, np.ones(40)), Prior(), 50, np.random.default_rng(1))
    assert drawn[0] is best
    spread = np.log([hyper.scales.lengthscales for hyper in drawn[1:]]).std(axis=0)
    assert 1.5 * spread[0] < spread[1]


@pytest.mark.parametrize("seed", range(4))
def test_the_curvature_is_that_of_the_loss(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((12, 3))
    x[rng.random(12) < 0.3, 2] = np.nan
    data = gp.pairs(mixed(), x, rng.standard_normal(12), rng.uniform(0.5, 2, 12))
    at, step = rng.uniform(-1, 1, 6), 1e-3 * np.eye(6)
    expected = [
        (gp.loss(at + one, data, Prior())[1] - gp.loss(at - one, data, Prior())[1]) / 2e-3 for one in step
    ]
    np.testing.assert_allclose(curvature(at, data, Prior()), expected, rtol=1e-6, atol=1e-8)
