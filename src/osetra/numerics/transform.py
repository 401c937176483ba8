"""Targets: what a model should learn from raw outcomes.

Outcomes of trainings have a long upper tail (bad settings are bad without limit) that says nothing
about where the optimum is. It is cut at max(Q3 + 1.5 IQR, median), Tukey's fence; the rest is
standardised. A failed training counts as half a standard deviation worse than the worst that ended,
so that the model avoids its surroundings without losing its scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from osetra.numerics.kernels import Array, Ints, Mask

LARGEST = 1e150
"""Outcomes beyond are cut first: their squares would overflow."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Standardised outcomes and the way back."""

    values: Array
    """(n,), mean 0 and deviation 1; failures included."""
    shift: float
    scale: float
    """Raw outcome = shift + scale * value, below the fence."""


def targets(y: Array, failed: Mask, whole: float = -np.inf) -> Targets:
    """Return the targets of outcomes y (n,); what failed may be NaN. At least one did not fail.

    Up to `whole` outcomes are never cut, for there they count by themselves: beside others, or by a limit.
    """
    good = np.clip(y[~failed], -LARGEST, LARGEST)
    low, middle, high = np.percentile(good, [25, 50, 75])
    cut = np.full(len(y), np.nan)
    cut[~failed] = np.minimum(good, max(high + 1.5 * (high - low), middle, whole))
    worst, spread = np.max(cut[~failed]), _deviation(cut[~failed])
    cut[failed] = worst + 0.5 * spread
    shift, scale = float(np.mean(cut)), _deviation(cut)
    return Targets((cut - shift) / scale, shift, scale)


@dataclass(frozen=True, slots=True)
class Merged:
    """Configurations that were run more than once, as one observation each."""

    first: Ints
    """Row (m,) where each configuration first appears, increasing."""
    group: Ints
    """Configuration (n,) of each row."""
    count: Array
    """Number of runs (m,)."""
    weight: Array
    """Runs that each row (n,) is the mean of."""

    def mean(self, values: Array) -> Array:
        """Return the mean (m,) of values (n,) over the runs of each configuration."""
        return np.bincount(self.group, values * self.weight, minlength=len(self.first)) / self.count


def merge(x: Array, count: Array | None = None) -> Merged:
    """Return which points (n, d) are the same, each of them of so many runs (n,); NaN equals NaN."""
    weight = np.ones(len(x)) if count is None else count
    filled = np.nan_to_num(np.round(x, 12), nan=-1.0)
    _, first, group = np.unique(filled, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    group = place[group.ravel()]
    return Merged(first[order], group, np.bincount(group, weight).astype(np.float64), weight)


def _deviation(values: Array) -> float:
    found, size = float(np.std(values)), float(np.max(np.abs(values)))
    # Values that are equal but for rounding have no scale of their own.
    return found if found > 1e-12 * size else max(size, 1.0)
