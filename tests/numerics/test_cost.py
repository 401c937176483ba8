"""What points cost: seconds are learnt, gain is divided by them, gradients are those of the formula."""

from __future__ import annotations

import numpy as np
import pytest

from osetra.numerics import acquisition, cost, gp
from osetra.numerics.kernels import layout
from osetra.numerics.memory import Memory

AT = layout(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))


def seconds(x):
    """Ten times as long from one end of the second column to the other, with little noise."""
    return 0.2 * 10 ** x[:, 1]


def learnt(count=40, power=1.0, noise=0.05):
    rng = np.random.default_rng(1)
    x = rng.random((count, 3))
    took = seconds(x) * np.exp(noise * rng.standard_normal(count))
    return cost.learn(cost.Paces(x=x, seconds=took, power=power), AT, gp.Prior(), Memory(4))


@pytest.mark.parametrize("power", [1.0, 0.3])
def test_differences_of_cost_are_those_of_the_seconds(power):
    points = np.random.default_rng(2).random((50, 3))
    found = learnt(power=power).log(points)
    wanted = power * np.log(seconds(points))
    assert np.std((found - found.mean()) - (wanted - wanted.mean())) < 0.1 * power


def test_gradients_are_those_of_the_cost_and_further_columns_cost_nothing():
    model, points, step = learnt(), np.random.default_rng(3).random((7, 4)), 1e-5
    value, gradient = model.slope(points)
    assert value == pytest.approx(model.log(points))
    for column in range(4):
        moved = np.zeros(4)
        moved[column] = step
        slope = (model.log(points + moved) - model.log(points - moved)) / (2 * step)
        assert gradient[:, column] == pytest.approx(slope, abs=1e-4)
    assert not gradient[:, 3].any()


def test_without_power_or_with_few_trainings_nothing_is_weighed():
    assert learnt(power=0.0) is None
    assert learnt(count=cost.FEWEST - 1) is None
    assert cost.learn(None, AT, gp.Prior(), Memory(1)) is None
    score, slope = (lambda x: x[:, 0]), (lambda x: (x[:, 0], np.ones(x.shape)))
    assert cost.costing(score, slope, None) == (score, slope)


def test_a_climb_goes_by_the_cost_and_its_gradient_where_it_begins():
    model, rng = learnt(), np.random.default_rng(5)
    begin = rng.random((4, 3))
    step = 1e-4 * rng.standard_normal(begin.shape)
    worth, climb = cost.costing(lambda x: x[:, 0], lambda x: (x[:, 0], np.eye(3)[np.zeros(4, int)]), model)
    value, gradient = climb(begin)
    assert value == pytest.approx(worth(begin))
    assert gradient == pytest.approx(np.eye(3)[0] - model.slope(begin)[1])
    assert climb(begin + step)[0] == pytest.approx(worth(begin + step), abs=1e-6)


def test_a_climb_of_inactive_columns_has_a_value():
    at = layout(np.zeros(3, dtype=np.int64), np.zeros(3, dtype=bool), np.array([False, False, True]))
    x = np.where([False, False, True], np.nan, np.random.default_rng(8).random((9, 3)))
    model = cost.learn(cost.Paces(x=x, seconds=seconds(x), power=1.0), at, gp.Prior(), Memory(1))
    climb = cost.costing(lambda x: x[:, 0], lambda x: (x[:, 0], np.ones(x.shape)), model)[1]
    assert all(np.isfinite(part).all() for points in (x, x + 0.1) for part in climb(points))


def test_equal_seconds_change_no_order():
    x = np.random.default_rng(4).random((12, 3))
    model = cost.learn(cost.Paces(x=x, seconds=np.full(12, 3.0), power=1.0), AT, gp.Prior(), Memory(1))
    assert np.ptp(model.log(np.random.default_rng(5).random((20, 3)))) < 1e-6


def test_memory_changes_nothing():
    memory, rng = Memory(4), np.random.default_rng(6)
    x = rng.random((23, 3))
    paces = cost.Paces(x=x, seconds=seconds(x), power=0.7)
    first = cost.learn(paces, AT, gp.Prior(), memory).log(x)
    assert len(memory) == 1
    assert np.array_equal(first, cost.learn(paces, AT, gp.Prior(), memory).log(x))
    assert np.array_equal(first, cost.learn(paces, AT, gp.Prior(), Memory(1)).log(x))


def test_hope_orders_points_as_optimism_does_and_has_its_gradients():
    rng = np.random.default_rng(7)
    mean, deviation = rng.normal(0, 4, 200), rng.uniform(0.05, 2, 200)
    hope, by_mean, by_deviation = acquisition.log_hope(mean, deviation, -1.0, 1.8)
    plain, _, _ = acquisition.optimism(mean, deviation, 1.8)
    assert np.array_equal(np.argsort(hope), np.argsort(plain))
    step = 1e-6
    for moved, wanted in (((step, 0.0), by_mean), ((0.0, step), by_deviation)):
        up = acquisition.log_hope(mean + moved[0], deviation + moved[1], -1.0, 1.8)[0]
        down = acquisition.log_hope(mean - moved[0], deviation - moved[1], -1.0, 1.8)[0]
        assert (up - down) / (2 * step) == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    far, _, _ = acquisition.log_hope(np.array([1e3, 1e9]), np.array([1.0, 1.0]), 0.0, 1.8)
    assert np.isfinite(far).all() and far[0] > far[1]
