"""Ties: of settings that fresh seeds hold for equal, the cheaper one.

The best mean is by chance as often as not a little below its neighbour's. Where the gap is less than half
its standard error the better one is so with a chance of 0.7 at most, and what it costs decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from osetra.core.trial import Trial

CLOSE = 0.5
"""Standard errors of the gap within which two settings tie."""
CHEAPER = 0.8
"""Share of the other's time that makes a setting the cheaper one; less may be the machine's mood."""


def untied(
    rivals: Sequence[Trial], values: Sequence[Sequence[float]], runs: Sequence[Sequence[Trial]]
) -> Trial:
    """Return the best of trials by the values of their fresh runs, minimised; of tied ones the cheapest.

    Args:
        rivals: at least one.
        values: of the fresh runs of each.
        runs: these runs themselves, for what they took.
    """
    means = [float(np.mean(each)) for each in values]
    best = int(np.argmin(means))
    df = sum(len(each) - 1 for each in values)
    if not df:
        return rivals[best]
    squares = sum(float(np.sum((np.array(v) - m) ** 2)) for v, m in zip(values, means, strict=True))
    sd = math.sqrt(squares / df)
    cost = [float(np.mean([run.seconds or math.inf for run in each])) for each in runs]
    tied = [
        place
        for place, mean in enumerate(means)
        if mean - means[best] < CLOSE * sd * math.sqrt(1 / len(values[place]) + 1 / len(values[best]))
        and cost[place] < CHEAPER * cost[best]
    ]
    return rivals[min(tied, key=lambda place: cost[place], default=best)]
