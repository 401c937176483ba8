import itertools

import numpy as np

from osetra.numerics.importance import best_quarter, bins, divergence, expected_divergence, importance


def test_the_expected_divergence_is_the_mean_over_all_draws() -> None:
    bin_of = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    draws = []
    for chosen in itertools.combinations(range(8), 3):
        best = np.isin(np.arange(8), chosen)
        draws.append(divergence(bin_of, best))
    assert np.isclose(np.mean(draws), expected_divergence(3, 3, 8))


def test_equal_histograms_have_no_divergence() -> None:
    assert divergence(np.array([0, 1, 0, 1]), np.array([True, True, False, False])) == 0.0


def test_the_divergence_is_pearsons() -> None:
    # shares (1/2, 1/2) among all, (1, 0) among the best: (1/2)^2 / (1/2) twice.
    assert divergence(np.array([0, 0, 1, 1]), np.array([True, False, False, False])) == 1.0


def test_the_only_coordinate_that_matters_gets_nearly_all() -> None:
    x = np.random.default_rng(0).random((80, 4))
    found = importance(x, np.abs(x[:, 2] - 0.3), np.random.default_rng(1))
    assert found.share[2] > 0.8
    assert found.chance[2] < 0.01
    assert np.isclose(np.sum(found.share), 1.0)


def test_the_chance_under_pure_noise_is_uniform() -> None:
    rng = np.random.default_rng(0)
    chances = np.concatenate(
        [importance(rng.random((40, 5)), rng.random(40), rng, draws=100).chance for _ in range(40)]
    )
    assert 0.02 < np.mean(chances < 0.1) < 0.18


def test_a_rarely_active_coordinate_is_not_judged() -> None:
    x = np.random.default_rng(0).random((40, 2))
    x[10:, 1] = np.nan
    found = importance(x, x[:, 0], np.random.default_rng(1))
    assert np.isnan(found.share[1])
    assert np.isclose(found.share[0], 1.0)


def test_no_points_and_a_constant_coordinate_are_harmless() -> None:
    assert np.all(np.isnan(importance(np.empty((0, 3)), np.empty(0), np.random.default_rng(0)).share))
    found = importance(np.full((20, 1), 0.5), np.arange(20.0), np.random.default_rng(0))
    assert found.share.tolist() == [0.0]
    assert found.chance.tolist() == [1.0]


def test_the_best_quarter_is_rounded_up() -> None:
    assert best_quarter(np.array([3.0, 1.0, 2.0, 0.0, 9.0])).tolist() == [False, True, False, True, False]


def test_bins_are_quartiles_unless_there_are_few_values() -> None:
    assert np.bincount(bins(np.arange(40.0))).tolist() == [10, 10, 10, 10]
    assert bins(np.array([5.0, 1.0, 5.0])).tolist() == [1, 0, 1]
