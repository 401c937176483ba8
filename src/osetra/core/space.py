"""Space: the named hyperparameters of a problem, and their place in the unit cube.

    Space(lr=Float(1e-4, 1, scale="log"), optimizer=Choice("sgd", "adam"),
          momentum=Float(0.5, 0.995, scale="one_minus_log", when={"optimizer": "sgd"}))

A *config* maps each active name to a value. `encode` turns configs into points (n, d) of the unit
cube and `decode` turns points back, d being the number of searched columns. An inactive coordinate
is NaN. A name may have several branches with conditions that exclude each other, such as a learning
rate range per optimizer; every branch is a column of its own, so a model never mixes them up.

Columns stand in alphabetical order of their names, whatever the order of declaration: what a searcher
suggests then depends on the question alone, and not on how it was written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osetra.core.arguments import truth
from osetra.core.construction import arguments_checked
from osetra.core.declarations import Branches, branches_of, params_by_name, params_from_lines
from osetra.core.markup import table
from osetra.core.options import meanings_by_name, named_options, options_for
from osetra.core.params import (
    Choice,
    Condition,
    Config,
    Fixed,
    Float,
    Int,
    Ordinal,
    Param,
    Searched,
    Value,
    default_of,
)
from osetra.core.scales import Array
from osetra.core.text import format_condition, format_param
from osetra.core.values import Meanings, Option, excerpt
from osetra.errors import SpaceError, nearest

__all__ = ["Branches", "Column", "Mask", "Space", "difference"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """One searched dimension of the unit cube."""

    name: str
    """Identity: the config's name, with its condition when the name has several branches."""
    key: str
    """The name under which training code finds the value."""
    param: Searched

    @property
    def levels(self) -> int:
        """How many distinct values there are; 0 for a continuous range."""
        return self.param.levels

    @property
    def categorical(self) -> bool:
        """Whether neighbouring coordinates mean nothing to each other."""
        return isinstance(self.param, Choice)


@arguments_checked(SpaceError)
class Space:
    """An immutable, ordered set of named parameters.

    Give parameters by keyword, or a mapping for names that are no identifiers. A plain value is
    `Fixed`, a list of values a `Choice`; a list of parameters gives one name several branches, and a
    mapping of parameters, `opt={"lr": …}`, names with a dot: `opt.lr`.

    Raises:
        SpaceError: a parameter is malformed, a condition names an unknown or later-cyclic parent,
            branches overlap, or a parameter is called "seed".
    """

    __slots__ = ("_defaults", "_entries", "_order", "_place", "columns", "names")

    columns: tuple[Column, ...]
    """The searched dimensions, by name."""
    names: tuple[str, ...]
    """All names, searched or fixed, in declaration order."""

    def __init__(self, mapping: Mapping[str, Branches] | None = None, /, **params: Branches) -> None:
        if mapping is not None and not isinstance(mapping, Mapping):
            raise SpaceError(f"Space({excerpt(mapping)}): a mapping of names to parameters is needed")
        given = params_by_name({**(mapping or {}), **params})
        entries = [(name, param) for name, branches in given.items() for param in branches_of(name, branches)]
        self._order = _topological(entries)
        entries = _without_dormant(entries, self._order)
        self._entries: tuple[tuple[str, Param], ...] = tuple(entries)
        self._order = _topological(entries)
        self.names = tuple(dict.fromkeys(name for name, _ in entries))
        self._defaults = tuple(default_of(param) for _, param in entries)
        _check_branches(entries)
        columns = sorted(_columns(entries), key=lambda found: found[1].name)
        self.columns = tuple(column for _, column in columns)
        self._place = dict(sorted((e, j) for j, (e, _) in enumerate(columns)))

    @classmethod
    def parse(cls, lines: Mapping[str, object], *, stored: bool = False) -> Space:
        """Build a space from the text form of `spec`: {"lr": "log(1e-4, 1)", "dropout": 0.2}.

        Args:
            lines: by name; a list of values is a choice, a list of texts with conditions are branches, and
                a table within, `opt.lr = …` in TOML, gives names with a dot.
            stored: they come from a log.

        Raises:
            TextError: a text cannot be read; SpaceError: what it says makes no sense.
        """
        return cls(params_from_lines(lines, stored=truth("stored", stored)))

    @property
    def spec(self) -> dict[str, str | list[str]]:
        """The readable text form, which is also how a space is stored."""
        lines: dict[str, list[str]] = {}
        for name, param in self._entries:
            lines.setdefault(name, []).append(format_param(param))
        return {name: texts[0] if len(texts) == 1 else texts for name, texts in lines.items()}

    @property
    def searched(self) -> tuple[str, ...]:
        """The names that have a range or options, in declaration order."""
        return tuple(dict.fromkeys(name for name, param in self._entries if not isinstance(param, Fixed)))

    @property
    def declared(self) -> tuple[int, ...]:
        """The places of the columns in declaration order, in which people read of them."""
        return tuple(self._place.values())

    def branches(self, name: str) -> tuple[Param, ...]:
        """Return the parameters behind a name: one, or one per branch."""
        found = tuple(param for other, param in self._entries if isinstance(name, str) and other == name)
        if not found:
            raise SpaceError(self._unknown(name))
        return found

    def branch(self, name: str, config: Mapping[str, Value]) -> Param | None:
        """Return the parameter behind a name that a config makes active; None when it makes none."""
        return next((param for param in self.branches(name) if _holds(param.when, config)), None)

    @property
    def meanings(self) -> Meanings:
        """What options that have a name stand for, by hyperparameter and name."""
        found: dict[str, dict[str, Option]] = {}
        for name, param in self._entries:
            if not isinstance(param, (Float, Int)) and (options := named_options(param)):
                found.setdefault(name, {}).update(options)
        return found

    @property
    def default(self) -> Config:
        """The config of declared defaults, or of middles and first options."""
        return self.complete({})

    def complete(self, partial: Mapping[str, Value]) -> Config:
        """Return a full config: the given values, defaults for the rest.

        Raises:
            SpaceError: an unknown name, a value outside its range, or a value for a parameter that
                the other values make inactive.
        """
        if not isinstance(partial, Mapping):
            raise SpaceError(f"{excerpt(partial)}: a configuration is a mapping of names to values")
        for name in partial:
            if name not in self.names:
                raise SpaceError(self._unknown(name))
        config: Config = {}
        for index in self._order:
            name, param = self._entries[index]
            if not _holds(param.when, config):
                continue
            try:
                config[name] = param.check(partial[name]) if name in partial else self._defaults[index]
            except SpaceError as error:
                raise SpaceError(f"{name}: {error}") from None
        for name in partial:
            if name not in config:
                needs = " or ".join(format_condition(p.when) for p in self.branches(name))
                raise SpaceError(f"{name}: it exists only if {needs}; leave it out or change that")
        return {name: config[name] for name in self.names if name in config}

    def encode(self, configs: Sequence[Mapping[str, Value]]) -> Array:
        """Map configs to points (n, d) of the unit cube; NaN where it is inactive or lacks the value."""
        points = np.full((len(configs), len(self.columns)), np.nan)
        for j, column in enumerate(self.columns):
            conditions = column.param.when
            rows = [i for i, c in enumerate(configs) if column.key in c and _holds(conditions, c)]
            points[rows, j] = column.param.to_unit([configs[i][column.key] for i in rows])
        return points

    def decode(self, points: Array) -> list[Config]:
        """Map points (n, d) of the unit cube to configs; inactive names are absent."""
        active, _ = self._activity(_filled(points))
        values: dict[tuple[int, str], Value] = {}
        for e, (name, param) in enumerate(self._entries):
            rows = np.flatnonzero(active[e])
            if isinstance(param, Fixed):
                values.update({(i, name): param.value for i in rows.tolist()})
                continue
            here = _filled(points[rows, self._place[e]])
            values.update(zip(((i, name) for i in rows.tolist()), param.from_unit(here), strict=True))
        return [
            {name: values[i, name] for name in self.names if (i, name) in values} for i in range(len(points))
        ]

    def snap(self, points: Array) -> Array:
        """Return the coordinates (n, d) of the configs that points stand for, NaN when inactive."""
        filled = _filled(points)
        active, snapped = self._activity(filled)
        for e, j in self._place.items():
            snapped[~active[e], j] = np.nan
        return snapped

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self._entries == other._entries

    def __hash__(self) -> int:
        return hash(self._entries)

    def __iter__(self) -> Iterator[tuple[str, Param]]:
        return iter(self._entries)

    def __repr__(self) -> str:
        lines = (f"{name}={format_param(param)}" for name, param in self._entries)
        return f"Space({', '.join(lines)})"

    def _repr_html_(self) -> str:
        return table(["hyperparameter", "searched over"], ((n, format_param(p)) for n, p in self._entries))

    def _activity(self, points: Array) -> tuple[list[Mask], Array]:
        """Return for each entry which of the n points have it (n,), and the snapped points."""
        snapped = np.array(points)
        active: list[Mask] = [np.ones(len(points), dtype=bool)] * len(self._entries)
        for j, column in enumerate(self.columns):
            snapped[:, j] = column.param.snap(points[:, j])
        for e in self._order:
            _, param = self._entries[e]
            for parent, allowed in param.when:
                met = np.zeros(len(points), dtype=bool)
                for p, (name, other) in enumerate(self._entries):
                    if name == parent:
                        at = snapped[:, self._place[p]] if p in self._place else None
                        met |= active[p] & _takes(other, allowed, at, len(points))
                active[e] = active[e] & met
        return active, snapped

    def _unknown(self, name: object) -> str:
        known = ", ".join(self.names)
        if not isinstance(name, str):
            return f"{excerpt(name)} is no name of a hyperparameter; known: {known}."
        return f"{name:.80}: no such hyperparameter; known: {known}.{nearest(name[:80], self.names)}"


def _filled(points: Array) -> Array:
    """Return points with the middle where they have no coordinate."""
    return np.where(np.isnan(points), 0.5, points)


def difference(old: Space, new: Space) -> list[str]:
    """Return one line for each name whose parameters differ between two spaces."""
    before, after = old.spec, new.spec
    lines = []
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            lines.append(f"{name}: {before.get(name, 'absent')} → {after.get(name, 'absent')}")
    return lines


def _topological(entries: Sequence[tuple[str, Param]]) -> tuple[int, ...]:
    """Return the order in which every parent comes before its children."""
    names = [name for name, _ in entries]
    order: list[int] = []
    settled: set[str] = set()
    pending = list(range(len(entries)))
    while pending:
        ready = [e for e in pending if all(p in settled for p, _ in entries[e][1].when)]
        if not ready:
            name, param = entries[pending[0]]
            parent = next(p for p, _ in param.when if p not in settled)
            if parent not in names:
                raise SpaceError(
                    f"{name}: its condition names {parent!r}, which is not in the space."
                    + nearest(parent, names)
                )
            raise SpaceError(f"{name}: its condition on {parent!r} leads back to itself")
        order += ready
        pending = [e for e in pending if e not in ready]
        settled |= {names[e] for e in ready if names[e] not in {names[p] for p in pending}}
    return tuple(order)


def _without_dormant(entries: list[tuple[str, Param]], order: Iterable[int]) -> list[tuple[str, Param]]:
    """Drop parameters whose condition can never hold because the parent is fixed elsewhere."""
    kept: dict[int, tuple[str, Param]] = {}
    for e in order:
        name, param = entries[e]
        for parent, allowed in param.when:
            possible = [other for n, other in kept.values() if n == parent]
            for other in possible:
                _check_allowed(name, parent, other, allowed)
            if not any(isinstance(o, Float) or _allowed_levels(o, allowed) for o in possible):
                _check_possible(name, parent, possible, allowed)
                break
        else:
            kept[e] = (name, param)
    return [kept[e] for e in sorted(kept)]


def _check_possible(name: str, parent: str, possible: list[Param], allowed: tuple[Value, ...]) -> None:
    """Refuse a condition on a whole number that it never is."""
    if possible and all(isinstance(other, Int) for other in possible):
        condition = format_condition(((parent, allowed),))
        ranges = " or ".join(map(format_param, possible))
        raise SpaceError(f"{name}: its condition {condition} can never hold; {parent} is {ranges}")


def _check_allowed(name: str, parent: str, other: Param, allowed: tuple[Value, ...]) -> None:
    if isinstance(other, Float):
        raise SpaceError(
            f"{name}: its condition names {parent!r}, a continuous range; "
            "a condition needs a Choice, Ordinal, Int or Fixed"
        )
    if isinstance(other, (Choice, Ordinal)):
        for value in allowed:
            if value not in other.options:
                known = options_for(parent, allowed, other)
                raise SpaceError(f"{name}: its condition {parent}={value} can never hold; options: {known}")


def _check_branches(entries: Sequence[tuple[str, Param]]) -> None:
    branches: dict[str, list[Param]] = {}
    for name, param in entries:
        for other in branches.get(name, []):
            _check_meanings(name, param, other)
            if not _exclusive(param.when, other.when):
                raise SpaceError(
                    f"{name}: two branches can be active at once; give them conditions "
                    "on one parent that exclude each other"
                )
        branches.setdefault(name, []).append(param)


def _check_meanings(name: str, one: Param, other: Param) -> None:
    """Refuse an option's name that stands for one thing here and for another there."""
    if isinstance(one, (Float, Int)) or isinstance(other, (Float, Int)):
        return
    mine, theirs = meanings_by_name(one), meanings_by_name(other)
    for option in mine.keys() & theirs.keys():
        if mine[option] != theirs[option]:
            raise SpaceError(f"{name}: {option} stands for two things; give one of them another name")


def _exclusive(left: Iterable[Condition], right: Iterable[Condition]) -> bool:
    other = dict(right)
    return any(p in other and not set(values) & set(other[p]) for p, values in left)


def _columns(entries: Sequence[tuple[str, Param]]) -> Iterator[tuple[int, Column]]:
    """Yield the searched entries with their place among all."""
    counts = {name: sum(n == name for n, _ in entries) for name, _ in entries}
    for e, (name, param) in enumerate(entries):
        if not isinstance(param, Fixed):
            branch = f"[{format_condition(param.when)}]" if counts[name] > 1 else ""
            yield e, Column(name + branch, name, param)


def _holds(conditions: Iterable[Condition], config: Mapping[str, Value]) -> bool:
    return all(parent in config and config[parent] in allowed for parent, allowed in conditions)


def _allowed_levels(param: Param, allowed: tuple[Value, ...]) -> list[Value]:
    if isinstance(param, Fixed):
        return [param.value] if param.value in allowed else []
    found = []
    for value in allowed:
        try:
            found.append(param.check(value))
        except SpaceError:
            continue
    return found


def _takes(param: Param, allowed: tuple[Value, ...], at: Array | None, n: int) -> Mask:
    """Return at which of n points a parameter has one of the allowed values."""
    levels = _allowed_levels(param, allowed)
    if isinstance(param, Fixed) or at is None:
        return np.full(n, bool(levels))
    distance: Array = np.abs(at[:, None] - param.to_unit(levels)[None, :])
    met: Mask = np.any(distance < 1e-12, axis=1)
    return met
