"""Distributions: what a program asked a value from, by Optuna's names, and the same as osetra's parameters.

    FloatDistribution(low, high, log, step)    Float(low, high, scale="log" or "linear", step=…)
    IntDistribution(low, high, log, step)      Int(low, high, scale=…, step=…)
    CategoricalDistribution(choices)           Choice(*choices)
    any of them with one value                 Fixed

Choices that are no number, text, truth value, None or tuple of such stand in the log as their `repr`.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from osetra.core.params import Choice, Condition, Fixed, Float, Int, Param, Value
from osetra.core.values import as_option, option_name
from osetra.errors import SpaceError


class BaseDistribution:
    """A kind of value that a program asks for."""

    def single(self) -> bool:
        """Whether there is one value only."""
        raise NotImplementedError

    def contains(self, value: object) -> bool:
        """Whether a value is one of these."""
        raise NotImplementedError


def _ends(kind: str, low: float, high: float, step: float | None, log: bool) -> None:
    if math.isnan(low) or math.isnan(high) or math.isinf(low) or math.isinf(high):
        raise ValueError(f"{kind}(low={low}, high={high}): both ends are finite numbers")
    if low > high:
        raise ValueError(
            f"{kind}(low={low}, high={high}): the `low` value must not be above the `high` value"
        )
    if log and low <= 0:
        raise ValueError(f"{kind}(low={low}, log=True): a logarithmic range begins above 0")
    if step is not None and step <= 0:
        raise ValueError(f"{kind}(step={step}): the `step` value must be above 0")


def _last(kind: str, low: float, high: float, step: float) -> float:
    """Return the last number of a grid that is not above its end, exact as decimals are."""
    first, end, by = (Decimal(str(number)) for number in (low, high, step))
    if (end - first) % by == 0:
        return high
    last = float((end - first) // by * by + first)
    warnings.warn(f"{kind}: {high} is not {low} plus a multiple of {step}; it ends at {last}", stacklevel=4)
    return last


@dataclass(frozen=True)
class FloatDistribution(BaseDistribution):
    """A number in [low, high], on a logarithmic scale or of a grid."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        if self.log and self.step is not None:
            raise ValueError("FloatDistribution: `step` and `log=True` cannot be given together")
        low, high = float(self.low), float(self.high)
        _ends("FloatDistribution", low, high, self.step, self.log)
        if self.step is not None:
            high = _last("FloatDistribution", low, high, self.step)
            object.__setattr__(self, "step", float(self.step))
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def single(self) -> bool:
        """Whether there is one value only."""
        return self.low == self.high or (self.step is not None and self.high - self.low < self.step)

    def contains(self, value: object) -> bool:
        """Whether a value is one of these, a multiple of the step up to rounding."""
        if not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        places = 0.0 if self.step is None else (value - self.low) / self.step
        return abs(places - round(places)) < 1e-8


@dataclass(frozen=True)
class IntDistribution(BaseDistribution):
    """A whole number in [low, high], on a logarithmic scale or of a grid."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        if self.log and self.step != 1:
            raise ValueError("IntDistribution: `step` must be 1 where `log=True`")
        low, high, step = int(self.low), int(self.high), int(self.step)
        _ends("IntDistribution", low, high, step, self.log)
        high = int(_last("IntDistribution", low, high, step))
        for name, value in (("low", low), ("high", high), ("step", step)):
            object.__setattr__(self, name, value)

    def single(self) -> bool:
        """Whether there is one value only."""
        return self.high - self.low < self.step

    def contains(self, value: object) -> bool:
        """Whether a value is one of these."""
        if not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        return (value - self.low) % self.step == 0


@dataclass(frozen=True)
class CategoricalDistribution(BaseDistribution):
    """One of several choices."""

    choices: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(self.choices))
        if not self.choices:
            raise ValueError("CategoricalDistribution: the `choices` must contain one or more elements")

    def single(self) -> bool:
        """Whether there is one choice only."""
        return len(self.choices) == 1

    def contains(self, value: object) -> bool:
        """Whether a value is one of the choices."""
        return any(_same(value, choice) for choice in self.choices)

    def place(self, value: object) -> int:
        """Return the place of a choice.

        Raises:
            ValueError: it is none.
        """
        for place, choice in enumerate(self.choices):
            if _same(value, choice):
                return place
        raise ValueError(f"{value!r} is not one of {self.choices}")


Distribution: TypeAlias = FloatDistribution | IntDistribution | CategoricalDistribution


def _same(one: object, other: object) -> bool:
    """Whether two choices are one: True is not 1, and NaN is NaN."""
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    both = isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    return both or bool(one == other)


def options(choices: Sequence[Any]) -> tuple[Any, ...]:
    """Return what a Choice takes for some choices: themselves where it can, else their `repr`."""
    try:
        found = tuple(as_option(choice) for choice in choices)
        names = [option_name(option) for option in found]
        if len({(type(name), name) for name in names}) == len(names) == len({str(name) for name in names}):
            return found
    except SpaceError:
        pass
    named = tuple(dict.fromkeys(repr(choice) for choice in choices))
    if len(named) < len(choices):
        return tuple(f"{place}: {choice!r}" for place, choice in enumerate(choices))
    return named


def param_of(distribution: Distribution, when: tuple[Condition, ...] = ()) -> Param:
    """Return the parameter of a space that holds the values of a distribution."""
    if isinstance(distribution, CategoricalDistribution):
        found = options(distribution.choices)
        return Fixed(found[0], when=when) if len(found) == 1 else Choice(*found, when=when)
    if distribution.single():
        return Fixed(distribution.low, when=when)
    scale: Any = "log" if distribution.log else "linear"
    if isinstance(distribution, IntDistribution):
        return Int(distribution.low, distribution.high, scale=scale, step=distribution.step, when=when)
    return Float(distribution.low, distribution.high, scale=scale, step=distribution.step, when=when)


def inner(distribution: Distribution, value: object) -> Value:
    """Return what stands in the log for a value of a distribution.

    Raises:
        ValueError: it is none of its values.
    """
    if isinstance(distribution, CategoricalDistribution):
        return option_name(options(distribution.choices)[distribution.place(value)])
    if not distribution.contains(value):
        raise ValueError(f"{value!r} is not a value of {distribution}")
    return int(value) if isinstance(distribution, IntDistribution) else float(value)  # type: ignore[call-overload, arg-type]


def outer(distribution: Distribution, value: Value) -> tuple[bool, Any]:
    """Return whether what stands in the log is a value of a distribution, and that value."""
    if isinstance(distribution, CategoricalDistribution):
        for option, choice in zip(options(distribution.choices), distribution.choices, strict=True):
            if _same(option_name(option), value):
                return True, choice
        return False, None
    if not distribution.contains(value) or isinstance(value, bool):
        return False, None
    return True, (int(value) if isinstance(distribution, IntDistribution) else float(value))  # type: ignore[arg-type]


def of_param(param: Param) -> Distribution:
    """Return the distribution that a parameter of a space stands for."""
    match param:
        case Float():
            return FloatDistribution(param.low, param.high, param.scale == "log", param.step)
        case Int():
            log = param.scale == "log"
            return IntDistribution(int(param.low), int(param.high), log, 1 if log else int(param.step))
        case Fixed():
            return CategoricalDistribution((param.meaning,))
        case _:
            return CategoricalDistribution(param.meanings)


def distribution_to_json(distribution: Distribution) -> str:
    """Return a distribution as Optuna writes it."""
    return json.dumps({"name": type(distribution).__name__, "attributes": asdict(distribution)})


_OLD: dict[str, tuple[Any, dict[str, bool]]] = {
    "UniformDistribution": (FloatDistribution, {}),
    "LogUniformDistribution": (FloatDistribution, {"log": True}),
    "DiscreteUniformDistribution": (FloatDistribution, {}),
    "IntUniformDistribution": (IntDistribution, {}),
    "IntLogUniformDistribution": (IntDistribution, {"log": True}),
}
"""Names before Optuna 3, with what they imply."""


def json_to_distribution(text: str) -> Distribution:
    """Read a distribution as Optuna writes it, those of earlier versions included.

    Raises:
        ValueError: it is none.
    """
    try:
        read = json.loads(text)
        name, attributes = read["name"], dict(read["attributes"])
        if name in _OLD:
            kind, implied = _OLD[name]
            attributes = {("step" if k == "q" else k): v for k, v in attributes.items()} | implied
            if implied.get("log"):
                attributes.pop("step", None)
            return kind(**attributes)  # type: ignore[no-any-return]
        kinds: dict[str, type[Distribution]] = {
            k.__name__: k for k in (FloatDistribution, IntDistribution, CategoricalDistribution)
        }
        return kinds[name](**attributes)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{text!r:.200} is no distribution: {error}") from None


def check_compatible(name: str, known: Distribution, asked: Distribution) -> None:
    """Make sure that a parameter stays of one kind, and a categorical one keeps its choices.

    Raises:
        ValueError: it does not.
    """
    if type(known) is not type(asked):
        raise ValueError(f"{name}: it was asked for as {known}, and now as {asked}; keep to one kind")
    if isinstance(known, CategoricalDistribution) and known != asked:
        raise ValueError(
            f"{name}: CategoricalDistribution does not support a dynamic value space: it was asked for as "
            f"{known}, and now as {asked}"
        )
