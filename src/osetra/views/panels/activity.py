"""Activity: when anybody trained for a study, told apart from the nights between two programs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.trial import Trial

Array = NDArray[np.float64]

AWAY = 300.0
"""Seconds without any training after which nobody works on a study."""


def sessions(history: History, now: float) -> Array:
    """Return the stretches (n, 2) during which a study was worked on; what runs has lasted until now."""
    spans = sorted(chain.from_iterable(history.trials.derived(_spans)))
    if not spans:
        return np.empty((0, 2))
    begun, ended = np.array([start for start, _ in spans]), np.array([end for _, end in spans])
    ended = np.where(np.isinf(ended), max(now, float(begun[-1])), ended)
    latest = np.maximum.accumulate(ended)
    apart = np.flatnonzero(begun[1:] - latest[:-1] > AWAY)
    first, last = np.concatenate(([0], apart + 1)), np.concatenate((apart, [len(spans) - 1]))
    return np.column_stack((begun[first], latest[last]))


def active_seconds(history: History, now: float) -> float:
    """Return how long a study has been worked on."""
    worked = sessions(history, now)
    return float(np.sum(worked[:, 1] - worked[:, 0]))


def _spans(trials: Sequence[Trial]) -> list[tuple[float, float]]:
    """Return when the attempts of a block began and ended; those that run end at infinity."""
    return [(a.started, np.inf if a.ended is None else a.ended) for t in trials for a in t.attempts]
