"""Split: which rows are trained on, chosen by, and sealed away until the end.

Every class (for a regression: every tenth of the sorted target; of labels: every common set of them) is
shared out in proportion, so small classes are not lost by chance. The same seed gives the same split. A
given split is kept; along time the past is trained on and the future sealed; groups stay whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import Codes, Dataset, Floats
from osetra.data.roles import TEST, VALIDATION
from osetra.errors import DataError

BINS = 10
"""Into how many groups of similar values a regression target is cut for stratifying."""

COMMON_SET = 10
"""Rows that a set of labels must have to be shared out by itself."""

GROUP_DRAWS = 32
"""Random draws of groups, of which the one with the usual shares of classes is taken."""


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
    if dataset.parts is not None or dataset.times is not None or dataset.groups is not None:
        return _structured(dataset, seed, validation, test)
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
    if dataset.times is not None:
        return _blocks(dataset.times, count, sealed)
    order = _stratified_order(dataset, seed)
    order = order[~np.isin(order, sealed)]
    if not 2 <= count <= len(order):
        raise DataError(f"folds={count}: choose 2 … {len(order)}; 5 is usual, 1 split needs no --folds")
    place = np.arange(len(order)) % count
    if dataset.groups is not None:
        place = _places_of_groups(dataset.groups[order], count, seed)
    return tuple(
        Split(np.sort(order[place != fold]), np.sort(order[place == fold]), sealed) for fold in range(count)
    )


def strata(dataset: Dataset) -> Codes:
    """Return for each row (n,) the group that is shared out in proportion: class, or value range."""
    if dataset.task == "multioutput":
        return np.zeros(len(dataset), dtype=np.int64)
    if dataset.task == "multilabel":
        return _label_sets(dataset.target > 0.5)
    if dataset.task != "regression":
        return dataset.target.astype(np.int64)
    rank = np.argsort(np.argsort(dataset.target, kind="stable"), kind="stable")
    bins = min(BINS, max(1, len(dataset) // 10))
    return (rank * bins // len(dataset)).astype(np.int64)


def _label_sets(labels: NDArray[np.bool_]) -> Codes:
    """Return for each row the number of its set of labels; of an uncommon set, that of its rarest label.

    So that rare labels are in every part, which no draw of whole sets would do.
    """
    sets, codes, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
    codes = codes.reshape(-1).astype(np.int64)
    uncommon = counts[codes] < COMMON_SET
    shares = np.where(labels, labels.mean(axis=0), np.inf)
    return np.where(uncommon, len(sets) + shares.argmin(axis=1), codes)


def _structured(dataset: Dataset, seed: int, validation: float, test: float) -> Split:
    """Return the given split, or one along time, or one that keeps groups together; mixed as far as given."""
    rows = np.arange(len(dataset))
    parts = np.full(len(dataset), -1) if dataset.parts is None else dataset.parts
    sealed = np.flatnonzero(parts == TEST)
    if not len(sealed):
        sealed = _held_out(dataset, rows, seed, test)
    rest = np.setdiff1d(rows, sealed)
    chosen = np.flatnonzero(parts == VALIDATION)
    if not len(chosen):
        chosen = _held_out(dataset, rest, seed + 1, min(0.5, validation / (1 - test)))
    return Split(np.setdiff1d(rest, chosen), chosen, sealed)


def _held_out(dataset: Dataset, rows: Codes, seed: int, share: float) -> Codes:
    """Return about a share of rows: the last ones, whole groups, or a stratified sample."""
    if dataset.times is not None:
        times = np.sort(dataset.times[rows])
        cut = times[min(len(rows) - 1, max(1, round((1 - share) * len(rows))))]
        late: Codes = rows[dataset.times[rows] >= cut]
        if len(late) == len(rows):
            raise DataError(
                f"{dataset.name}: nearly all rows have the same time, so there is no past to learn from"
            )
        return late
    if dataset.groups is not None:
        return rows[_sampled_groups(dataset.groups[rows], strata(dataset)[rows], share, seed)]
    shuffled = np.random.default_rng(seed).permutation(rows)
    order = shuffled[np.argsort(strata(dataset)[shuffled], kind="stable")]
    return np.sort(order[_deal(strata(dataset)[order], (share,)) == 0])


def _sampled_groups(groups: Codes, classes: Codes, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows (n,) are held out: whole groups, whose classes are shared as in all rows."""
    rng = np.random.default_rng(seed)
    codes = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(codes)
    usual = np.bincount(classes) / len(classes)
    best, found = np.inf, np.zeros(len(groups), dtype=bool)
    for _ in range(GROUP_DRAWS):
        order = rng.permutation(len(sizes))
        count = int(np.searchsorted(np.cumsum(sizes[order]), share * len(groups))) + 1
        held = np.isin(codes, order[: min(count, len(sizes) - 1)])
        shares = np.bincount(classes[held], minlength=len(usual)) / held.sum()
        gap = float(np.abs(shares - usual).sum()) + abs(held.mean() - share)
        if gap < best:
            best, found = gap, held
    return found


def _places_of_groups(groups: Codes, count: int, seed: int) -> Codes:
    """Return the fold of each row: groups are whole, and the largest go where fewest rows are."""
    codes = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(codes)
    if len(sizes) < count:
        raise DataError(
            f"folds={count}: {len(sizes)} groups outside the sealed rows; choose 2 … {len(sizes)}"
        )
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    fold, filled = np.zeros(len(sizes), dtype=np.int64), np.zeros(count)
    for group in order:
        fold[group] = np.argmin(filled)
        filled[fold[group]] += sizes[group]
    return fold[codes]


def _blocks(times: Floats, count: int, sealed: Codes) -> tuple[Split, ...]:
    """Return folds along time: each trains on the past of the block that it chooses by."""
    rest = np.setdiff1d(np.arange(len(times)), sealed)
    different, place = np.unique(times[rest], return_inverse=True)
    if not 2 <= count < len(different):
        raise DataError(f"folds={count}: along time choose 2 … {len(different) - 1}")
    before = np.searchsorted(np.sort(place), place)  # how many rows were earlier
    block = before * (count + 1) // len(rest)
    made = [Split(rest[block < k], rest[block == k], sealed) for k in range(1, count + 1)]
    if any(not len(each.train) or not len(each.validation) for each in made):
        raise DataError(f"folds={count}: too many rows share a time; choose fewer folds")
    return tuple(made)


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
