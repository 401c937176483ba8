"""Scaling: shifts, scales and bends that numbers get before a network, learnt from the values given."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

REACH = 3.0
"""Robustly scaled inputs end here: x / sqrt(1 + (x / REACH)²)."""
KNOTS = 256
"""Quantiles that a number column is mapped to a normal distribution by."""


def plain_scaling(scaling: str) -> str:
    """Return the scaling for inputs that have no outliers to mind, such as pixels."""
    return "standard" if scaling in ("robust", "quantile") else scaling


def scale_of(values: NDArray[np.float64], scaling: str) -> tuple[float, float]:
    """Return the shift and scale of values: each becomes (value - shift) / scale."""
    if scaling == "none":
        return 0.0, 1.0
    if scaling == "robust":
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        spread = float(high - low) or float(np.ptp(values)) / 2
        return float(middle), spread if spread > 1e-12 * max(1.0, abs(float(middle))) else 1.0
    if scaling == "minmax":
        return float(values.min()), float(np.ptp(values)) or 1.0
    # Squares of values beyond 1e150 overflow, so that those are taken in units of the largest.
    unit = float(np.abs(values).max()) if np.abs(values).max() > 1e150 else 1.0
    center, spread = float((values / unit).mean()) * unit, float((values / unit).std()) * unit
    # A column that only rounding makes vary would be blown up to noise.
    return center, spread if spread > 1e-12 * max(1.0, abs(center)) else 1.0


def bent(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values bent smoothly so that they stay within -REACH … REACH."""
    smooth: NDArray[np.float64] = values / np.sqrt(1.0 + (values / REACH) ** 2)
    return smooth


def robust_levels(shares: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    """Return the inputs of each level: one-hot, or ±1 for two, then scaled as numbers are."""
    hot = np.array([[1.0], [-1.0]]) if len(shares) == 2 else np.eye(len(shares))
    counts = np.maximum(1, np.rint(shares * 1000)).astype(np.int64)
    inputs = np.zeros_like(hot)
    for place in range(hot.shape[1]):
        middle, spread = scale_of(np.repeat(hot[:, place], counts), "robust")
        inputs[:, place] = bent((hot[:, place] - middle) / spread)
    return tuple(tuple(map(float, row)) for row in inputs)


def normal_knots(values: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Return the quantiles of a column, and those of a normal distribution in their place."""
    shares = np.linspace(0.0, 1.0, min(KNOTS, len(values)) + 1)
    places, first, counts = np.unique(np.quantile(values, shares), return_index=True, return_counts=True)
    # A value that fills several quantiles stands in their middle; the ends stay finite.
    middles = np.clip(shares[first] + (counts - 1) / 2 / (len(shares) - 1), 1e-3, 1 - 1e-3)
    normal = NormalDist()
    return tuple((float(at), normal.inv_cdf(float(share))) for at, share in zip(places, middles, strict=True))
