"""Ranking: how well answers order the items of each user, over held-out rows.

An item is liked when its rating is at least the mean of the training rows, or when it is the sought class of
two. Per user the TOP best answers are looked at: the hit rate is the share of users with a liked one among
them; recall the share of their liked items that are there; ndcg the sum of 1 / log₂(1 + place) of liked ones
against the most that could be (Järvelin & Kekäläinen 2002). Each is a mean over the users who like at least
one held-out item and not all of them: of the others any order is as good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TOP = 10
OF_RANKING = ("ndcg", "recall", "hit_rate")


def ranking(
    scores: Array, liked: NDArray[np.bool_], users: NDArray[np.int64], top: int = TOP
) -> Mapping[str, float]:
    """Return ndcg, recall and hit_rate at `top`, of scores (n,) with what is liked and whose rows they are.

    NaN where no user likes some held-out items and not others. Ties keep their order among the unliked first,
    so that answers that are all alike earn nothing by the order of rows.
    """
    found = ranking_by_user(scores, liked, users, top)
    return {name: float(np.mean(each)) if len(each) else math.nan for name, each in found.items()}


def ranking_by_user(
    scores: Array, liked: NDArray[np.bool_], users: NDArray[np.int64], top: int = TOP
) -> Mapping[str, Array]:
    """Return the same of each user (u,) who likes some held-out items and not others."""
    order = np.lexsort((liked, -scores, users))
    found, whose = liked[order], users[order]
    starts = np.flatnonzero(np.r_[True, whose[1:] != whose[:-1]]) if len(whose) else np.zeros(0, np.int64)
    if not len(starts):
        return {name: np.zeros(0) for name in OF_RANKING}
    sizes = np.diff(np.r_[starts, len(whose)])
    place = np.arange(len(whose)) - np.repeat(starts, sizes)
    total = np.add.reduceat(found.astype(np.int64), starts)
    known = (total > 0) & (total < sizes)
    counted = found & (place < top)
    gains = np.add.reduceat(np.where(counted, 1.0 / np.log2(place + 2.0), 0.0), starts)[known]
    hits = np.add.reduceat(counted.astype(np.float64), starts)[known]
    most = np.cumsum(1.0 / np.log2(np.arange(top) + 2.0))[np.minimum(total[known], top) - 1]
    return {"ndcg": gains / most, "recall": hits / total[known], "hit_rate": (hits > 0).astype(np.float64)}
