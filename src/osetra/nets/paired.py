"""Paired: is a network better than a linear model on rows that both answered?

Both are judged on the same rows, so the rows' own difficulty cancels. Where a row's errors differ,
either sign would be as likely if both models were equally good: the sign-flip test. With right or
wrong answers of a single network it is the exact McNemar test.

Source: Fisher 1935, The Design of Experiments, §21; McNemar 1947; Wilson 1927; Dietterich 1998.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from osetra.core.judgement import Comparison, Judgement
from osetra.data.dataset import Codes, Dataset
from osetra.nets.baseline import Baseline, guesses, linear_outputs
from osetra.nets.metrics import probabilities
from osetra.nets.model import Model
from osetra.nets.prepare import Preparation, answers, apply, outputs
from osetra.nets.training import raw_outputs

Array: TypeAlias = NDArray[np.float64]
LEVEL = 0.05
FLIPPED_ROWS = 500
"""Up to so many rows that differ the test flips signs; beyond, their sum is as good as normal."""
FLIPS = 9999


@dataclass(frozen=True, slots=True, eq=False)
class _Missed:
    """How far each row was missed."""

    errors: Array
    """(n,) 1 for a wrong class and 0 for the right one, or the squared error."""
    losses: Array
    """(n,) cross-entropy in nats, or the squared error."""


def judge(models: Sequence[Model], baseline: Baseline, dataset: Dataset, rows: Codes) -> Judgement:
    """Return whether networks that differ in their seeds beat the linear model on some rows.

    The networks' errors are averaged for each row. There is no signal when neither they nor the
    linear model beat guessing by more than chance, in errors or in loss.
    """
    truth = dataset.target[rows]
    ours = _mean([_missed(model.preparation, _outputs(model, dataset, rows), truth) for model in models])
    linear = _missed(baseline.preparation, linear_outputs(baseline, dataset, rows), truth)
    guess = _missed(baseline.preparation, guesses(baseline, len(rows)), truth)
    classes = dataset.task != "regression"
    p = sign_flip(ours.errors - linear.errors)
    signal = any(_beats(found, guess) for found in (ours, linear))
    gap = float(np.mean(ours.errors - linear.errors))
    outcome: Comparison = "open"
    if not signal:
        outcome = "no signal"
    elif p < LEVEL:
        outcome = "better" if gap < 0 else "worse"
    mean = float(np.mean(ours.errors))
    low, high = wilson(mean, len(rows)) if classes else _rmse_interval(ours.errors)
    floor = float(np.mean(guess.errors))
    return Judgement(outcome, p, low, high, floor if classes else math.sqrt(floor), len(rows))


def sign_flip(differences: Array) -> float:
    """Return the two-sided chance of a sum as far from 0, were each sign (n,) as likely as the other.

    Exact when all that are not 0 have one size (McNemar); else by random flips with a fixed seed,
    and by the normal approximation beyond 500 rows. 1.0 when no row differs, or one is not finite.
    """
    sizes = differences[differences != 0]
    if not len(sizes) or not np.all(np.isfinite(sizes)):
        return 1.0
    if np.ptp(np.abs(sizes)) == 0:
        return float(stats.binomtest(int(np.sum(sizes > 0)), len(sizes)).pvalue)
    total = abs(float(np.sum(sizes)))
    if len(sizes) > FLIPPED_ROWS:
        return float(2 * stats.norm.sf(total / math.sqrt(float(np.sum(sizes**2)))))
    rng = np.random.default_rng(0)
    flips = rng.integers(0, 2, size=(FLIPS, len(sizes)), dtype=np.int8)
    sums = 2.0 * (flips @ sizes) - float(np.sum(sizes))
    # The data's own signs are one of the flips; rounding must not lose ties.
    return (1 + int(np.sum(np.abs(sums) >= total * (1 - 1e-9)))) / (FLIPS + 1)


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share seen on n rows."""
    z = float(stats.norm.ppf(0.975))
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, center - half), min(1.0, center + half)


def _beats(found: _Missed, guess: _Missed) -> bool:
    pairs = ((found.errors, guess.errors), (found.losses, guess.losses))
    return any(float(np.mean(a - b)) < 0 and sign_flip(a - b) < LEVEL for a, b in pairs)


def _outputs(model: Model, dataset: Dataset, rows: Codes) -> Array:
    inputs = apply(model.preparation, dataset.columns, dataset.images).rows(rows)
    return raw_outputs(model.network, inputs)


def _missed(preparation: Preparation, raw: Array, truth: Array | Codes) -> _Missed:
    if preparation.task == "regression":
        squared = (answers(preparation, raw) - truth) ** 2
        learnt = squared if not preparation.log else (raw[:, 0] - outputs(preparation, truth)) ** 2
        return _Missed(squared, learnt)
    shares, codes = probabilities(raw), truth.astype(np.int64)
    right = shares[np.arange(len(codes)), codes]
    return _Missed((shares.argmax(axis=1) != codes).astype(np.float64), -np.log(np.maximum(right, 1e-300)))


def _mean(several: Sequence[_Missed]) -> _Missed:
    return _Missed(
        np.mean([each.errors for each in several], axis=0), np.mean([each.losses for each in several], axis=0)
    )


def _rmse_interval(squared: Array) -> tuple[float, float]:
    mean, n = float(np.mean(squared)), len(squared)
    # Squared errors of normal noise have a standard deviation of √2 times their mean.
    deviation = float(np.std(squared, ddof=1)) if n > 1 else math.sqrt(2) * mean
    half = 1.96 * deviation / math.sqrt(n)
    return math.sqrt(max(0.0, mean - half)), math.sqrt(mean + half)
