"""What the best is worth, and whether it is clearly so: against simulations of their own."""

import math

import numpy as np
import pytest
from scipy import stats

from osetra.numerics.racing import allowance, field, round_of
from osetra.numerics.selection import LEVEL, Noise, p_best, p_rivals, pooled, worth


def test_the_pooled_deviation_is_that_of_the_residuals() -> None:
    rng = np.random.default_rng(0)
    groups = [rng.normal(i, 2, n).tolist() for i, n in enumerate((1, 3, 2, 5))]
    residuals = np.concatenate([np.array(g) - np.mean(g) for g in groups])
    found = pooled(groups)
    assert found.df == 7
    assert found.sd == pytest.approx(math.sqrt(np.sum(residuals**2) / 7))
    assert pooled([[1.0], [2.0]]).df == 0


def test_of_two_settings_the_chance_is_students() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=4), rng.normal(1, 1, 6)
    said = p_best(np.array([a.mean(), b.mean()]), np.array([4.0, 6.0]), pooled([a.tolist(), b.tolist()]))
    assert said == pytest.approx(stats.ttest_ind(a, b).pvalue)


def test_without_noise_known_nothing_is_clear_and_without_noise_everything_is() -> None:
    means, counts = np.array([0.1, 0.5]), np.array([1.0, 1.0])
    assert p_best(means, counts, Noise(math.nan, 0)) == 1
    assert p_best(means, np.array([2.0, 2.0]), Noise(0.0, 2)) == 0
    assert p_rivals(np.array([1.0, 1.0]), counts, Noise(0.0, 2)).tolist() == [1, 1]


@pytest.mark.parametrize("k", [2, 5, 10])
@pytest.mark.parametrize("ahead", [2, 10])
def test_a_best_that_is_none_is_claimed_in_five_of_a_hundred_cases_at_most(k: int, ahead: int) -> None:
    rng, false, draws = np.random.default_rng(k), 0, 4000
    truth = np.where(np.arange(k) < ahead, 0.0, 20.0)
    for _ in range(draws):
        runs = truth[:, None] + rng.normal(size=(k, 3))
        false += p_best(runs.mean(axis=1), np.full(k, 3.0), pooled(runs.tolist())) < LEVEL
    assert false / draws < 0.05 + 3 * math.sqrt(0.05 * 0.95 / draws)
    if min(k, ahead) == 2:  # the case that the level is made for
        assert false / draws > 0.04


def test_the_luck_of_the_best_of_equal_ones_is_taken_back() -> None:
    rng, off, raw, covered = np.random.default_rng(3), [], [], []
    for _ in range(100):
        first, fresh = rng.normal(size=60), rng.normal(size=(3, 3))
        top = np.argsort(first)[:3]
        chosen = int(top[np.argmin(fresh.mean(axis=1))])
        means, counts = first.copy(), np.ones(60)
        means[top], counts[top] = (first[top] + fresh.sum(axis=1)) / 4, 4
        found = worth(
            means, counts, pooled(fresh.tolist()), chosen, fresh[int(np.argmin(fresh.mean(axis=1)))]
        )
        off.append(found.mean)
        raw.append(first.min())
        covered.append(found.low <= 0 <= found.high)
    assert np.mean(raw) < -2.1
    assert abs(np.mean(off)) < 0.4
    assert np.mean(covered) > 0.88


def test_where_settings_differ_far_beyond_the_noise_nothing_is_taken_back() -> None:
    means, counts = np.arange(12.0) * 100, np.array([4.0, 4.0, *[1.0] * 10])
    assert worth(means, counts, Noise(1.0, 4), 0, np.zeros(3)).mean == pytest.approx(0, abs=0.5)


def test_a_race_ends_at_once_where_one_is_clearly_ahead_and_never_costs_more_than_it_may() -> None:
    assert round_of([], 9) == []
    assert round_of([[], []], 9) == [0, 0]
    assert round_of([[1.0], [2.0]], 9) == [0]
    assert round_of([[0.0, 0.01], [5.0, 5.01]], 9) == []
    assert round_of([[0.0, 1.0], [0.1, 1.1]], 9) == [0, 1]
    assert round_of([[0.0, 1.0], [0.1, 1.1]], 1) == [0]
    rng, lengths = np.random.default_rng(0), []
    for left in range(1, 30):
        fresh: list[list[float]] = [[] for _ in range(field(left))]
        spent = 0
        while places := round_of(fresh, left - spent):
            spent += len(places)
            for place in places:
                fresh[place].append(rng.normal())
        assert spent <= left
        lengths.append(spent)
    assert max(lengths) > 15
    assert round_of([(rng.normal(size=60) + s).tolist() for s in (0, 0)], 9) == []  # equal


def test_fresh_seeds_are_a_share_of_the_search() -> None:
    assert all(allowance(n) <= 0.15 * n for n in range(14, 400))
    assert [allowance(n) for n in (0, 2, 8)] == [1, 1, 2]


def test_a_mean_is_never_moved_far_from_its_fresh_runs() -> None:
    means, counts = np.array([0.0, *[3.0] * 20]), np.array([4.0, *[1.0] * 20])
    found = worth(means, counts, Noise(2.0, 2), 0, np.array([-0.1, 0.0, 0.1]))
    assert found.mean == pytest.approx(0.7 * 2 / math.sqrt(3))
