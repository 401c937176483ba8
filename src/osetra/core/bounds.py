"""Bounds: what a trial must keep to, such as latency_ms<=20; one that does not is never the best.

A trial is held to what it reported of a metric where its objective counted, as the mean over its runs.
One that never said is held to break the bound: nobody knows that it keeps it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from osetra.core.arguments import expected, mapping, text

Sign = Literal["<", "<=", ">", ">="]
WANTED = 'write limits={"latency_ms": "<= 20"}; <, <=, > and >= are known'
_FORM = re.compile(r"\s*(?P<metric>[^<>=]*?)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[^<>=\s]+)\s*")


@dataclass(frozen=True, slots=True)
class Bound:
    """A metric, how it compares, and with what."""

    metric: str
    sign: Sign
    bound: float

    @property
    def rule(self) -> str:
        """What is asked of the metric, such as <=20."""
        return f"{self.sign}{_shortest(self.bound)}"

    def __str__(self) -> str:
        return f"{self.metric}{self.rule}"

    def margin(self, value: float) -> float:
        """Return by how much a value is beyond it: 0 or less where it is kept, NaN where nobody knows."""
        over = value - self.bound if self.sign[0] == "<" else self.bound - value
        # On the edge of what has to be strictly beyond it, it is broken.
        return math.ulp(self.bound) if over == 0 and len(self.sign) == 1 else over

    def excess(self, value: float) -> float:
        """Return by how much a value breaks it: 0 where it is kept, infinite where nobody knows."""
        return math.inf if math.isnan(value) else max(self.margin(value), 0.0)


def bounds_of(limits: object) -> tuple[Bound, ...]:
    """Return the bounds that a person wrote, by metric.

    Raises:
        StudyError: one of them cannot be read.
    """
    found = mapping("limits", {} if limits is None else limits, WANTED)
    bounds = []
    for metric, rule in found.items():
        name = text("limits", metric, WANTED)
        match = _FORM.fullmatch(rule) if isinstance(rule, str) else None
        bound = _number(match["bound"]) if match else math.nan
        if not name or match is None or match["metric"] or not math.isfinite(bound):
            raise expected(f"limits[{name!r}]", rule, WANTED)
        bounds.append(Bound(name, cast(Sign, match["sign"]), bound))
    return tuple(bounds)


def written_bounds(lines: Iterable[str]) -> dict[str, str]:
    """Return bounds written as latency_ms<=20, one a line, in the form that `bounds_of` reads.

    Raises:
        StudyError: a line is none, or a metric has two.
    """
    found: dict[str, str] = {}
    for line in lines:
        match = _FORM.fullmatch(line)
        if match is None or not match["metric"] or not math.isfinite(_number(match["bound"])):
            raise expected("limit", line, "write it as latency_ms<=20; <, <=, > and >= are known")
        if match["metric"] in found:
            raise expected("limit", line, f"{match['metric']} has a limit already; give one for each metric")
        found[match["metric"]] = f"{match['sign']}{match['bound']}"
    return found


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return math.nan


def _shortest(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
