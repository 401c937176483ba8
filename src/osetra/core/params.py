"""Parameters: one hyperparameter each, with range, scale, condition and default.

`Float` and `Int` are ranges, `Choice` unordered and `Ordinal` ordered options, `Fixed` one value
that is not searched. All are immutable and check themselves; messages gain the parameter's name
from the `Space` that holds them.

A condition `when={"optimizer": "sgd"}` (or a tuple of values) says when the parameter exists.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TypeAlias

import numpy as np

from osetra.core.scales import Array, Scale, domain_error, from_unit, to_unit
from osetra.errors import SpaceError

Value: TypeAlias = bool | int | float | str | None
When: TypeAlias = Mapping[str, "Value | tuple[Value, ...]"]
Condition: TypeAlias = tuple[str, tuple[Value, ...]]
Config: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Float:
    """A number in [low, high] on a scale: "linear", "log", "one_minus_log" or "logit"."""

    low: float
    high: float
    _: KW_ONLY
    scale: Scale = "linear"
    default: float | None = None
    when: When | tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _coerce(self, "low", float)
        _coerce(self, "high", float)
        _refuse(self, domain_error(self.low, self.high, self.scale))
        _settle(self)

    levels = 0  # continuous

    def to_unit(self, values: Sequence[Value]) -> Array:
        """Map valid values (n,) to the unit interval."""
        return to_unit(np.asarray(values, dtype=np.float64), self.low, self.high, self.scale)

    def from_unit(self, unit: Array) -> list[Value]:
        """Map points (n,) of the unit interval to values."""
        return [float(v) for v in from_unit(unit, self.low, self.high, self.scale)]

    def snap(self, unit: Array) -> Array:
        """Return the coordinates of the values that `unit` stands for."""
        return np.clip(unit, 0.0, 1.0)

    def check(self, value: Value) -> float:
        """Return the value as a float, or raise SpaceError."""
        number = _number(value)
        if not self.low <= number <= self.high:
            raise SpaceError(f"{value!r} is outside {self.low:g} … {self.high:g}")
        return number


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number low, low+step, … up to high, on a "linear" or "log" scale."""

    low: int
    high: int
    _: KW_ONLY
    scale: Scale = "linear"
    step: int = 1
    default: int | None = None
    when: When | tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        for field in ("low", "high", "step"):
            _coerce(self, field, _whole)
        wrong = domain_error(self.low, self.high, self.scale)
        if not wrong and self.scale not in ("linear", "log"):
            wrong = "whole numbers take the scales linear and log"
        if not wrong and self.step < 1:
            wrong = "step must be at least 1"
        _refuse(self, wrong)
        _settle(self)

    @property
    def levels(self) -> int:
        """How many different values there are."""
        return (self.high - self.low) // self.step + 1

    def to_unit(self, values: Sequence[Value]) -> Array:
        """Map valid values (n,) to the unit interval: each value owns a cell around its point."""
        return to_unit(np.asarray(values, dtype=np.float64), *self._padded(), self.scale)

    def from_unit(self, unit: Array) -> list[Value]:
        """Map points (n,) of the unit interval to the value whose cell they fall into."""
        raw = from_unit(unit, *self._padded(), self.scale)
        index = np.clip(np.rint((raw - self.low) / self.step), 0, self.levels - 1)
        return [self.low + self.step * int(i) for i in index]

    def snap(self, unit: Array) -> Array:
        """Return the coordinates of the values that `unit` stands for."""
        raw = from_unit(unit, *self._padded(), self.scale)
        index = np.clip(np.rint((raw - self.low) / self.step), 0, self.levels - 1)
        return to_unit(self.low + self.step * index, *self._padded(), self.scale)

    def check(self, value: Value) -> int:
        """Return the value as an int, or raise SpaceError."""
        number = _whole(value)
        if not self.low <= number <= self.high:
            raise SpaceError(f"{value!r} is outside {self.low} … {self.high}")
        if (number - self.low) % self.step:
            raise SpaceError(f"{value!r} is not {self.low} plus a multiple of {self.step}")
        return number

    def _padded(self) -> tuple[float, float]:
        # Half a step beyond both ends gives the end values cells as wide as their neighbours'.
        top = self.low + self.step * (self.levels - 1)
        below = self.step / 2 if self.scale == "linear" else min(self.step / 2, self.low / 2)
        return self.low - below, top + self.step / 2


class _Options:
    """What `Choice` and `Ordinal` share: a value is an index into the options."""

    __slots__ = ()
    options: tuple[Value, ...]

    @property
    def levels(self) -> int:
        """How many options there are."""
        return len(self.options)

    def to_unit(self, values: Sequence[Value]) -> Array:
        """Map options to the middles of equal cells of the unit interval."""
        index = {_identity(option): i for i, option in enumerate(self.options)}
        at = np.array([index[_identity(value)] for value in values], dtype=np.float64)
        return (at + 0.5) / self.levels

    def from_unit(self, unit: Array) -> list[Value]:
        """Map points (n,) of the unit interval to the option whose cell they fall into."""
        return [self.options[i] for i in self._index(unit)]

    def snap(self, unit: Array) -> Array:
        """Return the middles of the cells that `unit` falls into."""
        return (self._index(unit) + 0.5) / self.levels

    def check(self, value: Value) -> Value:
        """Return the option equal to the value, or raise SpaceError."""
        value = _plain(value)
        for option in self.options:
            if _identity(option) == _identity(value):
                return option
        for option in self.options:
            if option == value or str(option) == value:
                return option
        known = ", ".join(map(str, self.options))
        raise SpaceError(f"{value!r} is not one of {known}")

    def _index(self, unit: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.clip(np.floor(unit * self.levels), 0, self.levels - 1).astype(np.int64)


@dataclass(frozen=True, slots=True, init=False)
class Choice(_Options):
    """One of several options without an order: `Choice("sgd", "adam", default="adam")`."""

    options: tuple[Value, ...]
    default: Value
    when: When | tuple[Condition, ...]

    def __init__(self, *options: Value, default: Value = None, when: When | None = None) -> None:
        _fill(self, options, default, when)


@dataclass(frozen=True, slots=True, init=False)
class Ordinal(_Options):
    """One of several options in their natural order: `Ordinal(16, 32, 64, 128, default=32)`."""

    options: tuple[Value, ...]
    default: Value
    when: When | tuple[Condition, ...]

    def __init__(self, *options: Value, default: Value = None, when: When | None = None) -> None:
        _fill(self, options, default, when)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that is recorded with every trial and not searched."""

    value: Value
    _: KW_ONLY
    when: When | tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        _coerce(self, "value", _plain)
        object.__setattr__(self, "when", _conditions(self.when))

    def check(self, value: Value) -> Value:
        """Return the fixed value when the given one equals it, or raise SpaceError."""
        if _plain(value) == self.value or str(self.value) == value:
            return self.value
        raise SpaceError(f"{value!r} given, but it is fixed at {self.value!r}")


Param: TypeAlias = Float | Int | Choice | Ordinal | Fixed
Searched: TypeAlias = Float | Int | Choice | Ordinal


def default_of(param: Param) -> Value:
    """Return the declared default, or the middle of the range, or the first option."""
    if isinstance(param, Fixed):
        return param.value
    if param.default is not None:
        return param.default
    if isinstance(param, Choice):
        return param.options[0]
    middle = param.from_unit(np.array([0.5]))[0]
    # The middle of log(1e-4, 1) is 0.01, not 0.010000000000000004.
    return param.check(float(f"{middle:.12g}")) if isinstance(param, Float) else middle


def conditions_of(param: Param) -> tuple[Condition, ...]:
    """Return the parameter's conditions in their settled form, all of which must hold."""
    return tuple(param.when)  # type: ignore[arg-type]  # settled to a tuple on construction


def _fill(param: Choice | Ordinal, options: tuple[Value, ...], default: Value, when: When | None) -> None:
    name = type(param).__name__
    if len(options) == 1 and isinstance(options[0], (list, tuple)):
        raise SpaceError(f"{name}({options[0]!r}): give options one by one: {name}(*options)")
    plain = tuple(_plain(option) for option in options)
    if len(plain) < 2:
        raise SpaceError(f"{name}{plain!r}: at least two options are needed; use Fixed for one")
    if len({str(option) for option in plain}) < len(plain):
        raise SpaceError(f"{name}{plain!r}: two options read the same; each must be different")
    object.__setattr__(param, "options", plain)
    object.__setattr__(param, "default", default)
    object.__setattr__(param, "when", when or ())
    _settle(param)


def _settle(param: Searched) -> None:
    object.__setattr__(param, "when", _conditions(param.when))
    if param.default is not None:
        try:
            object.__setattr__(param, "default", param.check(param.default))
        except SpaceError as error:
            raise SpaceError(f"default: {error}; choose a default inside the range") from None


def _conditions(when: When | tuple[Condition, ...]) -> tuple[Condition, ...]:
    pairs = when.items() if isinstance(when, Mapping) else when
    return tuple(
        (parent, tuple(map(_plain, allowed)) if isinstance(allowed, tuple) else (_plain(allowed),))
        for parent, allowed in pairs
    )


def _refuse(param: Float | Int, wrong: str) -> None:
    if wrong:
        call = f"{type(param).__name__}({param.low:g}, {param.high:g}"
        scale = "" if param.scale == "linear" else f", scale={param.scale!r}"
        raise SpaceError(f"{call}{scale}): {wrong}")


def _coerce(param: Float | Int | Fixed, field: str, kind: object) -> None:
    value = getattr(param, field)
    try:
        settled = _number(value) if kind is float else kind(value)  # type: ignore[operator]
    except SpaceError as error:
        raise SpaceError(f"{type(param).__name__}: {field}: {error}") from None
    object.__setattr__(param, field, settled)


def _plain(value: object) -> Value:
    """Return a NumPy or framework scalar as the Python value it holds."""
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    if plain is None or isinstance(plain, (bool, int, str)):
        return plain
    if isinstance(plain, float) and math.isfinite(plain):
        return plain
    raise SpaceError(f"{value!r} is not a value that can be stored; use numbers, text or booleans")


def _number(value: object) -> float:
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, (int, float)):
        raise SpaceError(f"{value!r} is not a number")
    return float(plain)


def _whole(value: object) -> int:
    number = _number(value)
    if number != int(number):
        raise SpaceError(f"{value!r} is not a whole number")
    return int(number)


def _identity(value: Value) -> tuple[str, Value]:
    # 1, 1.0 and True are equal in Python and different options here.
    return type(value).__name__, value
