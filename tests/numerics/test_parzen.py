import numpy as np
import pytest

from osetra.numerics.parzen import log_density, parzen, sample, split

FREE = np.array([False])


@pytest.mark.parametrize("n", [0, 1, 5, 60])
def test_a_continuous_density_integrates_to_one(n: int) -> None:
    density = parzen(np.random.default_rng(n).random((n, 1)), np.array([0]), FREE)
    grid = (np.arange(20_000) + 0.5)[:, None] / 20_000
    assert np.exp(log_density(density, grid)).mean() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("categorical", [True, False])
def test_a_discrete_density_sums_to_one(categorical: bool) -> None:
    cells = (np.arange(4)[:, None] + 0.5) / 4
    density = parzen(cells[[0, 0, 3]], np.array([4]), np.array([categorical]))
    assert np.exp(log_density(density, cells)).mean() == pytest.approx(1, abs=1e-9)


def test_samples_follow_the_density() -> None:
    rng = np.random.default_rng(0)
    density = parzen(np.array([[0.2], [0.25], [0.9]]), np.array([0]), FREE)
    drawn = sample(density, 40_000, rng)[:, 0]
    grid = (np.arange(1000) + 0.5) / 1000
    below = np.exp(log_density(density, grid[:, None]))[grid < 0.5].sum() / 1000
    assert np.mean(drawn < 0.5) == pytest.approx(below, abs=0.01)


def test_samples_of_a_category_follow_the_density() -> None:
    cells = (np.arange(3)[:, None] + 0.5) / 3
    density = parzen(cells[[1, 1]], np.array([3]), np.array([True]))
    drawn = np.floor(3 * sample(density, 30_000, np.random.default_rng(0))[:, 0]).astype(int)
    expected = np.exp(log_density(density, cells)) / 3
    np.testing.assert_allclose(np.bincount(drawn, minlength=3) / 30_000, expected, atol=0.01)


def test_an_inactive_column_is_uniform() -> None:
    density = parzen(np.array([[0.2, np.nan]]), np.array([0, 0]), np.array([False, False]))
    values = log_density(density, np.array([[0.2, 0.0], [0.2, 0.9], [0.2, np.nan]]))
    np.testing.assert_allclose(values, values[0])


def test_samples_stay_in_the_cube() -> None:
    density = parzen(np.array([[0.0, 1.0]] * 3), np.array([0, 0]), np.array([False, False]))
    drawn = sample(density, 1000, np.random.default_rng(0))
    assert np.isfinite(drawn).all()
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_the_split_takes_the_best_tenth_and_at_least_one() -> None:
    good, others = split(np.array([3.0, 1.0, 2.0]))
    assert (good.tolist(), others.tolist()) == ([1], [2, 0])
    assert len(split(np.arange(1000.0))[0]) == 25
