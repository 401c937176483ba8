"""Portfolios against all subsets, and losses relative to best and median."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from osetra.numerics.portfolio import greedy, relative


@pytest.mark.parametrize("seed", range(8))
def test_greedy_gains_at_least_its_share_of_what_the_best_subset_gains(seed: int) -> None:
    loss = np.random.default_rng(seed).random((9, 5))
    chosen = greedy(loss, np.ones(5), 3, 0.0)
    best = min(loss[list(rows)].min(axis=0).mean() for rows in combinations(range(9), 3))
    assert len(set(chosen)) == 3
    assert 1 - loss[chosen].min(axis=0).mean() >= (1 - 1 / np.e) * (1 - best)


def test_one_that_serves_all_comes_first_and_one_that_adds_nothing_never() -> None:
    loss = np.array([[0.2, 0.2], [0.0, 1.0], [1.0, 0.0], [0.2, 0.3]])
    assert greedy(loss, np.ones(2), 4, 0.01) == [0, 1, 2]
    assert greedy(loss, np.ones(2), 1, 0.01) == [0]
    assert greedy(np.ones((3, 2)), np.ones(2), 4, 0.01) == []


def test_a_task_counts_by_its_weight() -> None:
    loss = np.array([[0.0, 0.9], [0.9, 0.0]])
    assert greedy(loss, np.array([1.0, 3.0]), 1, 0.01) == [1]


def test_losses_are_relative_to_best_and_median() -> None:
    assert relative(np.array([1.0, 2.0, 3.0, 9.0, 0.5]), 1.0, 3.0).tolist() == [0.0, 0.5, 1.0, 1.0, 0.0]
    assert relative(np.array([1.0, 2.0]), 2.0, 2.0).tolist() == [1.0, 1.0]
