import numpy as np
import pytest

from osetra.numerics.transform import merge, targets


def test_targets_have_mean_zero_and_deviation_one() -> None:
    values = targets(np.array([3.0, 1.0, 2.0, 5.0]), np.zeros(4, dtype=bool)).values
    assert (values.mean(), values.std()) == (pytest.approx(0), pytest.approx(1))


def test_the_way_back_gives_the_outcomes() -> None:
    y = np.array([3.0, 1.0, 2.0, 5.0])
    found = targets(y, np.zeros(4, dtype=bool))
    np.testing.assert_allclose(found.shift + found.scale * found.values, y)


def test_a_wild_outcome_does_not_squeeze_the_others_together() -> None:
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 1e12])
    values = targets(y, np.zeros(6, dtype=bool)).values
    assert values[4] - values[0] > 1


def test_a_failure_counts_as_worse_than_the_worst() -> None:
    values = targets(np.array([1.0, 2.0, np.nan]), np.array([False, False, True])).values
    assert values[2] > values[1]


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_targets_do_not_depend_on_the_unit(factor: float) -> None:
    y, none = np.array([3.0, 1.0, 2.0, 5.0]), np.zeros(4, dtype=bool)
    np.testing.assert_allclose(targets(factor * y, none).values, targets(y, none).values, rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 1e-12, 0.1, 1e12, 1e300, np.inf])
def test_equal_outcomes_are_all_zero(value: float) -> None:
    values = targets(np.full(7, value), np.zeros(7, dtype=bool)).values
    np.testing.assert_allclose(values, 0, atol=1e-9)


def test_outcomes_beyond_all_bounds_stay_finite() -> None:
    y = np.array([1e-12, -1e308, 1e308, np.inf, 1e12])
    assert np.isfinite(targets(y, np.zeros(5, dtype=bool)).values).all()


def test_repeats_become_their_mean() -> None:
    merged = merge(np.array([[0.1, np.nan], [0.2, 0.5], [0.1, np.nan]]))
    np.testing.assert_array_equal(merged.mean(np.array([1.0, 5.0, 3.0])), [2.0, 5.0])
    np.testing.assert_array_equal(merged.count, [2, 1])
    np.testing.assert_array_equal(merged.first, [0, 1])
