"""Portfolios: few configurations of which one is good on nearly every task seen so far.

    symbol  shape   meaning
    L       (n, s)  loss of n candidates on s tasks: 0 is the best known, 1 a median random configuration
    w       (s,)    weights of the tasks
    c(s)            least loss on a task among the chosen; 1 before the first, since a random one is to be had

Each step adds the candidate i that makes sum_s w_s min(c(s), L_is) least. The sum is supermodular in the
chosen set, so that greedy steps reach 1 - 1/e of what the best set of that size gains.

Source: Nemhauser et al. 1978 (greedy bound); Feurer et al. 2022, Auto-sklearn 2.0, section 3.2 (portfolios).
"""

from __future__ import annotations

import numpy as np

from osetra.numerics.kernels import Array


def greedy(loss: Array, weights: Array, most: int, least_gain: float) -> list[int]:
    """Return the rows of at most `most` candidates of losses (n, s), the most helpful first.

    Ends before when the next one would bring the weighted mean (weights (s,)) down by less than `least_gain`.
    """
    share = weights / weights.sum()
    covered, chosen = np.ones(loss.shape[1]), list[int]()
    while len(chosen) < min(most, len(loss)):
        left = np.minimum(covered, loss) @ share
        best = int(np.argmin(left))
        if float(covered @ share - left[best]) < least_gain:
            break
        chosen.append(best)
        covered = np.minimum(covered, loss[best])
    return chosen


def relative(values: Array, best: float, median: float) -> Array:
    """Return losses of values (n,), minimised: 0 at the best known, 1 at the median and beyond."""
    span = median - best
    return np.clip((values - best) / span, 0.0, 1.0) if span > 0 else np.ones(len(values))
