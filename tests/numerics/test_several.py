"""Bayesian optimisation of several outcomes, and under limits."""

import numpy as np
import pytest

from osetra.numerics import bayes, several
from osetra.numerics.memory import Memory
from osetra.numerics.pareto import hypervolume

D = 3
CUBE = bayes.Cube(
    np.zeros(D, dtype=np.int64), np.zeros(D, dtype=bool), lambda points: points, np.full(D, 0.5)
)
SETTINGS = bayes.Settings()


def outcomes(x):
    g = 1 + x[:, 1:].sum(axis=1)
    return np.column_stack((x[:, 0], g * (1 - np.sqrt(x[:, 0] / g))))


def margins(x):
    return (0.3 - x[:, :1]) + 0.0


def observed(x, *, limited=False, failed=None, pending=None, count=None):
    y = outcomes(x)
    over = margins(x) if limited else np.empty((len(x), 0))
    failed = np.zeros(len(x), dtype=bool) if failed is None else failed
    return several.Observed(
        x,
        np.where(failed[:, None], np.nan, y),
        np.where(failed[:, None], np.nan, over),
        failed,
        np.empty((0, D)) if pending is None else pending,
        np.ones(len(x)) if count is None else count,
    )


def asked(told, count=1, seed=0, memory=None):
    rng = np.random.default_rng(seed)
    memory = memory or Memory(4)
    return several.suggest(told, CUBE, count, rng, seed=0, settings=SETTINGS, memory=memory)


def searched(trials, *, limited=False):
    x = np.empty((0, D))
    while len(x) < trials:
        x = np.concatenate((x, [asked(observed(x, limited=limited), seed=len(x))[0].proposal.x]))
    return x


def test_it_moves_the_front_farther_than_chance():
    x, drawn = searched(25), np.random.default_rng(0).random((250, D))
    reference = np.array([1.2, 1.5])
    assert hypervolume(outcomes(x), reference) > hypervolume(outcomes(drawn), reference)
    assert x[3:, 0].min() < 0.1
    assert x[3:, 0].max() > 0.9


def test_it_keeps_to_what_it_has_learnt_of_a_limit():
    x = searched(22, limited=True)
    assert (margins(x[8:]) <= 0).mean() > 0.7
    assert x[margins(x)[:, 0] <= 0][:, 0].min() < 0.4, "up to the limit"


def test_while_nothing_keeps_a_limit_it_looks_for_what_does():
    x = np.random.default_rng(1).random((8, D))
    x[:, 0] *= 0.2
    found = asked(observed(x, limited=True))[0]
    assert found.proposal.x[0] > x[:, 0].max()
    assert len(found.means) == 2


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("failing", [False, True])
def test_slopes_agree_with_differences(limited, failing):
    x = np.random.default_rng(2).random((14, D))
    failed = x[:, 2] > 0.7 if failing else None
    model = several.learn(observed(x, limited=limited, failed=failed), CUBE, SETTINGS, Memory(1))
    at = np.random.default_rng(3).random((4, D))
    value, gradient = several._value_and_slope(model, at)
    np.testing.assert_allclose(value, several._value(model, at), rtol=1e-9)
    for column in range(D):
        step = np.zeros(D)
        step[column] = 1e-5
        numeric = (several._value(model, at + step) - several._value(model, at - step)) / 2e-5
        np.testing.assert_allclose(gradient[:, column], numeric, rtol=2e-3, atol=1e-5)


def test_a_batch_differs_and_memory_changes_nothing():
    x = np.random.default_rng(4).random((12, D))
    memory = Memory(16)
    first = asked(observed(x, limited=True), count=4, memory=memory)
    again = asked(observed(x, limited=True), count=4, memory=memory)
    points = np.array([choice.proposal.x for choice in first])
    np.testing.assert_array_equal(points, [choice.proposal.x for choice in again])
    gaps = np.abs(points[:, None] - points[None]).max(axis=2) + np.eye(4)
    assert gaps.min() > bayes.RESOLUTION


def test_what_runs_is_not_asked_again():
    x = np.random.default_rng(5).random((12, D))
    best = asked(observed(x))[0].proposal.x
    other = asked(observed(x, pending=best[None]))[0].proposal.x
    assert np.abs(best - other).max() > bayes.RESOLUTION


def test_it_begins_with_the_default_and_a_design():
    first = asked(observed(np.empty((0, D))), count=3)
    assert [choice.proposal.reason for choice in first] == ["default", "design", "design"]
    unknown = observed(np.random.default_rng(6).random((5, D)), failed=np.ones(5, dtype=bool))
    assert asked(unknown)[0].proposal.reason == "default"


def test_an_outlier_is_no_reason_to_look_far():
    x = np.random.default_rng(7).random((15, D))
    told = observed(x)
    model = several.learn(told, CUBE, SETTINGS, Memory(1))
    wild = told.outcomes.copy()
    wild[np.argmax(wild[:, 1]), 1] = 1e9
    cut = several.learn(
        several.Observed(x, wild, told.margins, told.failed, told.pending, told.count),
        CUBE,
        SETTINGS,
        Memory(1),
    )
    assert cut.reference.max() < 4 * model.reference.max()


def test_fronts_of_many_outcomes_are_thinned_out():
    x = np.random.default_rng(8).random((40, D))
    y = np.column_stack([np.cos(3 * x[:, j % D] + j) for j in range(5)])
    told = several.Observed(x, y, np.empty((40, 0)), np.zeros(40, dtype=bool), np.empty((0, D)), np.ones(40))
    model = several.learn(told, CUBE, SETTINGS, Memory(1))
    assert len(model.front) <= several.FEW
    assert len(asked(told)[0].means) == 5
