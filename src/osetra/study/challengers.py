"""Challengers: which settings a re-test holds against the one in use."""

from __future__ import annotations

from typing import Any

import numpy as np

from osetra.core.history import History
from osetra.core.params import Config
from osetra.core.problem import Problem

FACTOR = 3.0
"""By which the neighbours of a learning rate differ from it."""
ELSEWHERE = 0.25
"""Mean distance in the unit cube from which on a setting lies in another region."""
RATES = ("lr", "learning_rate")


def challengers(problem: Problem, history: History, config: Config) -> list[Config]:
    """Return up to three rivals of a setting: a third and three times its learning rate, the best elsewhere.

    Where there is no learning rate, the first number is moved by a tenth of its range. A neighbour that the
    range all but cuts off is left out.
    """
    space = problem.space
    here = space.encode([config])[0]
    found: list[Config] = []
    numeric = [i for i, c in enumerate(space.columns) if not c.categorical and np.isfinite(here[i])]
    rates = [i for i in numeric if space.columns[i].key in RATES]
    if numeric:
        column = (rates or numeric)[0]
        for way in (-1, 1):
            moved = here.copy()
            step = _step(space.columns[column].param)
            moved[column] = np.clip(here[column] + way * step, 0, 1)
            if abs(moved[column] - here[column]) < step / 2:
                continue  # the range ends there, and what is all but the same tells nothing
            name = space.columns[column].key
            found += [{**config, name: other[name]} for other in space.decode(moved[None])]
    for trial in history.ranked(problem.objective):
        gap = np.abs(space.encode([trial.config])[0] - here)
        if np.mean(np.nan_to_num(gap, nan=0.5)) >= ELSEWHERE:
            found.append(trial.config)
            break
    return [c for place, c in enumerate(found) if c != config and c not in found[:place]]


def _step(param: Any) -> float:
    """Return by how much of its range a number is moved: `FACTOR` on a log scale, else a tenth."""
    if getattr(param, "scale", "linear") != "log":
        return 0.1
    return float(np.log(FACTOR) / np.log(param.high / param.low))
