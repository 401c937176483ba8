"""Distribution: what the cells of a column are like, in few numbers that a record of past data can hold.

A number is known by its tenths, a category by the shares of its commonest levels, both by
what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osetra.data.dataset import CategoryColumn, Codes, Column, Floats, TextColumn

MOST_LEVELS = 100
"""Of a category that are told apart; the others are one group."""


def distribution(column: Column) -> dict[str, Any]:
    """Return what a column holds: tenths of numbers, shares of levels, what is missing."""
    if isinstance(column, TextColumn):
        return {"missing": float(np.mean(column.codes < 0)), "levels": {}}
    if isinstance(column, CategoryColumn):
        counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
        common = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
        shares = {
            column.levels[code]: float(counts[code]) / len(column.codes) for code in common if counts[code]
        }
        return {"missing": float(np.mean(column.codes < 0)), "levels": shares}
    present = column.values[~np.isnan(column.values)]
    tenths = [float(v) for v in np.quantile(present, np.linspace(0, 1, 11))] if len(present) else []
    cuts = np.unique(tenths[1:-1])
    below = np.searchsorted(np.sort(present), cuts, side="right") / max(1, len(present))
    missing = float(np.mean(np.isnan(column.values)))
    return {"missing": missing, "tenths": tenths, "below": [float(share) for share in below]}


def shares_of(
    column: Column, was: Mapping[str, Any], most: int = MOST_LEVELS
) -> tuple[Floats, Floats] | None:
    """Return the shares (k,) of the groups of a column then and now; None of one that was never filled.

    Args:
        column: the one of now.
        was: the `distribution` of then.
        most: so many levels are groups of their own.
    """
    if isinstance(column, CategoryColumn):
        return _level_shares(column, was, most)
    return _tenth_shares(column.values, was) if was.get("tenths") else None


def is_missing(column: Column) -> NDArray[np.bool_] | Codes:
    """Return which cells (n,) are missing."""
    return column.codes < 0 if isinstance(column, CategoryColumn) else np.isnan(column.values)


def _level_shares(column: CategoryColumn, was: Mapping[str, Any], most: int) -> tuple[Floats, Floats]:
    names = [*was["levels"]][:most]
    counts = dict(
        zip(
            column.levels,
            np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels)),
            strict=True,
        )
    )
    before = np.array([*(was["levels"][name] for name in names), was["missing"]])
    now = np.array([*(counts.get(name, 0) for name in names), np.sum(column.codes < 0)]) / len(column.codes)
    # What is none of the commonest is one group.
    return np.append(before, max(0.0, 1 - before.sum())), np.append(now, max(0.0, 1 - now.sum()))


def _tenth_shares(values: Floats, was: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """Return the shares between distinct tenths; tenths that are equal are one group."""
    tenths, present = np.array(was["tenths"]), values[~np.isnan(values)]
    cuts = np.unique(tenths[1:-1])
    # Where values repeat, the share up to a tenth is more than a tenth; earlier models do not know how much.
    upper = was.get("below") or np.searchsorted(tenths[1:-1], cuts, side="right") / 10
    before = np.diff(np.concatenate([[0.0], upper, [1.0]])) * (1 - was["missing"])
    # A value equal to a cut belongs below it, as the tenth did.
    counts = np.bincount(np.searchsorted(cuts, present, side="left"), minlength=len(cuts) + 1)
    gone = len(values) - len(present)
    return np.append(before, was["missing"]), np.append(counts, gone) / len(values)
