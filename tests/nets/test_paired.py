"""Whether rows tell a network from a linear model."""

import numpy as np
import pytest
from scipy import stats

from osetra.nets.paired import sign_flip, wilson


def test_right_and_wrong_answers_give_the_exact_mcnemar_test():
    differences = np.array([1.0] * 3 + [-1.0] * 11 + [0.0] * 50)
    assert sign_flip(differences) == pytest.approx(stats.binomtest(3, 14).pvalue)


def test_random_flips_come_near_the_exact_chance():
    differences = np.array([1.0, 2.0, 3.0, 4.0, -1.5, 5.0, 6.0, 7.0])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 8)).reshape(8, -1).T
    exact = np.mean(np.abs(signs @ np.abs(differences)) >= abs(differences.sum()))
    assert sign_flip(differences) == pytest.approx(exact, abs=0.01)


def test_the_normal_approximation_agrees_with_flips():
    rng = np.random.default_rng(3)
    many = rng.normal(0.08, 1.0, 600)
    peer = stats.permutation_test(
        (many,), np.sum, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(0)
    )
    assert sign_flip(many) == pytest.approx(peer.pvalue, abs=0.02)


def test_rows_without_a_difference_tell_nothing():
    assert sign_flip(np.zeros(9)) == 1.0


def test_a_single_row_is_never_enough():
    assert sign_flip(np.array([-1.0])) == 1.0


@pytest.mark.parametrize(("wrong", "n"), [(0, 10), (3, 36), (40, 40)])
def test_the_interval_is_wilsons(wrong, n):
    peer = stats.binomtest(wrong, n).proportion_ci(0.95, method="wilson")
    assert wilson(wrong / n, n) == (pytest.approx(peer.low), pytest.approx(peer.high))
