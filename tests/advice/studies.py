"""The problem of the tests of advice, and configurations of it."""

import numpy as np

from osetra.core.params import Config, Float, Int
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space

LR = Float(1e-4, 1, scale="log")
PROBLEM = Problem(Space(lr=LR, units=Int(16, 256)), Objective(metric="val_loss"))


def spread(n: int) -> list[Config]:
    """Return n configs of PROBLEM, evenly spread over lr."""
    points = np.random.default_rng(1).random((n, 2))
    points[:, 0] = (np.random.default_rng(2).permutation(n) + 0.5) / n
    return PROBLEM.space.decode(points)


def place(config: Config) -> float:
    """Return the coordinate of lr, 0 … 1."""
    return float(PROBLEM.space.encode([config])[0][0])
