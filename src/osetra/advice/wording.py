"""How findings write parameters, numbers and remedies, so that an action can be typed as it stands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from osetra.core.beliefs import within
from osetra.core.numbers import setting
from osetra.core.params import Float, Int, Param, Value
from osetra.core.space import Space
from osetra.core.text import format_param

CALMING = (
    "warmup",
    "warmup_steps",
    "warmup_fraction",
    "clip",
    "clip_norm",
    "grad_clip",
    "max_grad_norm",
    "norm",
)
"""Names of what makes trainings stable."""


def declaration(name: str, param: Param) -> str:
    """Return the text form, such as "lr=log(0.0001, 1.0)"."""
    return f"{name}={format_param(param)}"


def with_range(param: Float | Int, low: float, high: float) -> Float | Int:
    """Return the parameter with another range; a default or a belief outside it is dropped."""
    low, high = (low, high) if param.step is None or isinstance(param, Int) else _on_steps(param, low, high)
    default = param.default if param.default is not None and low <= param.default <= high else None
    if isinstance(param, Float):
        low = low if param.step else _rounded(low)
        high = _rounded(high)
        prior = within(param.prior, low, high, param.scale)
        return replace(param, low=low, high=high, default=default, prior=prior)
    least, most = math.floor(low), math.ceil(high)
    prior = within(param.prior, least, most, param.scale)
    return replace(param, low=least, high=most, default=default, prior=prior)  # type: ignore[arg-type]


def one_of(space: Space, wanted: Sequence[str], before: str) -> str:
    """Return, behind `before`, what of the wanted hyperparameters a space has; empty where it has none.

    Advice must not name what a network or its training cannot do.
    """
    have = [name for name in space.names if name.split(".")[-1].lower() in wanted]
    return f"{before}{' or '.join(have[:3])}" if have else ""


def short(value: Value) -> str:
    """Return a number with three digits, more where it nearly is 1, and anything else as it is."""
    return setting(value, digits=3) if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    """Return a share as "38 %"."""
    return f"{100 * share:.0f} %"


def _on_steps(param: Float, low: float, high: float) -> tuple[float, float]:
    """Return a range whose low end is on the steps of a parameter, or on them beyond its ends."""
    place = math.floor((low - param.low) / (param.step or 1.0) + 1e-9)
    if param.scale != "linear" and param.nth(place) <= 0:
        place = 0
    return param.nth(place), max(high, param.nth(place + 1))


def _rounded(value: float) -> float:
    """Return a value with four digits; of one just below 1 it is the distance to 1 that has them."""
    if 0.9 < value < 1:
        return float(f"{1 - float(f'{1 - value:.4g}'):.15g}")
    return float(f"{value:.4g}")
