"""Ranges: parameters that are numbers between two ends, all of them or those of a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from osetra.core.beliefs import Normal, prior_of
from osetra.core.conditions import Condition, Conditions, conditions
from osetra.core.construction import arguments_checked
from osetra.core.scales import Array, Scale, domain_error, from_unit, padded, to_unit
from osetra.core.values import Value, as_value, excerpt, number, whole
from osetra.errors import SpaceError

_stored: ContextVar[bool] = ContextVar("stored", default=False)
RESOLVED = 2**50
"""How many whole numbers side by side the unit interval tells apart, on a linear scale."""
RESOLVED_LOG = 2**44
"""The same for the largest one in steps, on a log scale."""
FINEST = 10**9
"""Values of a float with a step; with more of them the step is of no use."""
_SAME = 2.0**-50
"""Coordinates that are nearer to each other stand for the same number."""
_TABLED = 2**16
"""Grids of floats up to this size are kept as tables."""


@arguments_checked(SpaceError)
@dataclass(frozen=True, slots=True, init=False)
class Float:
    """A number in [low, high] on a scale: "linear", "log", "one_minus_log" or "logit".

    `log=True` is short for `scale="log"`. With a step it is low, low + step, … up to high, each the very
    decimal number that a person would write. A `soft` range grows by itself when the best lies at its end.
    A `prior` says where the best is thought to lie: `Normal(0.01, decades=0.5)`.
    """

    low: float
    high: float
    scale: Scale = "linear"
    step: float | None = None
    default: float | None = None
    when: tuple[Condition, ...] = ()
    soft: bool = False
    prior: Normal | None = None

    def __init__(
        self,
        low: float,
        high: float,
        scale: Scale = "linear",
        *,
        log: bool = False,
        step: float | None = None,
        default: float | None = None,
        when: Conditions = None,
        soft: bool = False,
        prior: Normal | None = None,
    ) -> None:
        given = {"low": low, "high": high, "step": step}
        _keep(
            self,
            {n: None if v is None and n == "step" else _taken(self, n, v, number) for n, v in given.items()},
        )
        _keep(self, {"scale": _scale(self, scale, log)})
        _refuse(self, domain_error(self.low, self.high, self.scale) or self._step_error())
        _settle(self, default, when, soft, prior)

    @property
    def levels(self) -> int:
        """How many different values there are; 0 when it is continuous."""
        return 0 if self.step is None else _levels(self.low, self.high, self.step)

    def nth(self, place: int) -> float:
        """Return the value at a place of the grid, from 0 on."""
        return float(_grid(self.low, self._step, whole(place)))

    def place(self, value: object) -> int:
        """Return the place of a value of the grid."""
        return round((self.check(value) - self.low) / self._step)

    def nearest(self, value: float) -> float:
        """Return the value of the range that is nearest to a number."""
        inside = min(max(number(value), self.low), self.high)
        return inside if self.step is None else self.nth(int(self._places(np.array([inside]))[0]))

    def believed(self) -> tuple[float, float] | None:
        """Return mean and deviation of the belief in the unit interval; None without one."""
        return _believed(self.prior, self._ends(), self.scale)

    def to_unit(self, values: Sequence[Value]) -> Array:
        """Map values (n,) to the unit interval; NaN is where one is outside."""
        return to_unit(_inside(values, self.low, self.high), *self._ends(), self.scale)

    def from_unit(self, unit: Array) -> list[Value]:
        """Map points (n,) of the unit interval to values; that of the default to the default itself."""
        raw = from_unit(unit, *self._ends(), self.scale)
        if self.step is not None:
            return [float(v) for v in self._at(self._places(raw))]
        anchor, reach, value = _anchor(self.low, self.high, self.scale, self._meant)
        meant = (np.abs(unit - anchor) <= reach) & (unit > 0) & (unit < 1)
        return [float(v) for v in np.where(meant, value, raw)]

    def snap(self, unit: Array) -> Array:
        """Return the coordinates of the values that `unit` stands for."""
        if self.step is None:
            return np.minimum(np.maximum(unit, 0.0), 1.0)
        found = self._at(self._places(from_unit(unit, *self._ends(), self.scale)))
        return to_unit(found, *self._ends(), self.scale)

    def check(self, value: object) -> float:
        """Return the value as a float, or raise SpaceError."""
        found = number(value)
        if not self.low <= found <= self.high:
            raise SpaceError(f"{excerpt(value)} is outside {_end(self.low)} … {_end(self.high)}")
        near = self.nearest(found)
        if self.step is not None and abs(near - found) > 1e-9 * self.step:
            raise SpaceError(
                f"{excerpt(value)} is not {_end(self.low)} plus a multiple of {self.step:g}; {near!r} is"
            )
        return near

    @property
    def _meant(self) -> float | None:
        """The value that stands for itself: the default, or what is believed to be best."""
        return self.prior.mean if self.default is None and self.prior is not None else self.default

    @property
    def _step(self) -> float:
        if self.step is None:
            raise SpaceError("a continuous range has no first or next value")
        return self.step

    def _ends(self) -> tuple[float, float]:
        if self.step is None:
            return self.low, self.high
        return padded(self.low, self.nth(self.levels - 1), self.step, self.scale)

    def _places(self, raw: Array) -> Array:
        return np.clip(np.rint((raw - self.low) / self._step), 0, self.levels - 1)

    def _at(self, places: Array) -> Array:
        if self.levels <= _TABLED:
            return _table(self.low, self._step, self.levels)[places.astype(np.int64)]
        return np.array([self.nth(int(place)) for place in places])

    def _step_error(self) -> str:
        if self.step is None:
            return ""
        if self.step <= 0:
            return "step must be above 0"
        if self.levels < 2:
            return f"step={self.step:g} is wider than the range; use a smaller step"
        if self.levels > FINEST:
            return f"step={self.step:g} is so fine that it means nothing; leave it out"
        return ""


@arguments_checked(SpaceError)
@dataclass(frozen=True, slots=True, init=False)
class Int:
    """A whole number low, low+step, … up to high, on a "linear" or "log" scale.

    `soft` and `prior` are as for `Float`.
    """

    low: int
    high: int
    scale: Scale = "linear"
    step: int = 1
    default: int | None = None
    when: tuple[Condition, ...] = ()
    soft: bool = False
    prior: Normal | None = None

    def __init__(
        self,
        low: int,
        high: int,
        scale: Scale = "linear",
        *,
        log: bool = False,
        step: int = 1,
        default: int | None = None,
        when: Conditions = None,
        soft: bool = False,
        prior: Normal | None = None,
    ) -> None:
        given = {"low": low, "high": high, "step": step}
        _keep(self, {name: _taken(self, name, value, whole) for name, value in given.items()})
        _keep(self, {"scale": _scale(self, scale, log)})
        _refuse(self, self._error())
        _settle(self, default, when, soft, prior)

    @property
    def levels(self) -> int:
        """How many different values there are."""
        return (self.high - self.low) // self.step + 1

    def nth(self, place: int) -> int:
        """Return the value at a place, from 0 on."""
        return self.low + self.step * whole(place)

    def place(self, value: object) -> int:
        """Return the place of a value."""
        return (self.check(value) - self.low) // self.step

    def nearest(self, value: float) -> int:
        """Return the value of the range that is nearest to a number."""
        place = round((number(value) - self.low) / self.step)
        return self.nth(min(max(place, 0), self.levels - 1))

    def believed(self) -> tuple[float, float] | None:
        """Return mean and deviation of the belief in the unit interval; None without one."""
        return _believed(self.prior, self._ends(), self.scale)

    def to_unit(self, values: Sequence[Value]) -> Array:
        """Map values (n,) to the unit interval, each with a cell around its point; outside is NaN."""
        inside = _inside(values, self.low, self.high)
        if self._large:
            known = [None if np.isnan(i) else int(v or 0) for i, v in zip(inside, values, strict=True)]
            return np.array(
                [np.nan if v is None else ((v - self.low) // self.step + 0.5) / self.levels for v in known]
            )
        return to_unit(inside, *self._ends(), self.scale)

    def from_unit(self, unit: Array) -> list[Value]:
        """Map points (n,) of the unit interval to the value whose cell they fall into."""
        return [self.nth(place) for place in self._places(unit)]

    def snap(self, unit: Array) -> Array:
        """Return the coordinates of the values that `unit` stands for."""
        if self._large:
            return self.to_unit([self.nth(place) for place in self._places(unit)])
        raw = from_unit(unit, *self._ends(), self.scale)
        index = np.clip(np.rint((raw - self.low) / self.step), 0, self.levels - 1)
        return to_unit(self.low + self.step * index, *self._ends(), self.scale)

    def check(self, value: object) -> int:
        """Return the value as an int, or raise SpaceError."""
        found = whole(value)
        if not self.low <= found <= self.high:
            raise SpaceError(f"{excerpt(value)} is outside {self.low} … {self.high}")
        if (found - self.low) % self.step:
            raise SpaceError(f"{excerpt(value)} is not {self.low} plus a multiple of {self.step}")
        return found

    @property
    def _large(self) -> bool:
        """Whether floats do not hold all that its values are calculated with."""
        return self.scale == "linear" and max(abs(self.low), abs(self.high), self.step) > 2**40

    def _ends(self) -> tuple[float, float]:
        return padded(self.low, self.nth(self.levels - 1), self.step, self.scale)

    def _places(self, unit: Array) -> list[int]:
        if self._large:
            raw = np.floor(np.clip(unit, 0, 1) * self.levels)
        else:
            raw = np.rint((from_unit(unit, *self._ends(), self.scale) - self.low) / self.step)
        return [min(max(int(place), 0), self.levels - 1) for place in raw]

    def _error(self) -> str:
        wrong = domain_error(self.low, self.high, self.scale)
        if wrong:
            return wrong
        if self.scale not in ("linear", "log"):
            return "whole numbers take the scales linear and log"
        if self.step < 1:
            return "step must be at least 1"
        if _stored.get():
            return ""
        if not -(2**63) <= self.low < self.high < 2**63:
            return "whole numbers beyond 64 bits cannot be stored; use smaller ends"
        most = self.levels if self.scale == "linear" else self.high // self.step
        if most > (RESOLVED if self.scale == "linear" else RESOLVED_LOG):
            return "more whole numbers than a search can tell apart; give a step, or smaller ends"
        return ""


def _inside(values: Sequence[Value], low: float, high: float) -> Array:
    """Return values (n,) as floats; NaN is where one is no number of a range."""
    return np.array([v if _is_in(v, low, high) else np.nan for v in values], dtype=np.float64)


def _is_in(value: Value, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


@contextmanager
def ranges_of_a_log() -> Iterator[None]:
    """Let ranges be as wide as earlier versions wrote them: what stands in a log can be read."""
    before = _stored.set(True)
    try:
        yield
    finally:
        _stored.reset(before)


@lru_cache(4096)
def _levels(low: float, high: float, step: float) -> int:
    if (high - low) / FINEST > step:
        return FINEST + 1
    return int((Decimal(repr(high)) - Decimal(repr(low))) // Decimal(repr(step))) + 1


def _grid(low: float, step: float, place: int) -> Decimal:
    return Decimal(repr(low)) + place * Decimal(repr(step))


@lru_cache(256)
def _table(low: float, step: float, levels: int) -> Array:
    return np.array([float(_grid(low, step, place)) for place in range(levels)])


@lru_cache(4096)
def _anchor(low: float, high: float, scale: Scale, default: float | None) -> tuple[float, float, float]:
    """Return where the default stands in the unit interval, how exactly, and the default as written."""
    if default is None:
        # The middle of log(1e-4, 1) is 0.01, not 0.010000000000000004.
        middle = float(f"{from_unit(np.array([0.5]), low, high, scale)[0]:.12g}")
        default, anchor = min(max(middle, low), high), 0.5
        reach = abs(float(to_unit(np.array([default]), low, high, scale)[0]) - anchor)
        return anchor, reach + _SAME, default
    return float(to_unit(np.array([default]), low, high, scale)[0]), _SAME, default


def _keep(param: Float | Int, values: dict[str, Any]) -> None:
    for name, value in values.items():
        object.__setattr__(param, name, value)


def _taken(param: Float | Int, field: str, value: object, kind: Any) -> Any:
    try:
        return kind(value)
    except SpaceError as error:
        raise SpaceError(f"{type(param).__name__}: {field}: {error}") from None


def _scale(param: Float | Int, scale: object, log: object) -> str:
    kind, short = type(param).__name__, _taken(param, "log", log, as_value)
    if not isinstance(short, bool):
        raise SpaceError(f"{kind}: log={excerpt(log)}: True or False is needed, or a scale: scale='log'")
    if not isinstance(scale, str):
        hint = f"; a step is written step={excerpt(scale)}" if isinstance(scale, (int, float)) else ""
        raise SpaceError(
            f"{kind}: scale={excerpt(scale)}: the name of a scale is needed, such as 'log'{hint}"
        )
    if short and scale not in ("linear", "log"):
        raise SpaceError(f"{kind}: log=True and scale={excerpt(scale)} contradict each other; leave one out")
    return "log" if short else scale


def _refuse(param: Float | Int, wrong: str) -> None:
    if wrong:
        call = f"{type(param).__name__}({_end(param.low)}, {_end(param.high)}"
        scale = "" if param.scale == "linear" else f", scale={param.scale[:40]!r}"
        raise SpaceError(f"{call}{scale}): {wrong}")


def _believed(prior: Normal | None, ends: tuple[float, float], scale: Scale) -> tuple[float, float] | None:
    if prior is None:
        return None
    return float(to_unit(np.array([prior.mean]), *ends, scale)[0]), prior.deviation(*ends, scale)


def _settle(param: Float | Int, default: object, when: object, soft: object, prior: object) -> None:
    found: tuple[Condition, ...] = conditions(when)
    loose = _taken(param, "soft", soft, as_value)
    if not isinstance(loose, bool):
        raise SpaceError(f"{type(param).__name__}: soft={excerpt(soft)}: True or False is needed")
    try:
        believed = prior_of(prior, param.low, param.high, param.scale)
    except SpaceError as error:
        raise SpaceError(f"{type(param).__name__}: {error}") from None
    _keep(param, {"when": found, "soft": loose, "prior": believed})
    try:
        object.__setattr__(param, "default", None if default is None else param.check(default))
    except SpaceError as error:
        raise SpaceError(f"default: {error}; choose a default inside the range") from None


def _end(value: float) -> str:
    """Return a number as it would be typed: 0.9999999 is not 1."""
    return text if float(text := f"{value:g}") == value else repr(value)
