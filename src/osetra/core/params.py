"""Parameters: one hyperparameter each, with range, scale, condition and default.

`Float` and `Int` are ranges, `Choice` unordered and `Ordinal` ordered options, `Fixed` one value
that is not searched. All are immutable and check themselves; messages gain the parameter's name
from the `Space` that holds them.

A condition `when={"optimizer": "sgd"}` (or a list of values) says when the parameter exists.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from osetra.core.beliefs import Normal
from osetra.core.conditions import Condition, When
from osetra.core.options import UNSET, Choice, Fixed, Ordinal, Unset
from osetra.core.ranges import Float, Int
from osetra.core.values import Config, Value

Param: TypeAlias = Float | Int | Choice | Ordinal | Fixed
Searched: TypeAlias = Float | Int | Choice | Ordinal

__all__ = [
    "UNSET",
    "Choice",
    "Condition",
    "Config",
    "Fixed",
    "Float",
    "Int",
    "Normal",
    "Ordinal",
    "Param",
    "Searched",
    "Unset",
    "Value",
    "When",
    "default_of",
]


def default_of(param: Param) -> Value:
    """Return the declared default, or what is believed best, or the middle or the first option."""
    match param:
        case Fixed():
            return param.value
        case Choice() | Ordinal():
            if not isinstance(param.default, Unset):
                return param.default
            if param.weights is not None:
                return param.options[param.weights.index(max(param.weights))]
            return param.options[0] if isinstance(param, Choice) else param.from_unit(np.array([0.5]))[0]
        case _:
            if param.default is None and param.prior is not None:
                return param.nearest(param.prior.mean)
            return param.from_unit(np.array([0.5]))[0] if param.default is None else param.default
