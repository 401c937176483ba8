"""Rates: learning rates that a person gives for a table, on which of two scales they are.

The network for tables takes its rates in the neural tangent parametrization, where 0.04 is usual. Versions
before it had none, and 0.001 was usual: a study.toml of that time would train hardly anything, in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osetra.core.arguments import is_number
from osetra.core.declarations import branches_of
from osetra.core.options import Choice, Fixed, Ordinal
from osetra.core.ranges import Float, Int

LEAST = 2e-3
"""A range that begins below is on the scale of weights as they are, not on that of the neural tangent."""


def rate_note(given: Mapping[str, Any]) -> str:
    """Return what is to be said of the learning rate among given hyperparameters of a table; or nothing."""
    if "lr" not in given or "parametrization" in given:
        return ""
    lowest = min((_lowest(param) for param in branches_of("lr", given["lr"])), default=LEAST)
    if lowest >= LEAST:
        return ""
    return (
        f"lr from {lowest:g} on: the network for tables divides rates by √fan_in (neural tangent); 0.04 is "
        "usual for classes and 0.2 for numbers. Rates such as 0.001, as of earlier versions or other "
        "programs, go with --set parametrization=standard"
    )


def _lowest(param: object) -> float:
    """Return the least rate that a parameter allows."""
    if isinstance(param, (Float, Int)):
        return float(param.low)
    options: Sequence[object] = ()
    if isinstance(param, Fixed):
        options = (param.value,)
    elif isinstance(param, (Choice, Ordinal)):
        options = param.options
    return min((float(option) for option in options if is_number(option)), default=LEAST)
