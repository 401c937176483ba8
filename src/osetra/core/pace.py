"""Pace: how many seconds a step of a training takes, as it was measured on those that ran."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

from osetra.core.history import History
from osetra.core.trial import Trial

LATEST = 20
"""Trials that the usual pace is measured on."""


def pace(history: History, metric: str, trials: Iterable[Trial]) -> float:
    """Return the seconds that a step takes: the median over the latest trials; NaN while none is known."""
    latest = list(trials)[-LATEST:]
    found = [each for trial in latest if (each := own_pace(history, metric, trial)) is not None]
    return statistics.median(found) if found else math.nan


def own_pace(history: History, metric: str, trial: Trial) -> float | None:
    """Return the seconds that a step of one trial takes; None while no attempt of it has ended."""
    seconds, steps = 0.0, 0
    for attempt in trial.attempts:
        reports = len(history.curves.of(trial.number, metric, attempt.number, 0)[0])
        if attempt.ended is not None and reports:
            seconds, steps = seconds + attempt.ended - attempt.started, steps + reports
    return seconds / steps if steps else None
