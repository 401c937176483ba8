"""Thresholds: from which share on a class is the answer, and how far numbers are missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from osetra.data.dataset import NUMERIC, is_imbalanced
from osetra.nets import metrics
from osetra.nets.baseline import Baseline, linear_outputs
from osetra.nets.class_thresholds import best_thresholds
from osetra.nets.examination import MOST_RESIDUALS, outputs_on, residual_sizes
from osetra.nets.metrics import Array
from osetra.nets.model import Model
from osetra.nets.multi_metrics import label_shares, of_labels
from osetra.nets.prepare import Preparation
from osetra.nets.targets import answers
from osetra.nets.task import NetworkTask

_DECIDING = ("f1", "f1_micro", "balanced_error", "error", "subset_error")
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


def residuals_of(task: NetworkTask, model: Model) -> list[float] | list[list[float]]:
    """Return how far a model of a number misses validation rows that it has not learnt from, rising.

    Of several numbers, a list of each.
    """
    if task.dataset.task not in NUMERIC:
        return []
    rows = task.split.validation
    raw = outputs_on(model, task.dataset, rows)
    if task.dataset.multi is not None:
        predicted, truth = answers(model.preparation, raw), task.dataset.target[rows]
        most = max(1, MOST_RESIDUALS // len(task.dataset.multi.names))
        known = ~np.isnan(truth)
        return [
            residual_sizes(predicted[known[:, i], i], truth[known[:, i], i], most)
            for i in range(truth.shape[1])
        ]
    return residual_sizes(answers(model.preparation, raw), task.dataset.target[rows].astype(np.float64))


def _wanted(task: NetworkTask) -> bool:
    """Whether another answer than the likelier one is looked for: where it is asked about, or one is rare."""
    return task.dataset.task not in NUMERIC and (is_imbalanced(task.dataset) or task.asked in _DECIDING)


def _threshold(task: NetworkTask, raw: Array, preparation: Preparation) -> metrics.Threshold:
    if task.dataset.multi is not None:
        return _of_labels(task, raw)
    metric = task.asked if task.asked in _DECIDING else "balanced_error"
    codes = task.dataset.target[task.split.validation].astype(np.int64)
    shares = metrics.probabilities(raw)
    if task.dataset.task == "multiclass":
        return best_thresholds(shares, codes, metric, preparation.priors)
    return metrics.best_threshold(shares[:, 1], codes, metric, metrics.sought(preparation.priors))


def _of_labels(task: NetworkTask, raw: Array) -> metrics.Threshold:
    """Return the threshold of each label; None where one half is as good for all labels together."""
    truth = task.dataset.target[task.split.validation]
    asked = task.asked if task.asked in _DECIDING else "f1"
    each = {"f1_micro": "f1", "subset_error": "error"}.get(asked, asked)
    shares, found = label_shares(raw), []
    for place in range(truth.shape[1]):
        rows = ~np.isnan(truth[:, place])
        codes = (truth[rows, place] > 0.5).astype(np.int64)
        enough = 0 < codes.sum() < len(codes)
        cut = metrics.best_threshold(shares[rows, place], codes, each, 1) if enough else None
        found.append(0.5 if cut is None else cut)
    before, after = (of_labels(raw, truth, (asked,), cuts)[asked] for cuts in (None, found))
    better = after > before if asked in metrics.LARGER else after < before
    return tuple(found) if better else None
