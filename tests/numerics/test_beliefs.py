"""Beliefs against independent formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from osetra.numerics.beliefs import (
    BETA,
    Belief,
    believing,
    contradicted,
    draws,
    log_density,
    share,
    slope,
)
from osetra.numerics.design import sobol

BELIEF = Belief(
    np.array([0.3, 0.5, 0.5, 0.9]),
    np.array([0.1, np.inf, np.inf, 0.3]),
    (None, np.array([1.0, 3.0, 1.0]), None, None),
)


def test_draws_are_the_quantiles_of_a_truncated_normal_and_leave_the_rest() -> None:
    uniform = np.random.default_rng(0).random((200, 4))
    found = draws(BELIEF, uniform)
    for j in (0, 3):
        m, s = BELIEF.mean[j], BELIEF.deviation[j]
        wanted = stats.truncnorm.ppf(uniform[:, j], (0 - m) / s, (1 - m) / s, loc=m, scale=s)
        assert found[:, j] == pytest.approx(wanted, abs=1e-9)
    assert np.array_equal(found[:, 2], uniform[:, 2])


def test_options_are_drawn_in_proportion_to_their_weights() -> None:
    found = draws(BELIEF, sobol(0, 1024, 4, 0))[:, 1]
    assert np.unique(found).tolist() == pytest.approx([1 / 6, 0.5, 5 / 6])
    assert np.mean(found == 0.5) == pytest.approx(0.6, abs=0.01)


def test_the_density_is_that_of_its_factors() -> None:
    x = np.random.default_rng(1).random((50, 4))
    normal = sum(
        stats.norm.logpdf(x[:, j], BELIEF.mean[j], BELIEF.deviation[j])
        - stats.norm.logpdf(0, 0, BELIEF.deviation[j])
        for j in (0, 3)
    )
    options = np.log(np.array([1, 3, 1])[(x[:, 1] * 3).astype(int)] / 3)
    assert log_density(BELIEF, x) == pytest.approx(normal + options)
    assert log_density(BELIEF, np.array([[0.3, 0.5, 0.1, 0.9]])) == pytest.approx([0])
    assert log_density(BELIEF, np.full((1, 4), np.nan)) == pytest.approx([0])


def test_gradients_are_differences() -> None:
    x, h = np.array([[0.2, 0.17, 0.4, 0.6], [np.nan, 0.5, np.nan, 0.1]]), 1e-6
    for j in (0, 2, 3):
        step = np.eye(4)[j] * h
        wanted = (log_density(BELIEF, x + step) - log_density(BELIEF, x - step)) / (2 * h)
        assert slope(BELIEF, x)[:, j] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("n", [1, 7, 100])
def test_an_acquisition_is_multiplied_by_a_power_of_the_belief(n: int) -> None:
    """Hvarfner et al. 2022, eq. 6: a(x) pi(x)^(beta/n)."""
    x = np.random.default_rng(2).random((20, 4))
    pi = stats.norm.pdf((x[:, 0] - 0.3) / 0.1) * stats.norm.pdf((x[:, 3] - 0.9) / 0.3)
    pi *= np.array([1, 3, 1])[(x[:, 1] * 3).astype(int)]
    improvement = np.exp(-x.sum(axis=1))
    score, both = believing(
        lambda at: -at.sum(axis=1), lambda at: (-at.sum(axis=1), -np.ones(at.shape)), BELIEF, BETA / n
    )
    assert np.argsort(score(x)).tolist() == np.argsort(improvement * pi ** (10 / n)).tolist()
    ratio = np.exp(score(x)) / (improvement * pi ** (10 / n))
    assert ratio == pytest.approx(ratio[0])
    value, gradient = both(x)
    assert value == pytest.approx(score(x))
    assert gradient == pytest.approx(-1 + BETA / n * slope(BELIEF, x))


def test_without_a_belief_nothing_changes() -> None:
    score, both = (lambda at: at[:, 0]), (lambda at: (at[:, 0], at))
    assert believing(score, both, None, 1.0) == (score, both)


def test_a_belief_fades() -> None:
    assert [share(n) for n in (0, 10, 90)] == pytest.approx([1, 0.5, 0.1])


@pytest.mark.parametrize("seed", range(40))
def test_a_belief_is_contradicted_where_a_correlation_of_ranks_says_so(seed: int) -> None:
    rng = np.random.default_rng(seed)
    density = np.round(rng.normal(0, 1, rng.integers(3, 30)), 1)
    y = np.round(rng.normal(0, 1, len(density)) + density * rng.choice([-1.0, 0.0, 1.0, 3.0]), 1)
    y[rng.random(len(y)) < 0.1] = np.inf
    found = contradicted(density, y, 1.64)
    rho = stats.spearmanr(density, stats.rankdata(y)).statistic
    away = density[np.argmin(y)] < np.median(density)
    assert found == (len(y) >= 6 and away and rho * np.sqrt(len(y) - 1) > 1.64)


def test_equal_outcomes_and_too_few_of_them_contradict_nothing() -> None:
    rising = np.arange(10.0)
    assert contradicted(rising, rising, 1.64)
    assert not contradicted(rising, -rising, 1.64)
    assert not contradicted(rising, np.ones(10), 1.64)
    assert not contradicted(np.ones(10), rising, 1.64)
    assert not contradicted(rising[:5], rising[:5], 1.64)
    assert not contradicted(np.zeros(0), np.zeros(0), 1.64)


def test_the_belief_of_one_column_says_nothing_of_the_others() -> None:
    x = np.random.default_rng(3).random((10, 4))
    parts = [log_density(BELIEF.of(j), x) for j in (0, 1, 3)]
    assert sum(parts) == pytest.approx(log_density(BELIEF, x))
    assert BELIEF.of(1).columns == [1] and BELIEF.of(2).columns == []
