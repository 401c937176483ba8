"""Metrics of several targets: of labels, each there or not, and of numbers, each in units of its spread.

Of labels: loss (mean log loss over labels), error (share of wrong labels), subset_error (share of rows with
any wrong label), balanced_error, auc, f1 and average_precision (means over labels), f1_micro (of all labels
pooled). Of numbers: loss, rmse, mae and quantile_Q in standard deviations of the training rows, r2 (mean
over targets). What is unknown counts for nothing. Source: Tsoumakas & Katakis 2007, Multi-label
classification.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.nets import aims
from osetra.nets.measures import auc, average_precision, balanced_error, f1_of
from osetra.nets.prepare import Preparation
from osetra.nets.targets import answers, outputs

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
OF_LABELS = (
    "loss", "error", "subset_error", "balanced_error", "auc", "f1", "f1_micro", "average_precision",
)  # fmt: skip
OF_EACH_LABEL = ("error", "balanced_error", "auc", "f1", "average_precision")
OF_EACH_NUMBER = ("rmse", "mae", "r2")


def several(
    preparation: Preparation,
    raw: Array,
    truth: NDArray[Any],
    names: Sequence[str],
    threshold: Sequence[float] | None = None,
) -> dict[str, float]:
    """Return the named scores of raw outputs (n, k) of several targets."""
    if not np.all(np.isfinite(raw)):
        return dict.fromkeys(names, math.nan)
    if preparation.task == "multilabel":
        return of_labels(raw, truth, names, threshold)
    return of_numbers(preparation, raw, truth, names)


def label_shares(raw: Array) -> Array:
    """Return the probability (n, k) of each label."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * raw)))


def decide_labels(shares: Array, threshold: Sequence[float] | None = None) -> Flags:
    """Return which labels (n, k) are the answer: from one half on, or from the threshold of each."""
    return np.asarray(shares >= (0.5 if threshold is None else np.array(threshold)))


def of_labels(
    raw: Array, truth: NDArray[Any], names: Sequence[str], threshold: Sequence[float] | None = None
) -> dict[str, float]:
    """Return the named scores of logits (n, k) of labels."""
    known, there, shares = ~np.isnan(truth), truth > 0.5, label_shares(raw)
    said = decide_labels(shares, threshold)
    wrong = (said != there) & known
    found: dict[str, float] = {}
    for name in names:
        if name == "loss":
            found[name] = _mean_known(np.logaddexp(0.0, raw) - np.where(there, raw, 0.0), known)
        elif name == "error":
            found[name] = _mean_known(wrong.astype(np.float64), known)
        elif name == "subset_error":
            found[name] = float(np.mean(wrong.any(axis=1)))
        elif name == "f1_micro":
            found[name] = f1_of(said[known], there[known])
        elif name == "f1":
            found[name] = _macro_f1(said & known, there & known)
        else:
            found[name] = _mean_of_each(name, shares, said, there, known)
    return found


def of_numbers(
    preparation: Preparation, raw: Array, truth: NDArray[Any], names: Sequence[str]
) -> dict[str, float]:
    """Return the named scores of raw outputs (n, k) of numbers."""
    known = ~np.isnan(truth)
    above = np.where(known, answers(preparation, raw) - truth, 0.0) / _units(preparation)
    found: dict[str, float] = {}
    for name in names:
        if name == "loss":
            missed = np.where(known, raw - outputs(preparation, truth), 0.0)
            found[name] = _mean_known(aims.errors(missed, preparation.aim), known)
        elif name == "rmse":
            found[name] = math.sqrt(_mean_known(above**2, known))
        elif name == "r2":
            each = [_r2(answers(preparation, raw)[:, i], truth[:, i]) for i in range(truth.shape[1])]
            found[name] = _mean_finite(each)
        else:
            found[name] = _mean_known(aims.errors(above, name), known)
    return found


def of_each(
    preparation: Preparation, raw: Array, truth: NDArray[Any], threshold: Sequence[float] | None = None
) -> list[dict[str, Any]]:
    """Return the scores of each target by itself; of numbers in their own units."""
    assert preparation.multi is not None
    found: list[dict[str, Any]] = []
    labels = preparation.task == "multilabel"
    shares = label_shares(raw) if labels else raw
    said = decide_labels(shares, threshold) if labels else raw
    numbers = raw if labels else answers(preparation, raw)
    for place, name in enumerate(preparation.multi.names):
        known = ~np.isnan(truth[:, place])
        rows = {"target": name, "rows": int(known.sum())}
        if labels:
            there = truth[known, place] > 0.5
            scores = {m: _of_label(m, shares[known, place], said[known, place], there) for m in OF_EACH_LABEL}
            found.append({**rows, "there": int(there.sum()), **_finite(scores)})
            continue
        missed = numbers[known, place] - truth[known, place]
        found.append({
            **rows,
            **_finite({
                "rmse": math.sqrt(float(np.mean(missed**2))) if known.any() else math.nan,
                "mae": float(np.mean(np.abs(missed))) if known.any() else math.nan,
                "r2": _r2(numbers[:, place], truth[:, place]),
            }),
        })  # fmt: skip
    return found


def missed_of_several(
    preparation: Preparation, raw: Array, truth: NDArray[Any], threshold: Sequence[float] | None = None
) -> tuple[Array, Array]:
    """Return the error and the loss (n,) of each row, whose means are those over the targets."""
    known = ~np.isnan(truth)
    counts = known.sum(axis=0)
    weights = known * (len(truth) / (np.maximum(counts, 1) * max(1, int(np.sum(counts > 0)))))
    if preparation.task == "multilabel":
        there = truth > 0.5
        wrong = decide_labels(label_shares(raw), threshold) != there
        losses = np.logaddexp(0.0, raw) - np.where(there, raw, 0.0)
        return (wrong * weights).sum(axis=1), (losses * weights).sum(axis=1)
    above = np.where(known, answers(preparation, raw) - truth, 0.0) / _units(preparation)
    learnt = np.where(known, raw - outputs(preparation, truth), 0.0)
    missed, losses = aims.errors(above, preparation.aim), aims.errors(learnt, preparation.aim)
    return (missed * weights).sum(axis=1), (losses * weights).sum(axis=1)


def _units(preparation: Preparation) -> Array:
    """Return the standard deviation (k,) of each target in the training rows."""
    return np.array(preparation.units)


def _mean_known(values: Array, known: Flags) -> float:
    """Return the mean over targets of the mean over the rows that have each."""
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    there = counts > 0
    return float(np.mean(sums[there] / counts[there])) if np.any(there) else math.nan


def _macro_f1(said: Flags, there: Flags) -> float:
    """Return the mean of F1 over the labels that are there or are answered."""
    hits, total = (said & there).sum(axis=0), said.sum(axis=0) + there.sum(axis=0)
    occurring = total > 0
    return float(np.mean(2 * hits[occurring] / total[occurring])) if np.any(occurring) else 0.0


def _mean_of_each(name: str, shares: Array, said: Flags, there: Flags, known: Flags) -> float:
    columns = range(shares.shape[1])
    return _mean_finite(
        [_of_label(name, *(each[known[:, i], i] for each in (shares, said, there))) for i in columns]
    )


def _of_label(name: str, shares: Array, said: Flags, there: Flags) -> float:
    if not len(there):
        return math.nan
    match name:
        case "auc":
            return auc(shares, there)
        case "average_precision":
            return average_precision(shares, there)
        case "f1":
            return f1_of(said, there)
        case "balanced_error":
            return balanced_error(said.astype(np.int64), there.astype(np.int64), 2)
        case _:
            return float(np.mean(said != there))


def _r2(predicted: Array, truth: NDArray[Any]) -> float:
    known = ~np.isnan(truth)
    variance = float(np.var(truth[known])) if np.any(known) else 0.0
    missed = float(np.mean((predicted[known] - truth[known]) ** 2)) if np.any(known) else 0.0
    return 1.0 - missed / variance if variance > 0 else math.nan


def _mean_finite(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan


def _finite(scores: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if math.isfinite(value)}
