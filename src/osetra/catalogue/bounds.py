"""Bounds: what a given value or range must obey before any time is spent on it.

A person may search outside the ranges of the catalogue, for those are advice. What no training can
use is refused at once: a name that is no option, a share above one, a negative learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from osetra.catalogue.entry import CatalogueEntry
from osetra.core.arguments import is_number
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param, Value
from osetra.core.space import Branches
from osetra.errors import SpaceError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The numbers that a hyperparameter can be."""

    low: float
    high: float
    above: bool = False
    """Whether `low` itself is out."""
    below: bool = False
    """Whether `high` itself is out."""
    whole: bool = False
    odd: bool = False

    @property
    def text(self) -> str:
        """The bounds in words: `a number from 0 to below 1`."""
        kind = ("an odd" if self.odd else "a") + (" whole number" if self.whole else " number")
        start = f"above {self.low:g}" if self.above else f"from {self.low:g}"
        if math.isinf(self.high):
            return f"{kind} {start}" + ("" if self.above else " up")
        return f"{kind} {start} to {'below ' if self.below else ''}{self.high:g}"

    def allow(self, value: Value) -> bool:
        """Whether a value is a number within the bounds."""
        if not is_number(value) or not math.isfinite(value):
            return False
        if (self.whole and value != int(value)) or (self.odd and value % 2 != 1):
            return False
        over = value > self.low if self.above else value >= self.low
        return over and (value < self.high if self.below else value <= self.high)


SHARE = Bounds(low=0, high=1, below=True)
BOUNDS: Mapping[str, Bounds] = {
    "lr": Bounds(low=0, high=1000, above=True),
    "momentum": SHARE,
    "beta1": SHARE,
    "beta2": SHARE,
    "eps": Bounds(low=0, high=1, above=True),
    "rms_decay": SHARE,
    "batch_size": Bounds(low=1, high=math.inf, whole=True),
    "weight_decay": Bounds(low=0, high=100),
    "warmup": SHARE,
    "final_lr": Bounds(low=0, high=1, above=True),
    "clip_norm": Bounds(low=0, high=math.inf),
    "label_smoothing": SHARE,
    "focal": Bounds(low=0, high=100),
    "mixup": Bounds(low=0, high=100),
    "average_decay": SHARE,
    "dropout": SHARE,
    "frequency": Bounds(low=0, high=1000, above=True),
    "embedding_size": Bounds(low=0, high=512, whole=True),
    "factors": Bounds(low=1, high=1024, whole=True),
    "factor_decay": Bounds(low=0, high=math.inf),
    "members": Bounds(low=1, high=256, whole=True),
    "layers": Bounds(low=1, high=32, whole=True),
    "units": Bounds(low=1, high=16384, whole=True),
    "filters": Bounds(low=1, high=2048, whole=True),
    "blocks": Bounds(low=1, high=8, whole=True),
    "kernel": Bounds(low=1, high=31, whole=True, odd=True),
    "word_size": Bounds(low=2, high=1024, whole=True),
    "word_dropout": SHARE,
    "text_filters": Bounds(low=1, high=2048, whole=True),
    "text_kernel": Bounds(low=1, high=31, whole=True, odd=True),
    "text_heads": Bounds(low=1, high=64, whole=True),
    "text_depth": Bounds(low=1, high=16, whole=True),
}
"""For every hyperparameter that is a number; the others have options."""


def check_given(entry: CatalogueEntry, given: Branches) -> None:
    """Check a given value, or the ends or options of a given range, against what can be trained.

    Raises:
        SpaceError: naming the hyperparameter, the value and what is allowed.
    """
    for param in given if isinstance(given, (list, tuple)) else (given,):
        for value in _values(param):
            _check_value(entry, value)
        bounds = BOUNDS.get(entry.name)
        if bounds is not None and bounds.whole and isinstance(param, Float):
            whole = f"int({param.low:g}, {param.high:g})"
            raise SpaceError(f"{entry.name}: {bounds.text} is needed; use {whole}")


def _check_value(entry: CatalogueEntry, value: Value) -> None:
    options = [option for p in entry.params if isinstance(p, Choice) for option in p.options]
    if options and not any(value == option and type(value) is type(option) for option in options):
        words = [str(option).lower() if isinstance(option, bool) else str(option) for option in options]
        hint = nearest(str(value), words)
        raise SpaceError(f"{entry.name}={value}: choose one of {', '.join(words)}.{hint}")
    bounds = BOUNDS.get(entry.name)
    if bounds is not None and not bounds.allow(value):
        usual = " or ".join(entry.text)
        raise SpaceError(f"{entry.name}={_text(value)}: {bounds.text} is needed; usual is {usual}")


def _values(param: Param | Value) -> tuple[Value, ...]:
    match param:
        case Fixed():
            return (param.value,)
        case Float() | Int():
            return (param.low, param.high)
        case Choice() | Ordinal():
            return param.options
        case _:
            return (param,)


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
