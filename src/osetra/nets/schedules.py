"""Schedules: factors on a rate, keyed to the share of the budget that is used.

A schedule is a pure function of that share, so changing the number of epochs stretches it and never
cuts the decay off.

With u the share of the time after warm-up, and f what is left at the end: constant 1; linear 1-(1-f)u;
cosine f+(1-f)(1+cos πu)/2; exponential f^u; step: √f from u=1/2, f from u=3/4; inverse_time 1/(1+ku) and
inverse_sqrt 1/√(1+ku), with the k that ends at f; flat_cosine 1 until u=1/2, then a cosine to f;
coslog4 (1-cos(2π log₂(1+15u)))/2, four waves that grow longer, each from 0 to 1 and back; one_cycle up
from 1/25 in the first three tenths, then a cosine to f.
Sources: coslog4 and flat_cosine as in RealMLP (arXiv 2407.04491); one_cycle: Smith & Topin, arXiv 1708.07120.
"""

from __future__ import annotations

import math

from osetra.errors import DataError

SCHEDULES = (
    "constant", "step", "exponential", "linear", "cosine", "flat_cosine", "coslog4", "one_cycle",
    "inverse_time", "inverse_sqrt",
)  # fmt: skip
RISING = ("coslog4", "one_cycle")
"""Schedules that begin low by themselves, and so have no warm-up."""
_START = 1 / 25
_RISE = 0.3


def schedule(kind: str, share: float, *, warmup: float = 0.0, final: float = 0.01) -> float:
    """Return the factor on the learning rate after `share` (0 … 1) of the budget."""
    warmup = 0.0 if kind in RISING else warmup
    if share < warmup:
        return share / warmup
    u = min(1.0, (share - warmup) / (1.0 - warmup))
    match kind:
        case "constant":
            return 1.0
        case "linear":
            return 1.0 - (1.0 - final) * u
        case "cosine":
            return _cosine(u, final)
        case "exponential":
            return float(final**u)
        case "step":
            return final if u >= 0.75 else math.sqrt(final) if u >= 0.5 else 1.0
        case _:
            return _of_the_literature(kind, u, final)


def _of_the_literature(kind: str, u: float, final: float) -> float:
    match kind:
        case "flat_cosine":
            return 1.0 if u <= 0.5 else _cosine(2 * u - 1, final)
        case "coslog4":
            return (1.0 - math.cos(2 * math.pi * math.log2(1.0 + 15.0 * u))) / 2.0
        case "one_cycle":
            if u < _RISE:
                return _START + (1.0 - _START) * u / _RISE
            return _cosine((u - _RISE) / (1.0 - _RISE), final)
        case "inverse_time":
            return 1.0 / (1.0 + (1.0 / final - 1.0) * u)
        case "inverse_sqrt":
            return 1.0 / math.sqrt(1.0 + (1.0 / final**2 - 1.0) * u)
        case _:
            raise DataError(f"schedule={kind!r}: choose one of {', '.join(SCHEDULES)}")


def _cosine(u: float, final: float) -> float:
    return final + (1.0 - final) * (1.0 + math.cos(math.pi * u)) / 2.0
