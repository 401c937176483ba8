"""Paired: is a network better than a linear model on rows that both answered?

Both are judged on the same rows, so the rows' own difficulty cancels. Where a row's errors differ,
either sign would be as likely if both models were equally good: the sign-flip test. With right or
wrong answers of a single network it is the exact McNemar test.

Source: Fisher 1935, The Design of Experiments, §21; McNemar 1947; Wilson 1927; Dietterich 1998.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from osetra.core.judgement import Comparison, Judgement
from osetra.data.dataset import NUMERIC, Codes, Dataset, is_imbalanced
from osetra.nets.aims import errors
from osetra.nets.baseline import Baseline, guesses, linear_outputs
from osetra.nets.metrics import Threshold, decide, probabilities, several_thresholds
from osetra.nets.model import Model
from osetra.nets.multi_metrics import missed_of_several
from osetra.nets.prepare import Preparation, inputs_of
from osetra.nets.targets import answers, outputs
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
    """(n,) 1 for a wrong class and 0 for the right one, or the error of a number that is made small."""
    losses: Array
    """(n,) cross-entropy in nats, or the same of what a number is learnt as."""


def judge(models: Sequence[Model], baseline: Baseline, dataset: Dataset, rows: Codes) -> Judgement:
    """Return whether networks that differ in their seeds beat the linear model on some rows.

    The networks' errors are averaged for each row. There is no signal when neither they nor the
    linear model beat guessing by more than chance, in errors or in loss. Where one class is rare, each
    class counts alike: the share of wrong answers would say that nothing needs to be found.
    """
    truth = dataset.target[rows]
    ours = _mean([_missed_by(model, dataset, rows) for model in models])
    raw = linear_outputs(baseline, dataset, rows)
    linear = _missed(baseline.preparation, raw, truth, baseline.threshold)
    guess = _missed(baseline.preparation, guesses(baseline, len(rows)), truth)
    classes, aim = dataset.task not in NUMERIC, baseline.preparation.aim
    balanced = dataset.multi is None and is_imbalanced(dataset)
    if balanced:
        weights = class_weights(truth.astype(np.int64))
        ours, linear, guess = (replace(each, errors=each.errors * weights) for each in (ours, linear, guess))
    p = sign_flip(ours.errors - linear.errors)
    signal = any(_beats(found, guess) for found in (ours, linear))
    gap = float(np.mean(ours.errors - linear.errors))
    outcome: Comparison = "open"
    if not signal:
        outcome = "no signal"
    elif p < LEVEL:
        outcome = "better" if gap < 0 else "worse"
    mean = float(np.mean(ours.errors))
    floor = float(np.mean(guess.errors))
    if balanced:
        low, high = _balanced_interval(ours.errors / weights, truth.astype(np.int64))
        return Judgement(outcome, p, low, high, floor, len(rows), "balanced_error")
    if aim:
        return Judgement(outcome, p, *_mean_interval(ours.errors), floor, len(rows), aim)
    low, high = wilson(mean, len(rows)) if classes else _rmse_interval(ours.errors)
    return Judgement(outcome, p, low, high, floor if classes else math.sqrt(floor), len(rows))


def compared(models: Sequence[Model], other: Array, dataset: Dataset, rows: Codes) -> float:
    """Return the chance p of a difference as large to another model's raw outputs (n, C) on the same rows.

    Negative where the other one is better.
    """
    ours = _mean([_missed_by(model, dataset, rows) for model in models])
    theirs = _missed(models[0].preparation, other, dataset.target[rows])
    gap = ours.errors - theirs.errors
    if dataset.multi is None and is_imbalanced(dataset):  # as the verdict does
        gap = gap * class_weights(dataset.target[rows].astype(np.int64))
    return math.copysign(sign_flip(gap), -float(np.mean(gap)))


def class_weights(codes: Codes) -> Array:
    """Return a weight for each row, 1 on average, with which each class that occurs counts alike."""
    counts = np.bincount(codes)
    present = int(np.sum(counts > 0))
    return np.asarray(len(codes) / (present * counts[codes]), dtype=np.float64)


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


def _missed_by(model: Model, dataset: Dataset, rows: Codes) -> _Missed:
    inputs = inputs_of(model.preparation, dataset).rows(rows)
    raw = raw_outputs(model.network, inputs)
    return _missed(model.preparation, raw, dataset.target[rows], model.card.threshold)


def _missed(
    preparation: Preparation, raw: Array, truth: NDArray[Any], threshold: Threshold = None
) -> _Missed:
    if preparation.multi is not None:
        return _Missed(*missed_of_several(preparation, raw, truth, several_thresholds(threshold)))
    if preparation.task == "regression":
        missed = errors(answers(preparation, raw) - truth, preparation.aim)
        learnt = (
            errors(raw[:, 0] - outputs(preparation, truth), preparation.aim) if preparation.log else missed
        )
        return _Missed(missed, learnt)
    shares, codes = probabilities(raw), truth.astype(np.int64)
    right = shares[np.arange(len(codes)), codes]
    said = decide(shares, threshold)
    return _Missed((said != codes).astype(np.float64), -np.log(np.maximum(right, 1e-300)))


def _balanced_interval(errors: Array, codes: Codes) -> tuple[float, float]:
    """Return a 95 % interval of the mean error over classes, each class plus four rows."""
    present = np.flatnonzero(np.bincount(codes))
    shares = [(float(np.sum(errors[codes == code])), int(np.sum(codes == code))) for code in present]
    mean = sum(wrong / n for wrong, n in shares) / len(shares)
    spread = sum((wrong + 2) / (n + 4) * (1 - (wrong + 2) / (n + 4)) / (n + 4) for wrong, n in shares)
    half = 1.96 * math.sqrt(spread) / len(shares)
    return max(0.0, mean - half), min(1.0, mean + half)


def _mean(several: Sequence[_Missed]) -> _Missed:
    return _Missed(
        np.mean([each.errors for each in several], axis=0), np.mean([each.losses for each in several], axis=0)
    )


def _rmse_interval(squared: Array) -> tuple[float, float]:
    low, high = _mean_interval(squared)
    return math.sqrt(low), math.sqrt(high)


def _mean_interval(errors: Array) -> tuple[float, float]:
    mean, n = float(np.mean(errors)), len(errors)
    # Squared errors of normal noise have a standard deviation of √2 times their mean.
    deviation = float(np.std(errors, ddof=1)) if n > 1 else math.sqrt(2) * mean
    half = 1.96 * deviation / math.sqrt(n)
    return max(0.0, mean - half), mean + half
