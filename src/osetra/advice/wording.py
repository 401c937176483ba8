"""How findings write parameters and numbers, so that an action can be typed as it stands."""

from __future__ import annotations

import math
from dataclasses import replace

from osetra.core.params import Float, Int, Param, Value
from osetra.core.text import format_param


def declaration(name: str, param: Param) -> str:
    """Return the text form, such as "lr=log(0.0001, 1.0)"."""
    return f"{name}={format_param(param)}"


def with_range(param: Float | Int, low: float, high: float) -> Float | Int:
    """Return the parameter with another range; a default outside it is dropped."""
    default = param.default if param.default is not None and low <= param.default <= high else None
    if isinstance(param, Float):
        return replace(param, low=_rounded(low), high=_rounded(high), default=default)
    return replace(param, low=math.floor(low), high=math.ceil(high), default=default)  # type: ignore[arg-type]


def short(value: Value) -> str:
    """Return a number with three digits, and anything else as it is."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    """Return a share as "38 %"."""
    return f"{100 * share:.0f} %"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
