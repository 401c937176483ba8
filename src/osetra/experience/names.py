"""Names: which hyperparameter of one study is which of another, and configurations carried over.

A name means the same as another when both are spelled alike but for case and marks, or when people use
them for one thing. Values are carried over as they are, since a learning rate of 0.01 is one whatever the
range; what lies outside of it goes to its end, and whether that is any good, the past studies say themselves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from osetra.catalogue.aliases import usual
from osetra.core.params import Choice, Config, Fixed, Ordinal, Param, Value
from osetra.core.space import Space
from osetra.errors import SpaceError


@dataclass(frozen=True, slots=True)
class Way:
    """The way from configurations of one space to those of another."""

    target: Space
    names: Mapping[str, str]
    """The other space's name by that of the target."""

    def carry(self, config: Mapping[str, Value]) -> Config:
        """Return the configuration that is nearest to another space's; defaults where it says nothing."""
        wanted = {ours: config[theirs] for ours, theirs in self.names.items() if theirs in config}
        placed: Config = {}
        while True:
            full = self.target.complete(placed)
            ready = [name for name in full if name in wanted and self._settled(name, full, wanted)]
            if not ready:
                return full
            for name in ready:
                param, value = self.target.branch(name, full), wanted.pop(name)
                found = None if param is None else fitted(param, value)
                if found is not None:
                    placed[name] = found

    def _settled(self, name: str, full: Config, wanted: Mapping[str, Value]) -> bool:
        """Whether what a name's existence depends on has been placed."""
        return all(parent not in wanted or parent not in full for parent in _parents(self.target, name))


def way_into(target: Space, other: Iterable[str]) -> Way:
    """Return the translation into a space from another's names; those without a counterpart say nothing."""
    theirs = {usual(name): name for name in reversed(tuple(other))}
    exact = set(theirs.values())
    found = {name: name if name in exact else theirs.get(usual(name)) for name in target.names}
    return Way(target, {ours: name for ours, name in found.items() if name is not None})


def fitted(param: Param, value: Value) -> Value | None:
    """Return the value of a parameter that is nearest to another one; None where none is near."""
    match param:
        case Fixed():
            return param.value
        case Choice() | Ordinal():
            return _option(param, value)
        case _:
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                return None
            return param.nearest(value)


def _option(param: Choice | Ordinal, value: Value) -> Value | None:
    for option in param.options:
        if option == value and isinstance(option, bool) is isinstance(value, bool):
            return option
    numbers = [o for o in param.options if isinstance(o, (int, float)) and not isinstance(o, bool)]
    if isinstance(value, str):
        alike = [option for option in param.options if _plain(str(option)) == _plain(value)]
        return alike[0] if alike else None
    if len(numbers) < len(param.options) or isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return min(numbers, key=lambda option: _gap(option, value))


def _gap(one: float, other: float) -> float:
    """Return how far two numbers are apart: by their ratio where both are above 0."""
    return abs(math.log(one / other)) if one > 0 and other > 0 else abs(one - other) + 1e6


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _parents(space: Space, name: str) -> set[str]:
    return {parent for param in space.branches(name) for parent, _ in param.when}


def readable(lines: Mapping[str, object]) -> Space | None:
    """Return the space of its stored text; None where this version cannot read it."""
    try:
        return Space.parse(lines, stored=True)
    except (SpaceError, TypeError, ValueError, RecursionError):
        return None
