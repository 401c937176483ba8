"""Readings: curves at the steps of the ladder, in the order in which they came."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.core.params import Float
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.policies.readings import readings
from osetra.testing.histories import Log

STEPS = 16
PROBLEM = Problem(Space(x=Float(0, 1)), Objective(metric="loss", pick="last"))
DEPTHS = np.log([1, 2, 4, 8, 16]) / np.log(16)


def log_of(curves):
    """Return a log of running trials that reported curves in turn, one value each at a time."""
    log = Log(PROBLEM)
    numbers = [log.start({"x": (i + 1) / 100}) for i in range(len(curves))]
    for number, curve in zip(numbers, curves, strict=True):
        log.report(number, "loss", curve)
    return log


def test_a_curve_is_read_at_each_rung_that_it_got_to():
    found = readings(PROBLEM, log_of([[9.0, 8, 7, 6, 5]]).history, 4, STEPS)
    assert np.allclose(found.depth, DEPTHS[:3])
    assert found.y.tolist() == [9.0, 8.0, 6.0]
    assert np.allclose(found.pending_depth, [1.0])  # beyond its first reading


def test_a_trial_without_a_reading_is_pending_at_the_base():
    log = log_of([[]])
    found = readings(PROBLEM, log.history, 4, STEPS)
    assert len(found.y) == 0 and np.allclose(found.pending_depth, DEPTHS[2])


def test_a_failure_is_read_where_it_ended():
    log = log_of([[9.0, 8, 7]])
    log.end(1, "diverged", None)
    found = readings(PROBLEM, log.history, 4, STEPS)
    assert np.isnan(found.y).all() and np.allclose(found.depth, np.log(3) / np.log(16))
    assert len(found.pending) == 0


def test_an_empty_history_has_no_readings():
    found = readings(PROBLEM, Log(PROBLEM).history, 4, STEPS)
    assert found.x.shape == (0, 1) and found.y.shape == (0,) and found.pending.shape == (0, 1)


@settings(max_examples=30, deadline=None)
@given(
    turns=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    cut=st.integers(0, 40),
    values=st.randoms(use_true_random=False),
)
def test_readings_of_a_longer_history_follow(turns, cut, values):
    """What was learnt from the oldest readings stays true: they keep their places."""
    log = Log(PROBLEM)
    numbers = [log.start({"x": (i + 1) / 100}) for i in range(4)]
    reported = dict.fromkeys(numbers, 0)
    earlier = None
    for turn, who in enumerate(turns):
        if turn == cut:
            earlier = readings(PROBLEM, log.history, 1, STEPS)
        number = numbers[who]
        if reported[number] < STEPS:
            log.points.append(_point(number, reported[number] + 1, values.random()))
            reported[number] += 1
    later = readings(PROBLEM, log.history, 1, STEPS)
    if earlier is not None:
        n = len(earlier.y)
        assert np.array_equal(later.y[:n], earlier.y) and np.array_equal(later.x[:n], earlier.x)
        assert np.array_equal(later.depth[:n], earlier.depth)


def _point(number, step, value):
    from osetra.core.curves import Point

    return Point(number, 1, 0, step, "loss", value)
