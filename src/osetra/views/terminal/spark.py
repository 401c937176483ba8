"""Sparkline: a cost curve in one line of text, `█▆▄▃▂▂▁`; several below each other share one scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from osetra.views.axis import Array, Axis, fit

_BARS = "▁▂▃▄▅▆▇█"
_BROKEN = "×"


def sparkline(values: Array, width: int = 10, *, sign: float = 1.0) -> str:
    """Return values (n,) as at most `width` bars, on a log scale when they span decades.

    A long curve is cut into `width` stretches and each shows its mean; a stretch without any finite
    value shows `×`.
    """
    return sparklines([values], width, sign=sign)[0]


def sparklines(curves: Sequence[Array], width: int = 10, *, sign: float = 1.0) -> list[str]:
    """Return curves of values (n,) each as bars on one scale: what hardly falls beside others looks flat."""
    means = [_means(np.asarray(values, dtype=np.float64), width) for values in curves]
    axis = fit([curve for curve in means if len(curve)], sign=sign, descents=True)
    together = np.concatenate([np.empty(0), *means])
    together = together[np.isfinite(together)]
    flat = bool(len(together)) and bool(np.ptp(together) == 0)
    return [_drawn(curve, axis, flat=flat) for curve in means]


def _drawn(means: Array, axis: Axis, *, flat: bool) -> str:
    finite = np.isfinite(means)
    heights = np.clip(axis.place(np.where(finite, means, axis.low)), 0.0, 1.0)
    if flat:
        heights[:] = 0.5
    return "".join(
        _BARS[round(h * (len(_BARS) - 1))] if ok else _BROKEN
        for h, ok in zip(heights.tolist(), finite.tolist(), strict=True)
    )


def _means(values: Array, width: int) -> Array:
    stretches = np.array_split(values, min(width, len(values))) if len(values) else []
    return np.array([_mean(stretch) for stretch in stretches], dtype=np.float64)


def _mean(values: Array) -> float:
    finite = values[np.isfinite(values)]
    return float(np.mean(finite)) if len(finite) else float("nan")
