"""Rungs, cuts and brackets against independent formulas; expected values of curves cut short."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from osetra.numerics import halving
from osetra.numerics.curves import expected

finite = st.floats(-1e6, 1e6)


def test_rungs_of_the_papers():
    assert halving.rungs(1, 3, 81) == (1, 3, 9, 27, 81)
    assert halving.rungs(1, 4, 100) == (1, 4, 16, 64, 100)
    assert halving.ladder(52, 4) == (3, 6, 13, 26, 52)
    assert halving.ladder(20, 4) == (1, 2, 5, 10, 20)


@given(st.integers(1, 50), st.floats(1.01, 10), st.integers(1, 500))
def test_rungs_rise_to_the_last_step(lowest, eta, steps):
    rungs = halving.rungs(min(lowest, steps), eta, steps)
    assert rungs[-1] == steps
    assert list(rungs) == sorted(set(rungs))
    assert rungs[0] == min(lowest, steps)


@given(st.integers(1, 2000), st.integers(0, 6))
def test_ladders_rise_to_the_last_step(steps, halvings):
    rungs = halving.ladder(steps, halvings)
    assert rungs[-1] == steps
    assert list(rungs) == sorted(set(rungs))
    assert rungs[0] >= 1


@given(st.lists(st.one_of(finite, st.just(math.nan), st.just(math.inf)), min_size=1, max_size=30), st.data())
def test_rank_and_cut_agree(values, data):
    array, kept = np.array(values), data.draw(st.integers(1, 30))
    value = data.draw(st.sampled_from(values))
    sound = sorted(v for v in values if math.isfinite(v))
    if math.isfinite(value):
        assert halving.rank(array, value) == 1 + sound.index(value)
        assert (value <= halving.cut(array, kept)) == (halving.rank(array, value) <= kept)
    else:
        assert halving.rank(array, value) == len(sound) + 1


@given(
    st.lists(st.tuples(finite, finite), min_size=2, max_size=20, unique_by=(lambda p: p[0], lambda p: p[1]))
)
def test_concordance_is_kendalls_tau(pairs):
    a, b = np.array(pairs).T
    assert halving.concordance(a, b) == pytest.approx(kendalltau(a, b).statistic)


def test_brackets_of_hyperband():
    # Table 1 of the Hyperband paper: R = 81, eta = 3.
    turns = halving.brackets(1, 3, 81)
    assert [turns.count(s) for s in range(5)] == [81, 34, 15, 8, 5]
    # Evenly interleaved: every stretch has about its share of every bracket.
    assert abs(turns[: len(turns) // 2].count(0) - 40) <= 1


def test_expected_values_follow_the_gain_of_those_that_were_alike():
    before = np.array([1.0, 1.1, 5.0, 5.1])
    after = np.array([0.5, 0.6, 4.9, 5.0])
    values, spread = expected(np.array([1.05, 5.05]), before, after, granted=1.0)
    assert values[0] == pytest.approx(1.05 - 0.5, abs=0.1)
    assert values[1] == pytest.approx(5.05 - 0.1, abs=0.1)
    assert (spread < 0.2).all()


def test_expected_values_are_the_weighted_mean():
    rng = np.random.default_rng(0)
    before, now = rng.normal(size=7), rng.normal(size=3)
    after = before - rng.random(7)
    values, _ = expected(now, before, after)
    for value, got in zip(now, values, strict=True):
        weights = np.exp(-np.abs(value - before) / before.std())
        assert got == pytest.approx(value - 0.7 * np.average(before - after, weights=weights))


@given(st.lists(finite, min_size=1, max_size=5), st.lists(st.tuples(finite, finite), max_size=8))
def test_expected_values_never_get_worse_and_are_finite(now, pairs):
    before, after = np.array(pairs).reshape(-1, 2).T
    values, spread = expected(np.array(now), before, after)
    assert (values <= np.array(now) + 1e-9 * np.abs(now)).all()
    assert np.isfinite(values).all()
    assert (spread >= 0).all()


def test_huge_values_do_not_overflow():
    values, _ = expected(np.array([1e300]), np.array([1e300, 2e300]), np.array([0.0, 1e300]))
    assert np.isfinite(values).all()
