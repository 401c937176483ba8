"""Decimation: a long curve with fewer points, in which no peak and no dip is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def kept(values: Array, most: int) -> Ints:
    """Return the places (m,) of the points to keep of a curve (n,), at most `most` of them, ascending.

    Of every bucket of neighbours the lowest and the highest value stay, and so do both ends of the curve
    and the first value that is not finite.
    """
    n = len(values)
    if n <= max(most, 4):
        return np.arange(n)
    finite = np.isfinite(values)
    fixed = [0, n - 1] if finite.all() else [0, int(np.argmin(finite)), n - 1]
    buckets = max(1, (most - len(fixed)) // 2)
    # A bucket is a row; the last one is filled up with what is never chosen.
    width = -(-n // buckets)
    rows = -(-n // width)
    low, high = np.full(rows * width, np.inf), np.full(rows * width, -np.inf)
    low[:n][finite], high[:n][finite] = values[finite], values[finite]
    lowest = np.argmin(low.reshape(rows, width), axis=1)
    highest = np.argmax(high.reshape(rows, width), axis=1)
    begin = np.arange(rows) * width
    places = np.concatenate((begin + lowest, begin + highest))
    return np.unique(np.concatenate((places[places < n], np.array(fixed))))


def evenly(n: int, most: int) -> Ints:
    """Return at most `most` places of n, evenly spread, both ends among them."""
    return np.arange(n) if n <= most else np.rint(np.linspace(0, n - 1, most)).astype(np.int64)
