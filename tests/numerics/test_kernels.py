import numpy as np
import pytest
from sklearn.gaussian_process.kernels import Matern

from osetra.numerics.kernels import (
    Layout,
    Scales,
    covariance,
    embed,
    layout,
    matern52_slope,
    pull_back,
    squared_distances,
)


def mixed() -> Layout:
    """A continuous, a categorical of three and a conditional column."""
    return layout(np.array([0, 3, 0]), np.array([False, True, False]), np.array([False, False, True]))


def plain(d: int) -> Layout:
    return layout(np.zeros(d, dtype=np.int64), np.zeros(d, dtype=bool), np.zeros(d, dtype=bool))


def test_matern_agrees_with_an_independent_implementation() -> None:
    r = np.linspace(0, 4, 50)
    expected = Matern(length_scale=1.0, nu=2.5)(np.zeros((1, 1)), r[:, None])[0]
    np.testing.assert_allclose(matern52_slope(r**2)[0], expected, rtol=1e-12)


def test_the_slope_of_matern_is_its_derivative() -> None:
    r2, step = np.linspace(0.01, 9, 40), 1e-6
    numeric = (matern52_slope(r2 + step)[0] - matern52_slope(r2 - step)[0]) / (2 * step)
    np.testing.assert_allclose(matern52_slope(r2)[1], numeric, rtol=1e-6)


def test_the_slope_of_matern_is_finite_where_points_coincide() -> None:
    assert matern52_slope(np.zeros(1))[1][0] == pytest.approx(-5 / 6)


def test_categories_differ_by_one_whatever_their_order() -> None:
    at = mixed()
    z = embed(at, np.array([[0.2, u, 0.5] for u in (1 / 6, 3 / 6, 5 / 6)]))
    squares = squared_distances(at, z, z, np.ones(3))
    np.testing.assert_allclose(squares[1], 1 - np.eye(3), atol=1e-15)


def test_an_inactive_value_is_equally_far_from_every_active_one() -> None:
    at = mixed()
    active = np.column_stack((np.full(9, 0.3), np.full(9, 0.5), np.linspace(0, 1, 9)))
    inactive = np.array([[0.3, 0.5, np.nan]])
    squares = squared_distances(at, embed(at, active), embed(at, inactive), np.ones(3))
    np.testing.assert_allclose(squares[2], 0.25, atol=1e-15)


def test_two_inactive_values_are_the_same() -> None:
    at = mixed()
    z = embed(at, np.array([[0.3, 0.5, np.nan], [0.3, 0.5, np.nan]]))
    assert squared_distances(at, z, z, np.ones(3)).max() == 0


def test_active_conditional_values_differ_by_the_square_of_a_sine() -> None:
    at = mixed()
    z = embed(at, np.array([[0.3, 0.5, 0.1], [0.3, 0.5, 0.8]]))
    assert squared_distances(at, z, z, np.ones(3))[2, 0, 1] == pytest.approx(np.sin(0.7) ** 2)


def test_the_covariance_of_a_mixed_space_is_positive_definite() -> None:
    rng, at = np.random.default_rng(0), mixed()
    x = rng.random((80, 3))
    x[:, 1] = (np.floor(3 * x[:, 1]) + 0.5) / 3
    x[::2, 2] = np.nan
    z = embed(at, x)
    values = np.linalg.eigvalsh(covariance(at, Scales(np.full(3, 0.4), 1.0, 0.5), z, z))
    assert values.min() > -1e-10


def test_the_covariance_adds_a_product_and_a_mean_over_columns() -> None:
    rng = np.random.default_rng(1)
    x, y, lengths = rng.random((4, 2)), rng.random((5, 2)), np.array([0.3, 0.9])
    together = Matern(length_scale=lengths, nu=2.5)(x, y)
    alone = [Matern(length_scale=lengths[j], nu=2.5)(x[:, [j]], y[:, [j]]) for j in range(2)]
    found = covariance(plain(2), Scales(lengths, 1.7, 0.6), x, y)
    np.testing.assert_allclose(found, 1.7 * together + 0.6 * np.mean(alone, axis=0), rtol=1e-10)


def test_gradients_are_pulled_back_through_the_embedding() -> None:
    at, x = mixed(), np.array([[0.3, 0.5, 0.7], [0.9, 0.5, np.nan]])
    weights = np.random.default_rng(2).standard_normal(len(at.owner))
    found = pull_back(at, x, np.broadcast_to(weights, (2, len(weights))))
    step = 1e-6 * np.eye(3)
    for j in (0, 2):
        numeric = (embed(at, x + step[j]) - embed(at, x - step[j])) @ weights / 2e-6
        np.testing.assert_allclose(found[:, j], numeric, atol=1e-8)
    assert not found[:, 1].any()
