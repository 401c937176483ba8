import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from osetra.numerics.gp import (
    JITTER,
    Hyper,
    Prior,
    condition,
    extend,
    fit,
    loss,
    mean,
    mean_slope,
    pairs,
    predict,
    predict_slope,
)
from osetra.numerics.kernels import Array, Layout, Scales, covariance, embed, layout

FLAT = Prior(lengthscale=0.0, product=(1.0, 0.0), additive=(1.0, 0.0), noise=(1.0, 0.0))


def plain(d: int) -> Layout:
    return layout(np.zeros(d, dtype=np.int64), np.zeros(d, dtype=bool), np.zeros(d, dtype=bool))


def mixed() -> Layout:
    return layout(np.array([0, 3, 0]), np.array([False, True, False]), np.array([False, False, True]))


def mixed_points(n: int, seed: int) -> Array:
    x = np.random.default_rng(seed).random((n, 3))
    x[:, 1] = (np.floor(3 * x[:, 1]) + 0.5) / 3
    x[::3, 2] = np.nan
    return x


@pytest.mark.parametrize("seed", range(4))
def test_the_gradient_of_the_loss_agrees_with_finite_differences(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = mixed_points(25, seed), rng.standard_normal(25)
    data = pairs(mixed(), x, y, 1.0 / rng.integers(1, 4, 25))
    at = np.log(np.concatenate((rng.uniform(0.2, 2, 3), [0.8, 0.4, 0.05])))
    _, gradient = loss(at, data, Prior())
    step = 1e-5
    numeric = [
        (loss(at + e, data, Prior())[0] - loss(at - e, data, Prior())[0]) / (2 * step)
        for e in step * np.eye(len(at))
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-5, atol=1e-5)


def test_the_likelihood_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    x, y, lengths = rng.random((20, 2)), rng.standard_normal(20), np.array([0.4, 0.8])
    kernel = ConstantKernel(1.5) * Matern(length_scale=lengths, nu=2.5)
    theirs = GaussianProcessRegressor(kernel, alpha=0.1 + JITTER, optimizer=None).fit(x, y)
    expected = -theirs.log_marginal_likelihood_value_ - 10 * np.log(2 * np.pi)
    at = np.log(np.concatenate((lengths, [1.5, 1e-300, 0.1])))
    assert loss(at, pairs(plain(2), x, y, np.ones(20)), FLAT)[0] == pytest.approx(expected, rel=1e-9)


def test_the_posterior_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    x, y, new = rng.random((20, 2)), rng.standard_normal(20), rng.random((7, 2))
    lengths = np.array([0.4, 0.8])
    kernel = ConstantKernel(1.5) * Matern(length_scale=lengths, nu=2.5)
    theirs = GaussianProcessRegressor(kernel, alpha=0.1 + JITTER, optimizer=None).fit(x, y)
    mean, deviation = theirs.predict(new, return_std=True)
    ours = condition(plain(2), Hyper(Scales(lengths, 1.5, 0.0), 0.1, 0.0), x, y[:, None], np.ones(20))
    found, spread = predict(ours, new)
    np.testing.assert_allclose(found[:, 0], mean, rtol=1e-7)
    np.testing.assert_allclose(spread, deviation, rtol=1e-6)


def test_the_posterior_of_a_mixed_space_agrees_with_the_dense_formula() -> None:
    x, new, y = mixed_points(15, 1), mixed_points(6, 2), np.random.default_rng(3).standard_normal(15)
    scales, at = Scales(np.array([0.5, 1.0, 0.7]), 1.2, 0.3), mixed()
    noise = np.linspace(0.2, 1, 15)
    c = covariance(at, scales, embed(at, x), embed(at, x)) + np.diag(0.05 * noise) + JITTER * np.eye(15)
    k = covariance(at, scales, embed(at, new), embed(at, x))
    found, spread = predict(condition(at, Hyper(scales, 0.05, 0.0), x, y[:, None], noise), new)
    np.testing.assert_allclose(found[:, 0], k @ np.linalg.solve(c, y), rtol=1e-8)
    variance = 1.5 - np.sum(k * np.linalg.solve(c, k.T).T, axis=1)
    np.testing.assert_allclose(spread, np.sqrt(variance), rtol=1e-7)


def test_the_gradients_of_the_posterior_agree_with_finite_differences() -> None:
    x, y = mixed_points(15, 4), np.random.default_rng(5).standard_normal((15, 2))
    hyper = Hyper(Scales(np.array([0.5, 1.0, 0.7]), 1.2, 0.3), 0.05, 0.0)
    process, new = condition(mixed(), hyper, x, y, np.ones(15)), mixed_points(5, 6)
    _, _, by_mean, by_deviation = predict_slope(process, new)
    np.testing.assert_array_equal(mean(process, new), predict(process, new)[0])
    np.testing.assert_array_equal(mean_slope(process, new)[1], by_mean)
    for j in (0, 2):
        step = 1e-6 * np.eye(3)[j]
        (up, wide), (down, narrow) = predict(process, new + step), predict(process, new - step)
        np.testing.assert_allclose(by_mean[:, :, j], (up - down).T / 2e-6, atol=1e-6)
        np.testing.assert_allclose(by_deviation[:, j], (wide - narrow) / 2e-6, atol=1e-6)


def test_points_observed_as_predicted_leave_the_mean_and_shrink_the_deviation() -> None:
    x, y = mixed_points(12, 7), np.random.default_rng(8).standard_normal((12, 1))
    process = condition(mixed(), Hyper(Scales(np.ones(3), 1.0, 0.3), 0.05, 0.0), x, y, np.ones(12))
    running, new = mixed_points(4, 9), mixed_points(6, 10)
    extended = extend(process, running)
    np.testing.assert_allclose(predict(extended, new)[0], predict(process, new)[0], atol=1e-9)
    assert np.all(predict(extended, running)[1] < predict(process, running)[1])


def test_extending_equals_conditioning_on_all_points() -> None:
    x, y = mixed_points(12, 7), np.random.default_rng(8).standard_normal((12, 1))
    hyper = Hyper(Scales(np.ones(3), 1.0, 0.3), 0.05, 0.0)
    process, running = condition(mixed(), hyper, x, y, np.ones(12)), mixed_points(4, 9)
    believed = np.concatenate((y, predict(process, running)[0]))
    whole = condition(mixed(), hyper, np.concatenate((x, running)), believed, np.ones(16))
    new = mixed_points(6, 10)
    np.testing.assert_allclose(predict(extend(process, running), new)[1], predict(whole, new)[1], rtol=1e-5)


def test_fitting_finds_which_column_matters() -> None:
    x = np.random.default_rng(12).random((40, 3))
    y = np.sin(6 * x[:, 1])
    hyper = fit(plain(3), x, (y - y.mean()) / y.std(), np.ones(40), prior=Prior())
    assert int(np.argmin(hyper.scales.lengthscales)) == 1


def test_fitting_finds_the_noise() -> None:
    rng = np.random.default_rng(13)
    x = rng.random((150, 1))
    y = np.sin(6 * x[:, 0]) + 0.3 * rng.standard_normal(150)
    assert fit(plain(1), x, y, np.ones(150), prior=Prior()).noise == pytest.approx(0.09, rel=0.5)


@pytest.mark.parametrize("n", [1, 2])
def test_one_and_two_observations_are_enough(n: int) -> None:
    x, y = np.linspace(0.2, 0.8, n)[:, None], np.linspace(-1, 1, n)
    hyper = fit(plain(1), x, y, np.ones(n), prior=Prior())
    mean, deviation = predict(condition(plain(1), hyper, x, y[:, None], np.ones(n)), np.array([[0.5]]))
    assert np.isfinite(mean).all()
    assert deviation[0] > 0


def test_identical_points_do_not_break_the_factorisation() -> None:
    x = np.full((30, 2), 0.5)
    hyper = Hyper(Scales(np.ones(2), 50.0, 50.0), 1e-6, 0.0)
    process = condition(plain(2), hyper, x, np.ones((30, 1)), np.ones(30))
    assert predict(process, x[:1])[0][0, 0] == pytest.approx(1.0, abs=1e-3)


def test_without_observations_the_prior_remains() -> None:
    hyper = Hyper(Scales(np.ones(2), 1.0, 0.5), 0.1, 0.0)
    process = condition(plain(2), hyper, np.empty((0, 2)), np.empty((0, 1)), np.empty(0))
    mean, deviation = predict(process, np.full((1, 2), 0.5))
    assert (mean[0, 0], deviation[0]) == (0.0, pytest.approx(1.5**0.5))
