"""Exploration: which values of a population may change, and how a copied one is moved.

Only what a training can change while it runs is searched; everything else stays at its default,
because weights fit one structure only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from osetra.catalogue.live import LIVE, can_change
from osetra.core.params import Choice, Fixed, Float, Int, Param, Value
from osetra.core.space import Branches, Space
from osetra.errors import StudyError
from osetra.numerics import population


def live_names(space: Space, accepted: Collection[str] | None) -> tuple[str, ...]:
    """Return what of a space can change while a training runs, but for choices.

    Args:
        space: what is asked for.
        accepted: what trainings said they can change; None while none has said anything.
    """
    return tuple(
        name
        for name in space.names
        if can_change(name, accepted) and not any(isinstance(p, Choice) for p in space.branches(name))
    )


def one_structure(space: Space, names: Sequence[str]) -> Space:
    """Return the space with everything that no training can change while it runs at its default.

    Raises:
        StudyError: nothing would be left to search.
    """
    default = space.default
    varied = {name for name, _ in tuned(space, names)}
    given: dict[str, Branches] = {}
    for name in space.names:
        branches = [
            param for param in space.branches(name) if all(parent in default for parent, _ in param.when)
        ]
        if name in varied and branches:
            given[name] = branches
        elif name in default:
            given[name] = Fixed(default[name])
    settled = Space(given)
    if not settled.columns:
        known = ", ".join(name for name, live in LIVE.items() if live)
        raise StudyError(
            f"pbt: none of {', '.join(space.names)} can be changed while a network trains; it knows "
            f"{known}; search one of them, or name yours: Pbt(searcher, live=('my_rate',))"
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
        return param.nearest(population.moved(value, factor, param.scale))
    index = param.options.index(value) + (1 if factor > 1 else -1)
    return param.options[min(max(index, 0), len(param.options) - 1)]


def tuned(space: Space, names: Sequence[str]) -> list[tuple[str, Param]]:
    """Return the parameters of a space that are searched and can change while a training runs."""
    return [(name, param) for name, param in space if name in names and not isinstance(param, Fixed)]
