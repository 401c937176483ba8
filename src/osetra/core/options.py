"""Options: parameters that are one of several values, or a single one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Any

import numpy as np

from osetra.core.beliefs import weights_of
from osetra.core.conditions import Condition, Conditions, conditions
from osetra.core.construction import arguments_checked
from osetra.core.scales import Array
from osetra.core.values import (
    Option,
    Value,
    as_option,
    as_value,
    excerpt,
    identity,
    option_name,
    sequence,
    whole,
)
from osetra.errors import SpaceError


class Unset(Enum):
    """No default, where None may be one."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "unset"


UNSET = Unset.UNSET


def place_of(place: object, levels: int) -> int:
    """Return a place among so many values, or raise SpaceError."""
    found = whole(place)
    if not 0 <= found < levels:
        raise SpaceError(f"place {excerpt(place)}: there are places 0 … {levels - 1}")
    return found


@dataclass(frozen=True, slots=True, init=False)
class _Options:
    """What `Choice` and `Ordinal` share: a value is an index into the options."""

    options: tuple[Value, ...]
    """As they stand in the log: the values, or their names."""
    default: Value | Unset
    when: tuple[Condition, ...]
    meanings: tuple[Option, ...] = field(repr=False)
    """What a training gets, option by option."""
    weights: tuple[float, ...] | None
    """How likely each is thought to be the best, in proportion."""

    def __init__(
        self,
        *options: Any,
        default: Any = UNSET,
        when: Conditions = None,
        weights: Sequence[float] | None = None,
        **names: Any,
    ) -> None:
        kind = type(self).__name__
        if weights is not None and sequence(weights) is None:
            raise SpaceError(
                f"{kind}: weights={excerpt(weights)}: a number for each option is needed, such as "
                f"{kind}('sgd', 'adam', weights=(1, 3)); an option of that name: {kind}({{'weights': …}})"
            )
        _fill(self, options, names, default, when)
        try:
            _keep(self, weights=weights_of(weights, self.options))
        except SpaceError as error:
            raise SpaceError(f"{kind}: {error}") from None

    @property
    def levels(self) -> int:
        """How many options there are."""
        return len(self.options)

    def nth(self, place: int) -> Value:
        """Return the option at a place, from 0 on."""
        return self.options[place_of(place, self.levels)]

    def place(self, value: object) -> int:
        """Return the place of an option."""
        wanted = identity(self.check(value))
        return next(i for i, option in enumerate(self.options) if identity(option) == wanted)

    def to_unit(self, values: Sequence[Value]) -> Array:
        """Map options to the middles of equal cells of the unit interval; NaN is where it is none of them."""
        index = {identity(option): i for i, option in enumerate(self.options)}
        at = np.array([index.get(identity(value), np.nan) for value in values], dtype=np.float64)
        return (at + 0.5) / self.levels

    def from_unit(self, unit: Array) -> list[Value]:
        """Map points (n,) of the unit interval to the option whose cell they fall into."""
        return [self.options[i] for i in self._index(unit)]

    def snap(self, unit: Array) -> Array:
        """Return the middles of the cells that `unit` falls into."""
        return (self._index(unit) + 0.5) / self.levels

    def check(self, value: object) -> Value:
        """Return the option equal to the value, as it stands in the log, or raise SpaceError."""
        found = as_option(value)
        for option, meaning in zip(self.options, self.meanings, strict=True):
            if isinstance(found, tuple):
                if meaning == found:
                    return option
            elif identity(option) == identity(found):
                return option
        for option in self.options:
            if _same(option, found) or str(option) == found:
                return option
        raise SpaceError(f"{excerpt(value)} is not one of {', '.join(map(str, self.options))}")

    def _index(self, unit: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.clip(np.floor(unit * self.levels), 0, self.levels - 1).astype(np.int64)


@arguments_checked(SpaceError)
@dataclass(frozen=True, slots=True, init=False)
class Choice(_Options):
    """One of several options without an order: `Choice("sgd", "adam", default="adam")`.

    An option may be a tuple, `Choice((3, 3), (5, 5))`, and have a name, `Choice(small=(3, 3), large=(5, 5))`
    or `Choice({"small": (3, 3), "large": (5, 5)})`. The name stands in the log, and the training gets the
    tuple. `weights=(1, 3)` says how likely each option is thought to be the best.
    """


@arguments_checked(SpaceError)
@dataclass(frozen=True, slots=True, init=False)
class Ordinal(_Options):
    """One of several options in their natural order: `Ordinal(16, 32, 64, 128, default=32)`.

    Options are given as those of a `Choice` are.
    """


@arguments_checked(SpaceError)
@dataclass(frozen=True, slots=True, init=False)
class Fixed:
    """A value that is recorded with every trial and not searched; a tuple, too: `Fixed((3, 3))`."""

    value: Value
    """As it stands in the log."""
    when: tuple[Condition, ...]
    meaning: Option = field(repr=False)
    """What a training gets."""

    def __init__(self, value: Any, *, when: Conditions = None) -> None:
        try:
            name, meaning = _one(value)
        except SpaceError as error:
            raise SpaceError(f"Fixed: value: {error}") from None
        _keep(self, value=name, meaning=meaning, when=conditions(when))

    @property
    def levels(self) -> int:
        """How many values there are."""
        return 1

    def nth(self, place: int) -> Value:
        """Return the value, which is at place 0."""
        return self.value

    def place(self, value: object) -> int:
        """Return the place of the value."""
        return 0

    def check(self, value: object) -> Value:
        """Return the fixed value when the given one equals it, or raise SpaceError."""
        found = as_option(value)
        if _same(self.value, found) or _same(self.meaning, found) or str(self.value) == found:
            return self.value
        raise SpaceError(f"{excerpt(value)} given, but it is fixed at {self.value!r}")


def meanings_by_name(param: Choice | Ordinal | Fixed) -> dict[Value, Option]:
    """Return what each option stands for."""
    if isinstance(param, Fixed):
        return {param.value: param.meaning}
    return dict(zip(param.options, param.meanings, strict=True))


def named_options(param: Choice | Ordinal | Fixed) -> dict[str, Option]:
    """Return the options that stand for something else than themselves, by name."""
    return {str(name): meaning for name, meaning in meanings_by_name(param).items() if meaning != name}


def options_for(parent: str, allowed: tuple[Value, ...], param: Choice | Ordinal) -> str:
    """Return the options that a condition may name, and how one that is a tuple is written."""
    known = ", ".join(map(str, param.options))
    if option_name(allowed) not in param.options:
        return known
    return (
        f"{known}. A tuple lists values here; one that is a tuple is written when={{{parent!r}: [{allowed}]}}"
    )


def _same(one: Option, other: Option) -> bool:
    """Whether two values are equal, where True and False are no numbers."""
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def _one(value: object) -> tuple[Value, Option]:
    """Return name and meaning of a fixed value: itself, a tuple, or {name: value}."""
    if isinstance(value, Mapping) and len(value) == 1:
        name, inner = next(iter(value.items()))
        return _name(name), as_option(inner)
    meaning = as_option(value)
    return option_name(meaning), meaning


def _fill(
    param: _Options, given: tuple[Any, ...], names: Mapping[str, Any], default: object, when: object
) -> None:
    kind = type(param).__name__
    if not given and names.keys() == {"options"} and sequence(names["options"]) is not None:
        given, names = (names["options"],), {}
    if len(given) == 1 and not names and isinstance(given[0], Mapping):
        pairs: list[tuple[Value, Option]] = [
            (_name(name), _settled(kind, value)) for name, value in given[0].items()
        ]
    elif names:
        _check_names(kind, given, names)
        pairs = [(_name(name), _settled(kind, value)) for name, value in names.items()]
    else:
        items = sequence(given[0]) if len(given) == 1 else given
        meanings = [_settled(kind, option) for option in (given if items is None else items)]
        pairs = [(option_name(meaning), meaning) for meaning in meanings]
    options = tuple(name for name, _ in pairs)
    if len(options) < 2:
        raise SpaceError(f"{kind}{excerpt(options)}: at least two options are needed; use Fixed for one")
    if len({str(o) for o in options}) < len(options) or len({identity(o) for o in options}) < len(options):
        raise SpaceError(f"{kind}{excerpt(options)}: two options read the same; each must be different")
    _keep(param, options=options, meanings=tuple(m for _, m in pairs), when=conditions(when))
    unset = default is UNSET or (default is None and None not in options)
    try:
        _keep(param, default=UNSET if unset else param.check(default))
    except SpaceError as error:
        raise SpaceError(f"default: {error}; choose a default inside the range") from None


def _check_names(kind: str, given: tuple[Any, ...], names: Mapping[str, Any]) -> None:
    """Refuse what is more likely a slip of the pen than the name of an option."""
    for name in names:
        hint = slip(name)
        if given or hint:
            written_as = ", ".join(f"{name!r}: {excerpt(value)}" for name, value in names.items())
            raise SpaceError(
                f"{kind}: {name!r} is not an argument here; known: default, when, weights.{hint} "
                f"Options that have names all have one: {kind}({{{written_as}, …}})"
            )


def slip(name: str) -> str:
    """Return what was meant by a name that is an argument but for a slip of the pen, as a question."""
    close = get_close_matches(name.lower(), ("default", "when", "weights"), n=1, cutoff=0.75)
    return f" Did you mean {close[0]!r}?" if close else ""


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.strip():
        raise SpaceError(f"{excerpt(name)}: the name of an option is text")
    return str(as_value(name))


def _settled(kind: str, option: object) -> Option:
    if isinstance(option, (Mapping, set, frozenset)):
        raise SpaceError(
            f"{kind}: {excerpt(option)}: an option is a number, text or a tuple of them; name them and "
            f"look up the rest in the training: {kind}('small', 'large')"
        )
    try:
        return as_option(option)
    except SpaceError as error:
        raise SpaceError(f"{kind}: {error}") from None


def _keep(param: _Options | Fixed, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(param, name, value)
