"""Discovery: how the space of a study follows from what its program asks for, trial by trial.

Asked for a parameter, a trial gets the value of its configuration. Where it has none, the log is told of an
edit of the space, with the value that the trial gets from here on. An edit says what all trials so far had of
what is new, so it carries a condition by which those that did not ask for it do not have it: the values of
one other parameter that tell exactly who asked. Where nothing tells, it has none, and trials before get that
value as well; what each trial really asked for is noted at its end (see `osetra.compat.optuna.notes`).

Conditions are guesses by what was seen, and mended as soon as a trial shows otherwise. Values of a whole
number that stand on one side of all others stand for that side: what exists with 2 layers and not with 1 is
guessed to exist with 3.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from osetra.compat.optuna.distributions import (
    CategoricalDistribution,
    Distribution,
    IntDistribution,
    check_compatible,
    of_param,
    outer,
    param_of,
)
from osetra.core.conditions import Condition
from osetra.core.edits import with_values
from osetra.core.params import Choice, Fixed, Float, Int, Ordinal, Param, Value, default_of
from osetra.core.space import Space
from osetra.errors import SpaceError

MOST_LEVELS = 32
"""Whole numbers with more values than that decide about the existence of nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a trial had, and which names it asked for, in their order."""

    config: Mapping[str, Value]
    names: tuple[str, ...]


def widened(space: Space, key: str, asked: Distribution) -> Param:
    """Return the parameter of a space for everything that was asked for under its name, asked included.

    Raises:
        ValueError: it was of another kind, or had other choices.
    """
    if key not in space.names:
        return param_of(asked)
    old = space.branches(key)[0]
    if isinstance(old, Fixed):
        return _unfixed(key, old, asked)
    known = of_param(old)
    if asked.single() and outer(known, only(asked))[0]:
        return old
    check_compatible(key, known, asked)
    if known == asked or isinstance(asked, CategoricalDistribution):
        return old
    return param_of(_union(known, asked), old.when)


def _unfixed(key: str, old: Fixed, asked: Distribution) -> Param:
    """Return the parameter for what had one value, and for what is asked for now."""
    if outer(asked, old.value)[0]:
        return param_of(asked, old.when)
    if isinstance(asked, CategoricalDistribution) or not is_number(old.value):
        check_compatible(key, of_param(old), asked)
    kind: Any = type(asked)
    value: Any = old.value
    return param_of(_union(kind(value, value), asked), old.when)


def only(asked: Distribution) -> Any:
    """Return the first value of a distribution: the only one of a single one."""
    return asked.choices[0] if isinstance(asked, CategoricalDistribution) else asked.low


def _union(known: Any, asked: Any) -> Distribution:
    """Return a range that holds two; with a step where both have the same one and their grids meet."""
    kind = type(asked)
    low, high = min(known.low, asked.low), max(known.high, asked.high)
    if asked.log:
        return kind(low, high, log=low > 0)  # type: ignore[no-any-return]
    step, plain = asked.step, 1 if kind is IntDistribution else None
    if step is not None and not known.single():
        apart = (known.low - asked.low) / step
        step = step if known.step == step and abs(apart - round(apart)) < 1e-9 else plain
    elif step is not None:
        step = step if asked.low <= known.low and asked.contains(known.low) else plain
    return kind(low, high, step=step)  # type: ignore[no-any-return]


def condition(
    space: Space, key: str, having: Sequence[Asked], lacking: Sequence[Asked]
) -> tuple[Condition, ...]:
    """Return the condition that tells exactly which trials asked for a name; none where nothing does.

    Args:
        space: with the parameters that may decide.
        key: the name.
        having: trials that asked for it.
        lacking: trials that ended well without.
    """
    if not lacking or not having:
        return ()
    before = [trial.names[: trial.names.index(key)] for trial in having]
    shared = [name for name in before[-1] if all(name in names for names in before)]
    found = [
        (not isinstance(space.branches(name)[0], Choice), -place, name, values)
        for place, name in enumerate(shared)
        if name in space.names and (values := _telling(space.branches(name)[0], name, having, lacking))
    ]
    if not found:
        return ()
    _, _, name, values = min(found, key=lambda each: each[:2])
    return ((name, values),)


def _telling(param: Param, name: str, having: Sequence[Asked], lacking: Sequence[Asked]) -> tuple[Value, ...]:
    """Return the values of a parameter under which another exists, if they tell; else none."""
    if isinstance(param, Float) or param.levels > MOST_LEVELS:
        return ()
    present = {trial.config[name] for trial in having if name in trial.config}
    absent = {trial.config[name] for trial in lacking if name in trial.names and name in trial.config}
    if present & absent or not present:
        return ()
    levels: list[Any] = [param.nth(place) for place in range(param.levels)]
    if isinstance(param, Int | Ordinal) and absent and all(map(is_number, levels)):
        here: set[Any] = {*present}
        there: set[Any] = {*absent}
        if min(here) > max(there):
            return tuple(v for v in levels if v > max(there))
        if max(here) < min(there):
            return tuple(v for v in levels if v < min(there))
    return tuple(v for v in levels if v in present)


def replaced(space: Space, key: str, param: Param, when: tuple[Condition, ...]) -> Space:
    """Return a space with a parameter added or replaced, under a condition where that makes sense."""
    entries: dict[str, Any] = {name: list(space.branches(name)) for name in space.names}
    for conditions in (when, ()):
        try:
            return Space({**entries, key: [_under(param, conditions)]})
        except SpaceError:  # it would depend on itself, by way of others
            if not conditions:
                raise
    return space


def _under(param: Param, when: tuple[Condition, ...]) -> Param:
    return param_of(of_param(param), when) if when != param.when else param


def active(space: Space, config: Mapping[str, Value], key: str) -> bool:
    """Whether a configuration has a parameter by the space's conditions."""
    return key in space.names and space.branch(key, config) is not None


def drawn(param: Param, seed: int, number: int, key: str) -> Value:
    """Return the first value of a parameter: the middle in a study's first trial, else any by its scale."""
    if number == 1 or isinstance(param, Fixed):
        return default_of(param)
    point = np.random.default_rng((seed, number, zlib.crc32(key.encode()))).random(1)
    return param.from_unit(point)[0]


def filled(space: Space, given: Mapping[str, Value], rng: np.random.Generator) -> dict[str, Value]:
    """Return a configuration with given values, and any for what else they make active."""
    config = dict(given)
    for _ in space.names:  # one level of conditions at a time
        (sample,) = space.decode(rng.random((1, len(space.columns))))
        values = {name: sample.get(name, default_of(space.branches(name)[0])) for name in space.names}
        again = with_values(space, config, values)
        if again == config:
            break
        config = again
    return config


def is_number(value: object) -> bool:
    """Whether a value is a number, which True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
