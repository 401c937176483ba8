"""Thresholds: from which share on a class is the answer, and how far numbers are missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from osetra.data.dataset import is_imbalanced
from osetra.nets import metrics
from osetra.nets.baseline import Baseline, linear_outputs
from osetra.nets.examination import outputs_on, residual_sizes
from osetra.nets.metrics import Array
from osetra.nets.model import Model
from osetra.nets.prepare import Preparation, answers
from osetra.nets.task import NetworkTask

_DECIDING = ("f1", "balanced_error", "error")
"""Metrics that depend on where the line is drawn."""


def calibrated(task: NetworkTask, model: Model) -> Model:
    """Return the model with its threshold, from validation rows that it has not learnt from."""
    if not _wanted(task):
        return model
    raw = outputs_on(model, task.dataset, task.split.validation)
    threshold = _threshold(task, raw, model.preparation)
    return replace(model, card=replace(model.card, threshold=threshold))


def calibrated_linear(task: NetworkTask, model: Baseline) -> Baseline:
    """Return the linear model with its threshold, likewise."""
    if not _wanted(task):
        return model
    raw = linear_outputs(model, task.dataset, task.split.validation)
    return replace(model, threshold=_threshold(task, raw, model.preparation))


def residuals_of(task: NetworkTask, model: Model) -> list[float]:
    """Return how far a model of a number misses validation rows that it has not learnt from, rising."""
    if task.dataset.task != "regression":
        return []
    rows = task.split.validation
    raw = outputs_on(model, task.dataset, rows)
    return residual_sizes(answers(model.preparation, raw), task.dataset.target[rows].astype(np.float64))


def _wanted(task: NetworkTask) -> bool:
    """Whether a line other than one half is looked for: where it is asked about, or one class is rare."""
    return task.dataset.task == "binary" and (is_imbalanced(task.dataset) or task.asked in _DECIDING)


def _threshold(task: NetworkTask, raw: Array, preparation: Preparation) -> float | None:
    metric = task.asked if task.asked in _DECIDING else "balanced_error"
    codes = task.dataset.target[task.split.validation].astype(np.int64)
    shares = metrics.probabilities(raw)[:, 1]
    return metrics.best_threshold(shares, codes, metric, metrics.sought(preparation.priors))
