"""Examination: what a model's card says beyond its scores, from rows that it did not learn from.

Importance is how much worse the answers get when a column is shuffled (Breiman 2001, as model-agnostic by
Fisher, Rudin & Dominici 2019). Calibration bins answers by their probability (Guo et al. 2017).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import NUMERIC, CategoryColumn, Codes, Column, Dataset
from osetra.data.distribution import distribution
from osetra.nets import metrics
from osetra.nets.model import Model
from osetra.nets.multi_metrics import of_each
from osetra.nets.prepare import apply, inputs_of
from osetra.nets.targets import answers
from osetra.nets.training import raw_outputs

Array = NDArray[np.float64]
MOST_ROWS = 2000
"""Rows that importance is measured on."""
SHUFFLES = 3
MOST_CLASSES = 40
"""Of more classes the commonest confusions are listed instead of the whole table."""
BINS = 10
MOST_RESIDUALS = 5000


def examined(model: Model, dataset: Dataset, rows: Codes, *, seconds: float = math.inf) -> dict[str, Any]:
    """Return importance of columns, confusion and calibration, or residuals, on rows not learnt from."""
    raw, truth = outputs_on(model, dataset, rows), dataset.target[rows]
    found: dict[str, Any] = {"rows": len(rows)}
    if dataset.kind == "table":
        found["importance"] = importance(model, dataset, rows, seconds=seconds)
    if dataset.multi is not None:
        found["targets"] = of_each(
            model.preparation, raw, truth, metrics.several_thresholds(model.card.threshold)
        )
        return found
    if dataset.task == "regression":
        found["residuals"] = residual_summary(answers(model.preparation, raw), truth.astype(np.float64))
        return found
    codes, shares = truth.astype(np.int64), metrics.probabilities(raw)
    said = metrics.decide(shares, model.card.threshold)
    found["confusion"] = confusion(said, codes, model.preparation.classes)
    found["calibration"] = calibration(shares, codes)
    return found


def outputs_on(model: Model, dataset: Dataset, rows: Codes) -> Array:
    """Return the raw outputs on some rows."""
    inputs = inputs_of(model.preparation, dataset).rows(rows)
    return raw_outputs(model.network, inputs)


def importance(
    model: Model, dataset: Dataset, rows: Codes, *, seconds: float = math.inf
) -> list[dict[str, Any]]:
    """Return by how much the loss grows when a column is shuffled, largest first; of a number the rmse.

    Columns that there is no time for are left out.
    """
    rng, begun = np.random.default_rng(0), time.monotonic()
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    columns, truth = [taken(column, rows) for column in dataset.columns], dataset.target[rows]
    name = model.preparation.aim or ("rmse" if dataset.task in NUMERIC else "loss")

    def cost(used: Sequence[Column]) -> float:
        raw = raw_outputs(model.network, apply(model.preparation, used))
        return metrics.scores(model.preparation, raw, truth, (name,))[name]

    plain, found = cost(columns), []
    for place, column in enumerate(columns):
        if time.monotonic() - begun > seconds:
            break
        orders = [rng.permutation(len(rows)) for _ in range(SHUFFLES)]
        worse = [
            cost([*columns[:place], taken(column, order), *columns[place + 1 :]]) - plain for order in orders
        ]
        found.append({"column": column.name, name: float(np.mean(worse)), "sd": float(np.std(worse, ddof=1))})
    return sorted(found, key=lambda each: -float(each[name]))


def taken(column: Column, rows: Codes) -> Column:
    """Return a column of some rows, in their order."""
    if isinstance(column, CategoryColumn):
        return replace(column, codes=column.codes[rows])
    return replace(column, values=column.values[rows])


def confusion(said: Codes, codes: Codes, classes: Sequence[str]) -> dict[str, Any]:
    """Return how often each class was answered for each, or of many classes the commonest mistakes."""
    table = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(table, (codes, said), 1)
    wrong = table - np.diag(np.diag(table))
    common = [divmod(int(at), len(classes)) for at in np.argsort(-wrong, axis=None, kind="stable")[:10]]
    mistakes = [
        {"is": classes[true], "answered": classes[wrongly], "rows": int(wrong[true, wrongly])}
        for true, wrongly in common
        if wrong[true, wrongly]
    ]
    found: dict[str, Any] = {"mistakes": mistakes}
    if len(classes) <= MOST_CLASSES:
        found |= {"classes": list(classes), "table": table.tolist()}
    return found


def calibration(shares: Array, codes: Codes) -> dict[str, Any]:
    """Return by bins of the answer's probability how often it is right, and the mean gap (ECE)."""
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == codes
    places = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    bins = [
        {"said": float(sure[places == b].mean()), "right": float(right[places == b].mean()),
         "rows": int(np.sum(places == b))}
        for b in np.unique(places)
    ]  # fmt: skip
    gap = sum(each["rows"] * abs(each["said"] - each["right"]) for each in bins) / len(codes)
    return {"bins": bins, "error": float(gap)}


def residual_summary(predicted: Array, truth: Array) -> dict[str, float]:
    """Return the quantiles of truth minus prediction, and their mean."""
    missed = truth - predicted
    shares = {"5 %": 0.05, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "95 %": 0.95}
    return {
        "mean": float(np.mean(missed)),
        **{name: float(np.quantile(missed, share)) for name, share in shares.items()},
    }


def residual_sizes(predicted: Array, truth: Array, most: int = MOST_RESIDUALS) -> list[float]:
    """Return how far rows were missed, rising: all of them, or some drawn at random."""
    sizes = np.abs(truth - predicted)
    if len(sizes) > most:
        sizes = np.random.default_rng(0).choice(sizes, most, replace=False)
    return [float(size) for size in np.sort(sizes)]


def inputs_summary(dataset: Dataset, rows: Codes) -> dict[str, Mapping[str, Any]]:
    """Return what some rows hold, by column: tenths of numbers, shares of levels, what is missing."""
    return {column.name: distribution(taken(column, rows)) for column in dataset.columns}
