"""Checks: whether something given is a number that will do. True and False are none.

Who asks writes the sentence: it knows what the number is for.
"""

from __future__ import annotations

import math
from typing import TypeGuard


def is_number(value: object, *, least: float = -math.inf) -> TypeGuard[int | float]:
    """Whether a value is a number of at least `least`; NaN is one where any will do."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return real and (least == -math.inf or value >= least)  # type: ignore[operator]  # it is a number here


def is_above_zero(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number above 0; it may be infinite."""
    return is_number(value) and value > 0


def is_whole(value: object, *, least: float = -math.inf) -> TypeGuard[int]:
    """Whether a value is a whole number of at least `least`, and written as one."""
    return isinstance(value, int) and is_number(value, least=least)
