"""Targets: what is learnt of the truth before the network, and the way from its raw outputs to answers.

Numbers are learnt in units of their spread around their center; a network that is to answer a quantile
begins at the quantile of the training rows. Of several targets each has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import Codes, Dataset
from osetra.nets import aims

if TYPE_CHECKING:
    from osetra.nets.prepare import Preparation

Array = NDArray[np.float64]
MOST_SAID = 10
"""Targets of which the unit is said."""


def target_facts(dataset: Dataset, rows: Codes, *, aim: str, robust: bool) -> dict[str, Any]:
    """Return what a `Preparation` keeps of the target, learnt from the given rows.

    Args:
        dataset: the data.
        rows: the training part.
        aim: which error of a number is made small.
        robust: whether no answer lies beyond the numbers that were seen.
    """
    known: dict[str, Any] = {"target": dataset.target_name, "task": dataset.task, "classes": dataset.classes}
    known |= {"log": dataset.log_target, "multi": dataset.multi, "target_units": dataset.target_units}
    target = dataset.target[rows]
    if dataset.task == "multilabel":
        seen = ~np.isnan(target)
        counts = np.maximum(1, seen.sum(axis=0))
        shares = np.where(seen, target, 0).sum(axis=0, dtype=np.float64) / counts
        return known | {"priors": tuple(map(float, shares)), "center": 0.0, "spread": 1.0}
    if dataset.task in ("binary", "multiclass"):
        return known | {"priors": _shares(target, len(dataset.classes)), "center": 0.0, "spread": 1.0}
    plain, target = target, np.log(target) if dataset.log_target else target
    if dataset.task == "multioutput":
        return known | {"units": _spreads(plain)} | _of_numbers(target, aim, robust)
    center = float(target.mean()) if not aim else float(np.quantile(target, aims.level_of(aim)))
    spread = float(target.std()) or 1.0
    ends = (float((target.min() - center) / spread), float((target.max() - center) / spread))
    guess = 1.0 if not aim else float(aims.errors((center - target) / spread, aim).mean())
    return known | {
        "priors": (), "center": center, "spread": spread, "reach": ends if robust else None, "aim": aim,
        "guess": guess or 1.0,
    }  # fmt: skip


def said_units(preparation: Preparation) -> str:
    """Return what the answers are in, such as "trip is in minutes"; "" where nothing says so."""
    names = preparation.multi.names if preparation.multi else (preparation.target,)
    known = [(n, unit) for n, unit in zip(names, preparation.target_units, strict=False) if unit]
    shown = ", ".join(f"{name} in {unit}" for name, unit in known[:MOST_SAID])
    more = " …" if len(known) > MOST_SAID else ""
    return f"{known[0][0]} is in {known[0][1]}" if len(known) == 1 else f"{shown}{more}"


def outputs(preparation: Preparation, target: NDArray[Any]) -> NDArray[np.float32] | Codes:
    """Return the target as the loss takes it: class codes, labels, or standardised numbers."""
    if preparation.task == "multilabel":
        return target.astype(np.float32)
    if preparation.task == "multioutput":
        target = np.log(target) if preparation.log else target
        centers, spreads = np.array(preparation.centers), np.array(preparation.spreads)
        return np.asarray((target - centers) / spreads, dtype=np.float32)
    if preparation.task == "regression":
        target = np.log(target) if preparation.log else target
        return ((target - preparation.center) / preparation.spread).astype(np.float32)
    return target.astype(np.int64)


def answers(preparation: Preparation, raw: Array) -> Array:
    """Return the numbers (n,) that raw outputs (n, 1) of a regression stand for; of several (n, k)."""
    if preparation.task == "multioutput":
        numbers = raw * np.array(preparation.spreads) + np.array(preparation.centers)
    else:
        numbers = raw[:, 0] * preparation.spread + preparation.center
    return np.exp(np.minimum(numbers, 700.0)) if preparation.log else np.asarray(numbers)


def raw_width(preparation: Preparation) -> int:
    """Return how many raw outputs a linear model has: one per class, label or number."""
    if preparation.multi is not None:
        return len(preparation.multi.names)
    return max(1, len(preparation.classes))


def _of_numbers(target: Array, aim: str, robust: bool) -> dict[str, Any]:
    centers, spreads, reaches, guesses = [], [], [], []
    for values in target.T:
        seen = values[~np.isnan(values)]
        if not len(seen):
            seen = np.zeros(1)  # nothing is known of it here, so that nothing can be learnt
        center = float(seen.mean()) if not aim else float(np.quantile(seen, aims.level_of(aim)))
        spread = float(seen.std()) or 1.0
        centers.append(center)
        spreads.append(spread)
        reaches.append((float((seen.min() - center) / spread), float((seen.max() - center) / spread)))
        guesses.append(float(aims.errors((center - seen) / spread, aim).mean()))
    return {
        "priors": (), "center": 0.0, "spread": 1.0, "centers": tuple(centers), "spreads": tuple(spreads),
        "reaches": tuple(reaches) if robust else (), "aim": aim, "guess": float(np.mean(guesses)) or 1.0,
    }  # fmt: skip


def _spreads(target: Array) -> tuple[float, ...]:
    seen = (column[~np.isnan(column)] for column in target.T)
    return tuple(float(column.std()) or 1.0 if len(column) else 1.0 for column in seen)


def _shares(target: NDArray[Any], classes: int) -> tuple[float, ...]:
    codes = target.astype(np.int64)
    return tuple(float(count) / len(codes) for count in np.bincount(codes, minlength=classes))
