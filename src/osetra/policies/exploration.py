"""Exploration: which values of a population may change, and how a copied one is moved.

Only what a training can change while it runs is searched; everything else stays at its default,
because weights fit one structure only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from osetra.core.params import Choice, Config, Fixed, Float, Int, Param, Value, conditions_of
from osetra.core.space import Branches, Space
from osetra.errors import StudyError
from osetra.numerics import population

LIVE = (
    *("lr", "learning_rate", "momentum", "beta1", "beta2", "weight_decay"),
    *("dropout", "batch_size", "clip", "clip_norm"),
)
"""What a training can usually change while it runs."""


def one_structure(space: Space, live: Sequence[str]) -> Space:
    """Return the space with everything that no training can change while it runs at its default.

    Raises:
        StudyError: nothing would be left to search.
    """
    default = space.default
    varied = {name for name, _ in tuned(space, live)}
    given: dict[str, Branches] = {}
    for name in space.names:
        branches = [
            param
            for param in space.branches(name)
            if all(parent in default for parent, _ in conditions_of(param))
        ]
        if name in varied and branches:
            given[name] = branches
        elif name in default:
            given[name] = Fixed(default[name])
    settled = Space(given)
    if not settled.columns:
        raise StudyError(
            f"pbt: none of {', '.join(space.names)} can be changed while a network trains; it knows "
            f"{', '.join(LIVE)}; search one of them, or name yours: Pbt(searcher, live=('my_rate',))"
        )
    return settled


def explore(param: Param, value: Value, factor: float, anew: float | None) -> Value:
    """Return a value moved by a factor within its range, or the one at `anew` of the unit interval."""
    if isinstance(param, Fixed):
        return value
    if anew is not None:
        return param.from_unit(np.array([anew]))[0]
    if isinstance(param, Choice):
        return value
    if isinstance(param, (Float, Int)):
        assert isinstance(value, (int, float))
        there = min(max(population.moved(value, factor, param.scale), param.low), param.high)
        if isinstance(param, Float):
            return float(there)
        index = round((there - param.low) / param.step)
        return param.low + param.step * min(max(index, 0), param.levels - 1)
    index = param.options.index(value) + (1 if factor > 1 else -1)
    return param.options[min(max(index, 0), len(param.options) - 1)]


def tuned(space: Space, live: Sequence[str]) -> list[tuple[str, Param]]:
    """Return the parameters of a space that are searched and can change while a training runs."""
    return [(name, param) for name, param in space if name in live and not isinstance(param, Fixed)]


def branch(space: Space, name: str, config: Config) -> Param:
    """Return the branch of a name that a configuration makes active."""
    for param in space.branches(name):
        if all(config.get(parent) in allowed for parent, allowed in conditions_of(param)):
            return param
    return Fixed(config[name])
