"""Series: a trial's curve as it is drawn, folds averaged, and the running best of a study."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial

Array = NDArray[np.float64]


def curve(history: History, trial: Trial, metric: str) -> tuple[Array, Array]:
    """Return steps (n,) and values (n,) by step; the mean over the folds that reported a step."""
    by_step: dict[int, list[float]] = defaultdict(list)
    instance = 0
    while True:
        steps, values = history.curve(trial, metric, instance)
        if not len(steps) and instance:
            break
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            by_step[step].append(value)
        instance += 1
    ordered = sorted(by_step)
    with np.errstate(invalid="ignore"):
        means = [float(np.mean(by_step[step])) for step in ordered]
    return np.array(ordered, dtype=np.float64), np.array(means, dtype=np.float64)


def partner(metric: str, known: tuple[str, ...]) -> str | None:
    """Return the training metric that belongs to a validation metric: val_loss → train_loss."""
    for old, new in (("validation", "train"), ("valid", "train"), ("val", "train"), ("test", "train")):
        if old in metric and metric.replace(old, new) in known:
            return metric.replace(old, new)
    return None


def best_so_far(history: History, objective: Objective) -> tuple[list[Trial], list[float]]:
    """Return the first runs with a finite value in the order they ended, and the best up to each."""
    first = sorted((t for t in history.finished if t.repeats is None), key=_ended_at)
    best: list[float] = []
    for trial in first:
        value = float(trial.value if trial.value is not None else np.nan)
        better = not best or objective.better(value, best[-1])
        best.append(value if better else best[-1])
    return first, best


def _ended_at(trial: Trial) -> tuple[float, int]:
    last = trial.attempt
    return (last.ended or 0.0) if last else 0.0, trial.number
