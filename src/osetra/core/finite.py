"""Finite spaces: how many configs a space without continuous ranges has, and a number for each.

Conditions make the configs a tree, not a box: a momentum that exists for one optimizer only must not
be counted for the others. Configs are numbered 0, 1, … along that tree, and counted by dynamic
programming over it, so that neither needs the list of all configs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from osetra.core.params import Param
    from osetra.core.space import Space
    from osetra.core.values import Config, Value

Held: TypeAlias = frozenset[tuple[int, str]]
"""Conditions met so far: (entry that has the condition, name of the parent)."""
Identity: TypeAlias = "frozenset[tuple[str, str, Value]]"


def identity(config: Mapping[str, Value]) -> Identity:
    """Return what tells a config from all others, whatever the order of its names."""
    # 1, 1.0 and True are equal in Python and different options of a Choice.
    return frozenset((name, type(value).__name__, value) for name, value in config.items())


def size(space: Space) -> int | None:
    """Return the exact number of different configs; None when a range is continuous."""
    if any(param.levels == 0 for _, param in space):
        return None
    return Numbering(space).size


class Numbering:
    """The configs of a finite space in a fixed order.

    Independent of the order in which the space was declared.
    """

    __slots__ = ("_counts", "_entries", "_waiting", "size")

    size: int

    def __init__(self, space: Space) -> None:
        self._entries = _depth_first(sorted(space, key=_sort_key))
        self._waiting = _waiting_for(self._entries)
        self._counts: dict[tuple[int, Held], int] = {}
        self.size = self._count(0, frozenset())

    def config(self, index: int) -> Config:
        """Return the config with a number from 0 to size - 1."""
        config: Config = {}
        held: Held = frozenset()
        for e, (name, param) in enumerate(self._entries):
            if not self._active(e, held):
                held = self._passed(e, held)
                continue
            if not self._waiting[name]:
                held = self._passed(e, held)
                place, index = divmod(index, self._count(e + 1, held))
                config[name] = param.nth(place)
                continue
            for place in range(param.levels):
                after = self._chosen(e, param.nth(place), held)
                below = self._count(e + 1, after)
                if index < below:
                    break
                index -= below
            config[name], held = param.nth(place), after
        return config

    def index(self, config: Mapping[str, Value]) -> int:
        """Return the number of a config of the space."""
        total = 0
        held: Held = frozenset()
        for e, (name, param) in enumerate(self._entries):
            if not self._active(e, held):
                held = self._passed(e, held)
                continue
            place = param.place(config[name])
            if not self._waiting[name]:
                held = self._passed(e, held)
                total += place * self._count(e + 1, held)
                continue
            for earlier in range(place):
                total += self._count(e + 1, self._chosen(e, param.nth(earlier), held))
            held = self._chosen(e, param.nth(place), held)
        return total

    def _count(self, e: int, held: Held) -> int:
        """Return how many ways there are to choose the entries from e on."""
        if e == len(self._entries):
            return 1
        if (e, held) not in self._counts:
            self._counts[e, held] = self._counted(e, held)
        return self._counts[e, held]

    def _counted(self, e: int, held: Held) -> int:
        if not self._active(e, held):
            return self._count(e + 1, self._passed(e, held))
        name, param = self._entries[e]
        if not self._waiting[name]:
            return param.levels * self._count(e + 1, self._passed(e, held))
        ways: dict[Held, int] = {}
        for place in range(param.levels):
            after = self._chosen(e, param.nth(place), held)
            ways[after] = ways.get(after, 0) + 1
        return sum(n * self._count(e + 1, after) for after, n in ways.items())

    def _active(self, e: int, held: Held) -> bool:
        return all((e, parent) in held for parent, _ in self._entries[e][1].when)

    def _passed(self, e: int, held: Held) -> Held:
        return frozenset(pair for pair in held if pair[0] != e) if held else held

    def _chosen(self, e: int, value: Value, held: Held) -> Held:
        name = self._entries[e][0]
        met = {(child, name) for child, allowed in self._waiting[name] if value in allowed}
        return self._passed(e, held) | met


def _sort_key(entry: tuple[str, Param]) -> tuple[str, str]:
    return entry[0], repr(entry[1].when)


def _depth_first(entries: Iterable[tuple[str, Param]]) -> list[tuple[str, Param]]:
    """Order entries so that children follow their parents as closely as can be.

    Few conditions are then open at once, which keeps counting cheap.
    """
    ordered: list[tuple[str, Param]] = []
    pending = list(entries)
    while pending:
        open_names = {name for name, _ in pending}
        ready = [p for p in pending if not any(parent in open_names for parent, _ in p[1].when)]
        places = {name: i for i, (name, _) in enumerate(ordered)}
        following = max(ready, key=lambda p: max((places[n] for n, _ in p[1].when), default=-1))
        ordered.append(following)
        pending.remove(following)
    return ordered


def _waiting_for(
    entries: list[tuple[str, Param]],
) -> dict[str, list[tuple[int, tuple[Value, ...]]]]:
    """Return for each name the entries that have a condition on it, with the values they allow."""
    waiting: dict[str, list[tuple[int, tuple[Value, ...]]]] = {name: [] for name, _ in entries}
    for e, (_, param) in enumerate(entries):
        for parent, allowed in param.when:
            waiting[parent].append((e, allowed))
    return waiting
