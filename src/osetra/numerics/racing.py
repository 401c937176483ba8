"""Racing: which settings are run again with fresh seeds, a round at a time, until that tells enough.

Each of the first few is run twice, for one run says nothing of the noise; then those that are not clearly
worse get one more each, until one is clearly ahead, all are equal, or nothing is left to spend. Looking
after every round would call a tie a win more often than once, so that it ends early at a far stricter
level than the claim at the end is made at (Haybittle 1971, Peto 1976).

    symbol      shape   meaning
    fresh       (k,)    the values of the fresh runs of each setting, minimised; best first run first
    left                how many runs may still be spent
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from osetra.numerics.selection import LEVEL, Array, Noise, p_rivals, pooled

AHEAD = 0.005
"""Level at which a race ends before its time."""
PAIR = 2
"""Runs that a setting gets first."""
FIELD = 3
"""Most settings in a race, unless more are asked for."""
SHARE = 0.15
"""Of what a search cost, for fresh seeds."""


def allowance(searched: float) -> int:
    """Return how many fresh runs a search of so many trainings is worth; a pair from a quarter on."""
    return max(int(SHARE * searched), 2 if searched >= 4 * PAIR else 1)


def field(left: int, most: int = FIELD) -> int:
    """Return how many settings a race of so many runs has: each needs a pair."""
    return min(most, max(1, left // PAIR))


def round_of(fresh: Sequence[Sequence[float]], left: int) -> list[int]:
    """Return which settings are run next, once each time they are named; empty when the race is over."""
    for place, values in enumerate(fresh if left > 0 else []):
        if len(values) < PAIR:
            return [place] * min(PAIR - len(values), left)
    if len(fresh) < 2 or left <= 0:
        return []
    counts = np.array([len(values) for values in fresh], dtype=np.float64)
    means, noise = np.array([np.mean(values) for values in fresh]), pooled(fresh)
    chance = p_rivals(means, counts, noise)
    winner = int(np.argmin(means))
    rivals = np.delete(np.arange(len(fresh)), winner)
    if np.all(chance[rivals] < AHEAD) or _alike(means, counts, noise):
        return []
    running = [place for place in range(len(fresh)) if place == winner or chance[place] >= LEVEL]
    if len(running) == 1:
        running = [winner, int(rivals[np.argmax(chance[rivals])])]
    # Those that were run less come first, so that what is left is shared fairly.
    return sorted(running, key=lambda place: (counts[place], means[place]))[:left]


def _alike(means: Array, counts: Array, noise: Noise) -> bool:
    """Whether every setting is surely within one deviation of the seeds of the best."""
    best = int(np.argmin(means))
    error = noise.sd * np.sqrt(1 / counts + 1 / counts[best])
    reach = float(stdtrit(noise.df, 1 - LEVEL / 2)) * np.delete(error, best)
    return bool(np.all(np.delete(means, best) - means[best] + reach <= noise.sd))
