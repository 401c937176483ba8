"""Expected hypervolume improvement against simulation, and its slopes against differences."""

import numpy as np
import pytest

from osetra.numerics import ehvi, pareto


@pytest.mark.parametrize("m", [1, 2, 3])
def test_it_agrees_with_simulation(m):
    rng = np.random.default_rng(m)
    front, reference = rng.random((6, m)), np.full(m, 1.1)
    low, high = pareto.boxes(front, reference)
    mean, deviation = rng.random((4, m)), 0.1 + 0.3 * rng.random((4, m))
    found = np.exp(ehvi.log_improvement(mean, deviation, low, high)[0])
    before = pareto.hypervolume(front, reference)
    for row in range(4):
        drawn = mean[row] + deviation[row] * rng.standard_normal((3000, m))
        gains = [pareto.hypervolume(np.vstack((front, one)), reference) - before for one in drawn]
        assert found[row] == pytest.approx(np.mean(gains), abs=5 * np.std(gains) / np.sqrt(3000))


def test_of_one_outcome_it_is_expected_improvement():
    from osetra.numerics.acquisition import log_improvement

    mean, deviation = np.linspace(-1, 2, 7), np.linspace(0.1, 0.8, 7)
    low, high = pareto.boxes(np.array([[0.3], [0.9]]), np.array([1.0]))
    found = ehvi.log_improvement(mean[:, None], deviation[:, None], low, high)[0]
    np.testing.assert_allclose(found, log_improvement(mean, deviation, 0.3)[0], rtol=1e-10)


@pytest.mark.parametrize("far", [0.0, 5.0])
def test_slopes_agree_with_differences(far):
    rng = np.random.default_rng(0)
    low, high = pareto.boxes(rng.random((5, 2)), np.full(2, 1.1))
    mean, deviation = far + rng.random((3, 2)), 0.2 + 0.3 * rng.random((3, 2))
    _, by_mean, by_deviation = ehvi.log_improvement(mean, deviation, low, high)
    for column in range(2):
        step = np.zeros(2)
        step[column] = 1e-6

        def slope(at, of, step=step):
            return (at(of + step)[0] - at(of - step)[0]) / 2e-6

        numeric = slope(lambda mu: ehvi.log_improvement(mu, deviation, low, high), mean)
        np.testing.assert_allclose(by_mean[:, column], numeric, rtol=1e-4)
        numeric = slope(lambda s: ehvi.log_improvement(mean, s, low, high), deviation)
        np.testing.assert_allclose(by_deviation[:, column], numeric, rtol=1e-4)


def test_it_is_ordered_where_it_underflows():
    low, high = pareto.boxes(np.array([[0.2, 0.5], [0.5, 0.2]]), np.ones(2))
    mean = np.array([[20.0, 20.0], [30.0, 30.0], [40.0, 40.0]])
    found = ehvi.log_improvement(mean, np.full((3, 2), 0.05), low, high)[0]
    assert np.isfinite(found).all()
    assert (np.diff(found) < 0).all()


def test_the_chance_to_keep_a_bound():
    log, by_mean, by_deviation = ehvi.log_feasible(np.array([1.0]), np.array([0.5]), 1.0)
    assert log[0] == pytest.approx(np.log(0.5))
    assert by_mean[0] < 0
    assert by_deviation[0] == pytest.approx(0.0)
