"""Split: which rows are trained on, chosen by, and sealed away until the end.

Every class (for a regression: every tenth of the sorted target) is shared out in proportion, so
small classes are not lost by chance. The same seed gives the same split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.data.dataset import Codes, Dataset
from osetra.errors import DataError

BINS = 10
"""Into how many groups of similar values a regression target is cut for stratifying."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers of the three parts, each sorted: disjoint, and together all rows."""

    train: Codes
    validation: Codes
    test: Codes


def split(dataset: Dataset, *, seed: int = 0, validation: float = 0.2, test: float = 0.2) -> Split:
    """Return a stratified split; the fractions are shares of all rows.

    Every class with a single row goes to the training part, and no part is left empty.

    Raises:
        DataError: fractions outside 0 … 1, or too few rows for three parts.
    """
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise DataError(
            f"validation={validation:g}, test={test:g}: both are shares of the rows, above 0 and "
            "together below 1, such as 0.2 and 0.2"
        )
    if len(dataset) < 5:
        raise DataError(f"{dataset.name}: {len(dataset)} rows are too few to split; give at least 5")
    order = _stratified_order(dataset, seed)
    part = _deal(strata(dataset)[order], (test, validation))
    return Split(*(np.sort(order[part == which]) for which in (2, 1, 0)))


def folds(dataset: Dataset, count: int, *, seed: int = 0, test: float = 0.2) -> tuple[Split, ...]:
    """Return `count` splits for cross-validation; the sealed test part is the same in all of them.

    Each row outside the test part is validated on exactly once.

    Raises:
        DataError: fewer than two folds, or more folds than rows.
    """
    sealed = split(dataset, seed=seed, validation=(1 - test) / 2, test=test).test
    order = _stratified_order(dataset, seed)
    order = order[~np.isin(order, sealed)]
    if not 2 <= count <= len(order):
        raise DataError(f"folds={count}: choose 2 … {len(order)}; 5 is usual, 1 split needs no --folds")
    place = np.arange(len(order)) % count
    return tuple(
        Split(np.sort(order[place != fold]), np.sort(order[place == fold]), sealed) for fold in range(count)
    )


def strata(dataset: Dataset) -> Codes:
    """Return for each row (n,) the group that is shared out in proportion: class, or value range."""
    if dataset.task != "regression":
        return dataset.target.astype(np.int64)
    rank = np.argsort(np.argsort(dataset.target, kind="stable"), kind="stable")
    bins = min(BINS, max(1, len(dataset) // 10))
    return (rank * bins // len(dataset)).astype(np.int64)


def _stratified_order(dataset: Dataset, seed: int) -> Codes:
    """Return all rows sorted by stratum, in random order inside each."""
    shuffled = np.random.default_rng(seed).permutation(len(dataset))
    order: Codes = shuffled[np.argsort(strata(dataset)[shuffled], kind="stable")]
    return order


def _deal(groups: Codes, shares: tuple[float, ...]) -> Codes:
    """Return for rows sorted by group a part number: 0 … len(shares)-1, and len(shares) for the rest.

    Rounding is carried from group to group, so that each part has its share over all groups too.
    """
    part = np.full(len(groups), len(shares), dtype=np.int64)
    owed = np.zeros(len(shares))
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        free = len(rows) - 1  # one row always stays for training
        start = 0
        for which, share in enumerate(shares):
            owed[which] += share * len(rows)
            take = int(min(max(np.rint(owed[which]), 0), free))
            part[rows[start : start + take]] = which
            owed[which] -= take
            start, free = start + take, free - take
    for which in range(len(shares)):
        if not np.any(part == which):
            part[np.flatnonzero(part == len(shares))[-1]] = which
    return part
