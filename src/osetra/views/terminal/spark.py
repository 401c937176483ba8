"""Sparkline: a cost curve in one line of text, `█▆▄▃▂▂▁`."""

from __future__ import annotations

import numpy as np

from osetra.views.axis import Array, fit

_BARS = "▁▂▃▄▅▆▇█"
_BROKEN = "×"


def sparkline(values: Array, width: int = 10, *, sign: float = 1.0) -> str:
    """Return values (n,) as at most `width` bars, on a log scale when they span decades.

    A long curve is cut into `width` stretches and each shows its mean; a stretch without any finite
    value shows `×`.
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return ""
    stretches = np.array_split(values, min(width, len(values)))
    means = np.array([_mean(stretch) for stretch in stretches])
    axis = fit([means], sign=sign, descents=True)
    finite = np.isfinite(means)
    heights = np.clip(axis.place(np.where(finite, means, axis.low)), 0.0, 1.0)
    if finite.any() and np.ptp(means[finite]) == 0:
        heights[:] = 0.5
    return "".join(
        _BARS[round(h * (len(_BARS) - 1))] if ok else _BROKEN
        for h, ok in zip(heights.tolist(), finite.tolist(), strict=True)
    )


def _mean(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.mean(finite)) if len(finite) else float("nan")
