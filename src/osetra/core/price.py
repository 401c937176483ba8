"""Price: what the machines cost, and for how long money lasts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from osetra.core.numbers import duration
from osetra.errors import StudyError

_HOURS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "hour": 1.0, "d": 24.0, "day": 24.0}
_FORM = re.compile(
    r"\s*([^\d\s.,+-]{0,3})\s*(\d*\.?\d+(?:[eE][+-]?\d+)?)\s*([^\d\s./]{0,3})\s*(?:/\s*([a-z]+))?\s*"
)


@dataclass(frozen=True, slots=True)
class Price:
    """Money for an hour of everything that trains."""

    hourly: float
    currency: str = ""

    @classmethod
    def parse(cls, text: str) -> Price:
        """Return the price that a text such as 2.50/h says; per hour unless it says otherwise.

        Raises:
            StudyError: it says none, or none above 0.
        """
        found = _FORM.fullmatch(text)
        unit = found[4] or "h" if found else ""
        if found is None or unit not in _HOURS:
            raise StudyError(f"price {text!r}: write money per time, such as 2.50/h, 0.04/min or 60/day")
        hourly = float(found[2]) / _HOURS[unit]
        if not 0 < hourly < math.inf:
            raise StudyError(f"price {text!r}: a price is above 0; without one, leave it out")
        return cls(hourly, found[1] or found[3])

    def minutes(self, money: float) -> float:
        """Return for how many minutes money lasts."""
        return 60 * money / self.hourly

    def of(self, seconds: float) -> str:
        """Return what so many seconds cost, in words."""
        money = f"{self.hourly * seconds / 3600:.2f}"
        each = f"{self.hourly:g}{self.currency}/h"
        return f"{money}{self.currency} for {duration(seconds)} at {each}"
