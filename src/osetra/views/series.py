"""Series: a trial's curve as it is drawn, folds averaged, and the running best of a study."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.trial import Trial

Array = NDArray[np.float64]


def curve(history: History, trial: Trial, metric: str) -> tuple[Array, Array]:
    """Return steps (n,) and values (n,): the mean of the folds so far, ended ones at their last value."""
    if not history.curves.folded:
        return _in_order(*history.curve(trial, metric))
    folds: list[tuple[Array, Array]] = []
    while not folds or len(folds[-1][0]):
        folds.append(_in_order(*history.curve(trial, metric, len(folds))))
    if len(folds) < 3:  # one fold, and the empty one that ended the search
        return folds[0]
    across = np.unique(np.concatenate([steps for steps, _ in folds[:-1]]))
    held = np.zeros(len(across))
    begun = np.zeros(len(across))
    for steps, values in folds[:-1]:
        at = np.searchsorted(steps, across, side="right") - 1
        held += np.where(at >= 0, values[np.maximum(at, 0)], 0.0)
        begun += at >= 0
    return across, held / begun


def planned(history: History, trial: Trial, step: int) -> int | None:
    """Return where a training at a step ends, as far as is known.

    One that was told to wait earlier may have run on before it heard of it; of one that was given up, the
    end that it never reached is what its steps are compared with.
    """
    if trial.state in ("stopped", "diverged", "failed"):
        return history.steps or None
    return trial.until if trial.until and trial.until >= step else history.steps or None


def _in_order(steps: NDArray[np.int64], values: Array) -> tuple[Array, Array]:
    if np.any(steps[1:] < steps[:-1]):
        order = np.argsort(steps, kind="stable")
        steps, values = steps[order], values[order]
    return steps.astype(np.float64), values


def report_interval(history: History, trial: Trial, metric: str, now: float) -> float | None:
    """Return the mean seconds between reports of a running trial's attempt; None before the first."""
    attempt = trial.attempt
    if attempt is None or trial.state != "running":
        return None
    done = history.step(trial, metric) - (attempt.source.step if attempt.source else 0)
    return (now - attempt.started) / done if done > 0 else None


def partner(metric: str, known: tuple[str, ...]) -> str | None:
    """Return the training metric that belongs to a validation metric: val_loss → train_loss."""
    for old, new in (("validation", "train"), ("valid", "train"), ("val", "train"), ("test", "train")):
        if old in metric and metric.replace(old, new) in known:
            return metric.replace(old, new)
    return None


def best_so_far(history: History, objective: Objective) -> tuple[list[Trial], list[float]]:
    """Return the first runs with a finite value that keep the limits, as they ended, and the best by then."""
    breaking = history.unfit
    kept = (t for t in history.finished if t.repeats is None and t.number not in breaking)
    first = sorted(kept, key=_ended_at)
    best: list[float] = []
    for trial in first:
        value = float(trial.value if trial.value is not None else np.nan)
        better = not best or objective.better(value, best[-1])
        best.append(value if better else best[-1])
    return first, best


def _ended_at(trial: Trial) -> tuple[float, int]:
    last = trial.attempt
    return (last.ended or 0.0) if last else 0.0, trial.number
