"""Rankings: worked out by hand."""

import math

import numpy as np
import pytest

from osetra.nets.ranking import ranking, ranking_by_user


def test_a_ranking_worked_out_by_hand():
    # User 0: liked at places 2 and 3 of 3. User 1: liked at place 1 of 2. User 2 likes all, user 3 none.
    users = np.array([0, 0, 0, 1, 1, 2, 3])
    scores = np.array([0.9, 0.8, 0.1, 5.0, 4.0, 1.0, 1.0])
    liked = np.array([False, True, True, True, False, True, False])
    found = ranking(scores, liked, users)
    best = 1 + 1 / math.log2(3)
    first = (1 / math.log2(3) + 1 / math.log2(4)) / best
    assert found["ndcg"] == pytest.approx((first + 1.0) / 2)
    assert found["recall"] == found["hit_rate"] == 1.0


def test_only_the_top_counts():
    users, liked = np.zeros(4, np.int64), np.array([False, True, True, True])
    found = ranking(np.array([4.0, 3.0, 2.0, 1.0]), liked, users, top=2)
    assert found["recall"] == pytest.approx(1 / 3)
    assert found["hit_rate"] == 1.0
    assert found["ndcg"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert ranking(np.array([4.0, 3.0, 2.0, 1.0]), liked, users, top=1)["hit_rate"] == 0.0


def test_answers_that_are_all_alike_earn_nothing_by_the_order_of_rows():
    users, liked = np.zeros(12, np.int64), np.arange(12) < 2
    assert ranking(np.zeros(12), liked, users)["hit_rate"] == 0.0


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    users, scores, liked = rng.integers(0, 5, 60), rng.normal(size=60), rng.random(60) < 0.4
    order = rng.permutation(60)
    assert ranking(scores, liked, users) == pytest.approx(ranking(scores[order], liked[order], users[order]))


@pytest.mark.parametrize("n", [0, 3])
def test_without_a_user_who_likes_some_and_not_others_nothing_can_be_said(n):
    found = ranking(np.zeros(n), np.ones(n, bool), np.arange(n))
    assert all(math.isnan(value) for value in found.values())


def test_the_mean_over_users_is_what_is_said_of_all():
    rng = np.random.default_rng(3)
    users, scores, liked = rng.integers(0, 40, 600), rng.normal(size=600), rng.random(600) < 0.2
    whole, each = ranking(scores, liked, users), ranking_by_user(scores, liked, users)
    assert {name: pytest.approx(float(values.mean())) for name, values in each.items()} == dict(whole)
    assert len(each["ndcg"]) == sum(0 < liked[users == u].mean() < 1 for u in range(40))
