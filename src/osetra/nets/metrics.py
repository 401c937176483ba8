"""Metrics: how good predictions are, from raw outputs and targets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import Codes, TaskKind

Array = NDArray[np.float64]


def probabilities(logits: Array) -> Array:
    """Return class probabilities (n, C) from logits (n, C), or from one logit (n, 1) for C = 2.

    One logit z stands for the pair (0, z): softmax of it is (1 - sigmoid(z), sigmoid(z)).
    """
    pair = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    shifted = np.exp(pair - pair.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def classification(logits: Array, codes: Codes) -> dict[str, float]:
    """Return loss (mean cross-entropy, nats), error and balanced_error (mean error over classes)."""
    pair = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    top = pair.max(axis=1)
    log_sum = top + np.log(np.exp(pair - top[:, None]).sum(axis=1))
    wrong = pair.argmax(axis=1) != codes
    counts = np.bincount(codes, minlength=pair.shape[1])
    missed = np.bincount(codes, weights=wrong, minlength=pair.shape[1])
    present = counts > 0
    return {
        "loss": float(np.mean(log_sum - pair[np.arange(len(codes)), codes])),
        "error": float(np.mean(wrong)),
        "balanced_error": float(np.mean(missed[present] / counts[present])),
    }


def regression(predicted: Array, target: Array, spread: float) -> dict[str, float]:
    """Return loss (squared error over spread²), rmse in the target's unit, and r2."""
    squared = float(np.mean((predicted - target) ** 2))
    variance = float(np.var(target))
    return {
        "loss": squared / spread**2,
        "rmse": math.sqrt(squared),
        "r2": 1.0 - squared / variance if variance > 0 else math.nan,
    }


def chance(task: TaskKind, priors: Sequence[float]) -> float:
    """Return the loss of always answering the shares of the classes (their entropy), or the mean."""
    if task == "regression":
        return 1.0
    return -sum(share * math.log(share) for share in priors if share > 0)
