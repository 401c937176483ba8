"""Baseline: what a linear model reaches, and what guessing reaches. A network must beat both.

Softmax regression by L-BFGS, linear regression by its normal equations, both with an L2 penalty
chosen among a few by the validation loss. Source: Karpathy, A Recipe for Training Neural Networks
(dumb baselines first).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize

from osetra.data.dataset import Codes, Dataset
from osetra.data.split import Split
from osetra.nets import metrics
from osetra.nets.prepare import Inputs, Preparation, apply, fit, outputs

Array = NDArray[np.float64]
Vector: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
PENALTIES = (1.0, 1e-2, 1e-4)
"""L2 penalties tried, on the mean loss of standardised inputs; each starts where the last ended."""
ITERATIONS = 150
TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """A fitted linear model: raw outputs = features @ weights + bias."""

    preparation: Preparation
    weights: Array
    """(d, C), or (d, 1) for a regression."""
    bias: Array
    penalty: float
    scores: Mapping[str, float]
    """Validation scores: loss, error, balanced_error, or loss, rmse, r2."""
    guessing: Mapping[str, float]
    """The same scores for always answering the base rates or the mean."""


def baseline(dataset: Dataset, split: Split) -> Baseline:
    """Return the best linear model on the validation part, fitted on the training part."""
    preparation = fit(dataset, split.train)
    inputs = apply(preparation, dataset.columns, dataset.images)
    features = linear_features(preparation, inputs)
    x, y = features[split.train], outputs(preparation, dataset.target[split.train])
    held_out, truth = features[split.validation], dataset.target[split.validation]
    candidates = []
    weights, bias = np.zeros((x.shape[1], max(1, len(preparation.classes)))), np.zeros(1)
    for penalty in PENALTIES:
        if preparation.task == "regression":
            weights, bias = _solve_linear(x, y.astype(np.float64), penalty)
        else:
            weights, bias = _solve_softmax(x, y.astype(np.int64), penalty, weights, bias)
        candidates.append((_score(preparation, held_out @ weights + bias, truth), penalty, weights, bias))
    scores, penalty, weights, bias = min(candidates, key=lambda candidate: candidate[0]["loss"])
    fitted = Baseline(preparation, weights, bias, penalty, scores, {})
    return replace(fitted, guessing=_score(preparation, guesses(fitted, len(truth)), truth))


def evaluate_baseline(model: Baseline, dataset: Dataset, rows: Codes) -> dict[str, float]:
    """Return the scores of a baseline on some rows, such as the sealed test part."""
    return _score(model.preparation, linear_outputs(model, dataset, rows), dataset.target[rows])


def linear_outputs(model: Baseline, dataset: Dataset, rows: Codes) -> Array:
    """Return the raw outputs (n, C), or (n, 1) for a regression, of a baseline on some rows."""
    inputs = apply(model.preparation, dataset.columns, dataset.images).rows(rows)
    outputs: Array = linear_features(model.preparation, inputs) @ model.weights + model.bias
    return outputs


def guesses(model: Baseline, n: int) -> Array:
    """Return the raw outputs (n, C), or (n, 1), of always answering the base rates or the mean."""
    return np.tile(_base_rates(model.preparation), (n, 1))


def linear_features(preparation: Preparation, inputs: Inputs) -> Array:
    """Return inputs as one matrix (n, d): pictures flattened, embedded categories one-hot."""
    flat = inputs.values.reshape(len(inputs), -1).astype(np.float64)
    hot = [
        (inputs.codes[:, [i]] == np.arange(1, levels)).astype(np.float64)
        for i, levels in enumerate(preparation.embedded)
    ]
    return np.concatenate([flat, *hot], axis=1)


def _solve_linear(x: Array, y: Array, penalty: float) -> tuple[Array, Array]:
    center = x.mean(axis=0)
    gram = (x - center).T @ (x - center) / len(x) + penalty * np.eye(x.shape[1])
    weights: Array = np.linalg.solve(gram, (x - center).T @ y / len(x))[:, None]
    return weights, float(y.mean()) - center @ weights


def _solve_softmax(x: Array, y: Codes, penalty: float, weights: Array, bias: Array) -> tuple[Array, Array]:
    classes, rows, truth = weights.shape[1], torch.arange(len(x)), torch.from_numpy(y)
    # PyTorch multiplies here because it was told how many threads to use; NumPy cannot be told.
    inputs = torch.from_numpy(x)

    def cost(flat: Vector) -> tuple[float, Vector]:
        weights, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        logits = inputs @ torch.from_numpy(weights) + torch.from_numpy(bias)
        logs = torch.log_softmax(logits, dim=1)
        loss = -float(logs[rows, truth].mean())
        # d loss / d logits = prediction - truth, the start of backpropagation.
        delta = torch.exp(logs)
        delta[rows, truth] -= 1.0
        delta /= len(x)
        slope = (inputs.T @ delta).numpy() + penalty * weights
        gradient: Vector = np.concatenate([slope.ravel(), delta.sum(dim=0).numpy()])
        return loss + penalty * float(np.sum(weights**2)) / 2, gradient

    start: Vector = np.concatenate([weights.ravel(), np.broadcast_to(bias, classes)])
    found = minimize(
        cost, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "ftol": TOLERANCE}
    ).x
    return found[:-classes].reshape(-1, classes), found[-classes:]


def _base_rates(preparation: Preparation) -> Array:
    if preparation.task == "regression":
        return np.zeros(1)
    rates: Array = np.log(np.maximum(np.array(preparation.priors), 1e-12))
    return rates


def _score(preparation: Preparation, raw: Array, truth: NDArray[np.float64] | Codes) -> dict[str, float]:
    if preparation.task == "regression":
        predicted = raw[:, 0] * preparation.spread + preparation.center
        return metrics.regression(predicted, truth.astype(np.float64), preparation.spread)
    return metrics.classification(raw, truth.astype(np.int64))
