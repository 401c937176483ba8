"""Metrics: how good predictions are, from raw outputs and targets.

Of classes: loss (mean cross-entropy, nats), error, balanced_error (mean error over classes), auc, f1,
average_precision. Of two classes the rarer one is what is looked for. Of more, the last three are means
over the classes, each against the rest. Of a number: loss (squared error over spread²), rmse and mae in its
unit, r2, and quantile_Q such as quantile_0.9, the pinball loss.

Of several targets: `multi_metrics`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import NUMERIC, Codes, TaskKind
from osetra.errors import StudyError, nearest
from osetra.nets import aims
from osetra.nets.measures import auc, average_precision, balanced_error, error, f1, pinball
from osetra.nets.multi_metrics import OF_LABELS, several
from osetra.nets.prepare import Preparation
from osetra.nets.ranking import OF_RANKING, ranking
from osetra.nets.targets import answers, outputs

Array = NDArray[np.float64]
Threshold: TypeAlias = "float | Sequence[float] | None"
"""Of two classes the share of the second from which on it is the answer; of labels, and of more classes, one
of each; None is the likelier answer."""
OF_CLASSES = ("loss", "error", "balanced_error", "auc", "f1", "average_precision")
OF_NUMBERS = ("loss", "rmse", "r2", "mae")
USUAL: Mapping[str, tuple[str, ...]] = {
    "classes": OF_CLASSES[:3],
    "numbers": OF_NUMBERS[:3],
    "labels": ("loss", "error", "f1"),
}
"""What is computed unless more is asked for."""
LARGER = frozenset({"auc", "f1", "f1_micro", "average_precision", "r2", *OF_RANKING})
"""Metrics of which more is better."""
_QUANTILE = re.compile(r"quantile_(0?\.\d+)")
_EXAMPLE = "quantile_0.9"
_KINDS: Mapping[TaskKind, str] = {
    "binary": "classes", "multiclass": "classes", "regression": "a number", "multilabel": "labels",
    "multioutput": "numbers",
}  # fmt: skip


def known(task: TaskKind, *, pair: bool = False) -> tuple[str, ...]:
    """Return the names of the metrics of a task; of the quantile losses, one as an example."""
    names = (*OF_NUMBERS, _EXAMPLE) if task in NUMERIC else all_of(task)
    return (*names, *OF_RANKING) if pair else names


def all_of(task: TaskKind) -> tuple[str, ...]:
    """Return the names of all that is said of predictions at the end."""
    return OF_NUMBERS if task in NUMERIC else OF_LABELS if task == "multilabel" else OF_CLASSES


def usual(task: TaskKind) -> tuple[str, ...]:
    """Return the names of what is computed unless more is asked for."""
    return USUAL["numbers" if task in NUMERIC else "labels" if task == "multilabel" else "classes"]


def checked(name: str, task: TaskKind, *, maximize: bool, pair: bool = False) -> str:
    """Return the name of a metric without a val_ in front.

    Raises:
        StudyError: the task has none of that name, or the other direction is better.
    """
    plain, names = name.removeprefix("val_"), known(task, pair=pair)
    quantile = _QUANTILE.fullmatch(plain) if task in NUMERIC else None
    if plain == "quantile" and task in NUMERIC and not maximize:
        raise StudyError("quantile: which one? Give --quantile 0.9, or --minimize quantile_0.9")
    if plain not in names and not (quantile and 0 < float(quantile[1]) < 1):
        option = "--maximize" if maximize else "--minimize"
        kind = _KINDS[task]
        raise StudyError(
            f"{option} {name}: no metric of this task, which predicts {kind}; it has "
            f"{', '.join(names)}.{nearest(plain, names)}"
        )
    if maximize != (plain in LARGER):
        better, option = ("small", "--minimize") if maximize else ("large", "--maximize")
        raise StudyError(f"{plain} is better when it is {better}: give {option} {plain}")
    return plain


def sign_of(metric: str) -> float:
    """Return -1 for a metric, with or without val_ in front, of which more is better, else 1."""
    return -1.0 if metric.removeprefix("val_") in LARGER else 1.0


def probabilities(logits: Array) -> Array:
    """Return class probabilities (n, C) from logits (n, C), or from one logit (n, 1) for C = 2.

    One logit z stands for the pair (0, z): softmax of it is (1 - sigmoid(z), sigmoid(z)).
    """
    pair = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    shifted = np.exp(pair - pair.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def scores(
    preparation: Preparation,
    raw: Array,
    truth: NDArray[np.float64] | Codes,
    names: Sequence[str] = (),
    threshold: Threshold = None,
    codes: Codes | None = None,
) -> dict[str, float]:
    """Return the scores of raw outputs; without names the usual ones. NaN where outputs are not finite.

    Scores of rankings need the `codes` of the rows, which say whose they are; without they are NaN.
    """
    ranks = [name for name in names if name in OF_RANKING]
    if ranks:
        plain = scores(preparation, raw, truth, [n for n in names if n not in ranks], threshold)
        found = _ranks(preparation, raw, truth, codes)
        return {name: found[name] if name in ranks else plain[name] for name in names}
    asked = tuple(names) or usual(preparation.task)
    if preparation.multi is not None:
        return several(preparation, raw, truth, asked, several_thresholds(threshold))
    if preparation.task == "regression":
        if not np.all(np.isfinite(raw)):
            return dict.fromkeys(asked, math.nan)
        found = regression(answers(preparation, raw), truth.astype(np.float64), preparation.spread, asked)
        if (preparation.log or preparation.aim) and "loss" in found:
            above = raw[:, 0] - outputs(preparation, truth)
            found["loss"] = float(np.mean(aims.errors(above, preparation.aim)))
        return found
    if not np.all(np.isfinite(raw)):
        return dict.fromkeys(asked, math.nan)
    rare = sought(preparation.priors)
    return classification(raw, truth.astype(np.int64), asked, positive=rare, threshold=threshold)


def _ranks(
    preparation: Preparation, raw: Array, truth: NDArray[np.float64] | Codes, codes: Codes | None
) -> Mapping[str, float]:
    if codes is None or not np.all(np.isfinite(raw)):
        return dict.fromkeys(OF_RANKING, math.nan)
    return ranking(*ranked(preparation, raw, truth, codes))


def ranked(
    preparation: Preparation, raw: Array, truth: NDArray[np.float64] | Codes, codes: Codes
) -> tuple[Array, NDArray[np.bool_], Codes]:
    """Return what `ranking` takes: scores, what is liked, and whose rows they are."""
    places = preparation.pair_places
    whose = np.zeros(len(raw), dtype=np.int64) if places is None else codes[:, places[0]]
    if preparation.task == "regression":
        return raw[:, 0], outputs(preparation, truth) >= 0, whose
    positive = sought(preparation.priors)
    return raw[:, 0] * (1 if positive else -1), truth == positive, whose


def sought(priors: Sequence[float]) -> int:
    """Return which of two classes is looked for: the rarer one, and of equal ones the second."""
    return 0 if len(priors) == 2 and priors[0] < priors[1] else 1


def decide(shares: Array, threshold: Threshold = None) -> Codes:
    """Return the answers (n,): the likeliest class, or the second of two from a share of it on.

    Of more classes with a threshold each it is the one whose share is the largest beside its threshold.
    """
    each = several_thresholds(threshold)
    if each is not None:
        return np.asarray((shares / np.array(each)).argmax(axis=1), dtype=np.int64)
    if threshold is None or shares.shape[1] != 2:
        return np.asarray(shares.argmax(axis=1), dtype=np.int64)
    return np.asarray(shares[:, 1] >= threshold, dtype=np.int64)


def classification(
    logits: Array,
    codes: Codes,
    names: Sequence[str] = USUAL["classes"],
    *,
    positive: int = 1,
    threshold: Threshold = None,
) -> dict[str, float]:
    """Return scores of class outputs (n, C), or (n, 1) for two classes."""
    pair = np.concatenate([np.zeros_like(logits), logits], axis=1) if logits.shape[1] == 1 else logits
    found: dict[str, float] = {}
    said = pair.argmax(axis=1) if threshold is None else decide(probabilities(pair), threshold)
    for name in names:
        if name == "loss":
            found[name] = _log_loss(pair, codes)
        elif name in ("auc", "average_precision"):
            measure = auc if name == "auc" else average_precision
            found[name] = _against_the_rest(measure, probabilities(pair), codes, positive)
        else:
            found[name] = {"error": error, "balanced_error": balanced_error, "f1": f1}[name](
                said, codes, pair.shape[1], positive
            )
    return found


def regression(
    predicted: Array, target: Array, spread: float, names: Sequence[str] = USUAL["numbers"]
) -> dict[str, float]:
    """Return scores of predicted numbers (n,)."""
    missed = predicted - target
    squared, variance = float(np.mean(missed**2)), float(np.var(target))
    found: dict[str, float] = {}
    for name in names:
        if name == "r2":
            found[name] = 1.0 - squared / variance if variance > 0 else math.nan
        elif name.startswith("quantile_"):
            found[name] = pinball(predicted, target, float(name.removeprefix("quantile_")))
        else:
            simple = {
                "loss": squared / spread**2,
                "rmse": math.sqrt(squared),
                "mae": float(np.mean(np.abs(missed))),
            }
            found[name] = simple[name]
    return found


def best_threshold(shares: Array, codes: Codes, metric: str, positive: int) -> float | None:
    """Return from which share (n,) of the second class on it should be the answer, for one metric.

    None where no threshold is better than one half, the middle between two shares otherwise.
    """
    levels = np.unique(np.concatenate([shares, [0.5]]))
    cuts = np.append((levels[1:] + levels[:-1]) / 2, 0.5)
    if len(cuts) > _MOST_CUTS:
        cuts = np.append(np.quantile(cuts, np.linspace(0, 1, _MOST_CUTS)), 0.5)
    measure = {"f1": f1, "balanced_error": balanced_error, "error": error}[metric]
    sign = -1.0 if metric in LARGER else 1.0

    def cost(cut: float) -> float:
        return sign * measure((shares >= cut).astype(np.int64), codes, 2, positive)

    costs = np.array([cost(float(cut)) for cut in cuts])
    best = cuts[costs <= costs.min() + 1e-12]
    # Of equally good ones the middle: the edges were fitted to single rows.
    return None if costs[-1] <= costs.min() else float(np.median(best))


def guessed(preparation: Preparation) -> float:
    """Return the loss of always answering the base rates, the mean, or the quantile that is aimed at."""
    if preparation.task in NUMERIC:
        return preparation.guess
    if preparation.task == "multilabel":
        return float(np.mean([chance("binary", (share, 1.0 - share)) for share in preparation.priors]))
    return chance(preparation.task, preparation.priors)


def chance(task: TaskKind, priors: Sequence[float]) -> float:
    """Return the loss of always answering the shares of the classes (their entropy), or the mean."""
    if task == "regression":
        return 1.0
    return -sum(share * math.log(share) for share in priors if share > 0)


_MOST_CUTS = 500


def several_thresholds(threshold: Threshold) -> Sequence[float] | None:
    """Return the thresholds of each class or label, where there is more than one."""
    return None if threshold is None or isinstance(threshold, (int, float)) else threshold


def _log_loss(pair: Array, codes: Codes) -> float:
    top = pair.max(axis=1)
    log_sum = top + np.log(np.exp(pair - top[:, None]).sum(axis=1))
    return float(np.mean(log_sum - pair[np.arange(len(codes)), codes]))


def _against_the_rest(
    measure: Callable[[Array, NDArray[np.bool_]], float], shares: Array, codes: Codes, positive: int
) -> float:
    if shares.shape[1] == 2:
        return measure(shares[:, positive], codes == positive)
    several = [measure(shares[:, code], codes == code) for code in range(shares.shape[1])]
    there = [value for value in several if not math.isnan(value)]
    return float(np.mean(there)) if there else math.nan
