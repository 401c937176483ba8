"""The maths of several outcomes against definitions: brute force, and Monte Carlo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osetra.numerics import pareto

COARSE = st.integers(0, 4).map(float)
"""Few values, so that many are equal."""


def points(most=14):
    shape = st.tuples(st.integers(1, most), st.integers(1, 4))
    return shape.flatmap(lambda s: arrays(np.float64, s, elements=COARSE))


def dominates(one, other):
    return bool((one <= other).all() and (one < other).any())


@given(points())
def test_fronts_agree_with_the_definition(values):
    found = pareto.fronts(values)
    left, front = set(range(len(values))), 0
    while left:
        best = {i for i in left if not any(dominates(values[j], values[i]) for j in left)}
        assert {int(i) for i in np.flatnonzero(found == front)} == best
        left, front = left - best, front + 1


@given(points())
def test_a_front_is_what_nothing_dominates(values):
    expected = [not any(dominates(other, one) for other in values) for one in values]
    assert pareto.is_front(values).tolist() == expected


@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(1, 10))
def test_the_volume_agrees_with_monte_carlo(seed, m, n):
    rng = np.random.default_rng(seed)
    values, drawn = rng.random((n, m)), rng.random((20_000, m))
    share = np.any([(drawn >= point).all(axis=1) for point in values], axis=0).mean()
    error = 5 * np.sqrt(max(share * (1 - share), 1e-4) / len(drawn))
    assert pareto.hypervolume(values, np.ones(m)) == pytest.approx(share, abs=error)


@given(points(), st.integers(0, 3))
def test_the_volume_by_counting_cells(values, beyond):
    reference = np.full(values.shape[1], 2.0 + beyond)
    cells = np.stack(np.meshgrid(*[np.arange(2.0 + beyond)] * values.shape[1]), axis=-1)
    cells = cells.reshape(-1, values.shape[1])
    counted = np.any([(cells >= point).all(axis=1) for point in values], axis=0).sum()
    assert pareto.hypervolume(values, reference) == pytest.approx(float(counted))


@given(points())
def test_boxes_fill_what_no_point_dominates(values):
    m = values.shape[1]
    low, high = pareto.boxes(values, np.full(m, 5.0))
    cells = np.stack(np.meshgrid(*[np.arange(5.0)] * m), axis=-1).reshape(-1, m) + 0.5
    within = (cells[:, None] > low) & (cells[:, None] < high)
    times = within.all(axis=2).sum(axis=1)
    free = ~np.any([(cells > point).all(axis=1) for point in values], axis=0)
    assert times.tolist() == free.astype(int).tolist()  # each free cell in one box, the others in none


def test_crowding_is_the_worked_example_of_its_source():
    values = np.array([[0.0, 4.0], [1.0, 2.0], [3.0, 1.0], [4.0, 0.0]])
    found = pareto.crowding(values)
    assert np.isinf(found[[0, 3]]).all()
    assert found[1] == pytest.approx(3 / 4 + 3 / 4)
    assert found[2] == pytest.approx(3 / 4 + 2 / 4)


@given(points(), st.integers(0, 1000))
def test_places_put_what_dominates_ahead_and_what_breaks_limits_behind(values, seed):
    violation = np.random.default_rng(seed).integers(0, 3, len(values)).astype(float)
    found = pareto.places(values, violation)
    assert sorted(found.tolist()) == list(range(len(values)))
    for i in range(len(values)):
        for j in range(len(values)):
            if violation[i] < violation[j] or (
                violation[i] == violation[j] == 0 and dominates(values[i], values[j])
            ):
                assert found[i] < found[j]


def test_no_bound_outweighs_another_by_its_unit():
    excess = np.array([[0.0, 3.0], [2.0, 0.0], [1.0, 1.0], [np.inf, 0.0]])
    found = pareto.total_violation(excess)
    assert np.argmin(found) == 2 or found[2] <= found[:2].max()
    assert np.isinf(found[3])
    by_thousands = pareto.total_violation(excess * [1000.0, 1.0])
    np.testing.assert_allclose(by_thousands[:3], found[:3])


def test_the_knee_is_where_the_front_bends():
    bent = np.array([[0.0, 10.0], [1.0, 2.0], [5.0, 1.5], [10.0, 0.0]])
    assert pareto.knee(bent) == 1
    assert pareto.knee(bent * [1.0, 1e6]) == 1
    assert pareto.knee(np.array([[3.0, 4.0]])) == 0
