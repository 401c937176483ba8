"""Writing: trials of another tuner as the log of a new study, with the times at which they were trained.

The space is what was asked for, or given; a parameter that some trials have and others have not gets the
condition that tells which ones, where there is one (`osetra.compat.optuna.discovery`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal

from osetra.compat.optuna.discovery import Asked, condition, replaced, widened
from osetra.compat.optuna.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
    inner,
)
from osetra.compat.optuna.names import key_of
from osetra.core.edits import opened_by
from osetra.core.facts import Entry, Fact, Noted
from osetra.core.past import PastTrial, begun, over, reports
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import DataError, SpaceError
from osetra.stores import open_store, storage_of
from osetra.stores.address import Address
from osetra.stores.validation import occupied
from osetra.study.planner import seed_of

WIDE = 100
"""Ratio of the largest to the smallest value from which on a range is taken for logarithmic."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A trial of another tuner."""

    past: PastTrial
    asked: Mapping[str, Distribution]
    """What its parameters were asked from, by name, in their order."""
    notes: Sequence[Noted] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """Everything that a place holds."""

    source: str
    trials: Sequence[Imported]
    objectives: Sequence[Objective]
    left_out: Sequence[str] = field(default=())
    """Why what was not taken was left, a sentence each."""


def write(taken: Taken, target: Address, space: Space | None = None) -> int:
    """Write trials as a new study, and return how many there are.

    Raises:
        DataError: there are none, or none lies in the space that was given.
        StoreError: there is a study already.
    """
    if not taken.trials:
        why = f": {taken.left_out[0]}" if taken.left_out else ""
        raise DataError(f"{taken.source} holds no trial that ended{why}")
    found = space_of(taken.trials) if space is None else _holding(space, taken)
    first, *others = taken.objectives
    problem = Problem(found, first, tuple(others))
    opened = opened_by(problem, seed=0, searcher="auto", scheduler="auto", task={"imported": taken.source})
    with closing(open_store(target.url, target.study)) as store:
        if store.version():
            raise DataError(f"{occupied(target)}; name another one: --to '{target.url}#NAME'")
    entries = _entries(opened, taken.trials)
    points = [p for n, one in enumerate(taken.trials, start=1) for p in reports(one.past, n)]
    with closing(storage_of(target.url).open(target.study)) as new:
        new.restore(entries, points)
    return len(taken.trials)


def _entries(opened: Fact, trials: Sequence[Imported]) -> list[Entry]:
    """Return the facts in the order of their times; trials begin in the order of their numbers."""
    known = [one.past.started for one in trials if one.past.started is not None]
    first = min(known, default=time.time())
    starts = list(accumulate((one.past.started or first for one in trials), max))
    ends = [max(s, one.past.ended or s) for s, one in zip(starts, trials, strict=True)]
    moments: list[tuple[float, int, int, list[Fact]]] = []
    for number, (one, start, end) in enumerate(zip(trials, starts, ends, strict=True), start=1):
        moments.append((start, 0, number, [*begun(one.past, number, seed_of(0, number), 0), *one.notes]))
        moments.append((end, 1, number, over(one.past, number)))
    # What begins at a moment does so before anything ends there.
    ordered = [(first, opened)]
    ordered += [(at, fact) for at, _, _, facts in sorted(moments, key=lambda m: m[:3]) for fact in facts]
    return [Entry(version, at, fact) for version, (at, fact) in enumerate(ordered, start=1)]


def space_of(trials: Sequence[Imported]) -> Space:
    """Return the space that trials were drawn from."""
    space = Space({})
    evidence = [Asked(one.past.config, tuple(map(key_of, one.asked))) for one in trials]
    asked = {key_of(name): kind for one in trials for name, kind in one.asked.items()}
    for key in asked:
        kinds = dict.fromkeys(one.asked[n] for one in trials for n in one.asked if key_of(n) == key)
        for kind in kinds:
            space = replaced(space, key, widened(space, key, kind), ())
        having = [each for each in evidence if key in each.names]
        lacking = [each for each in evidence if key not in each.names]
        space = replaced(space, key, space.branches(key)[0], condition(space, key, having, lacking))
    return space


def _holding(space: Space, taken: Taken) -> Space:
    """Return a space that was given, once it is sure that it holds a trial.

    Raises:
        DataError: it holds none.
    """
    wrong = ""
    for one in taken.trials:
        try:
            space.complete(one.past.config)
        except SpaceError as error:
            wrong = wrong or str(error)
        else:
            return space
    raise DataError(f"no trial of {taken.source} lies in the space given: {wrong}")


def kinds_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Distribution]:
    """Return what values by name may have been drawn from: the least range or options that hold them."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _kind([row[name] for row in rows if name in row]) for name in names}


def _kind(values: Sequence[Any]) -> Distribution:
    numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        return CategoricalDistribution(tuple(dict.fromkeys(values)))
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low >= WIDE
    if all(isinstance(v, int) or float(v).is_integer() for v in numbers):
        return IntDistribution(int(low), int(high), log)
    return FloatDistribution(low, high, log)


def past(
    params: Mapping[str, Any],
    asked: Mapping[str, Distribution],
    state: Literal["finished", "failed"],
    **rest: Any,
) -> Imported:
    """Return a trial by its parameters and what they were drawn from; without a number as value it failed."""
    value = rest.get("value")
    if state == "finished" and (value is None or math.isnan(value)):
        state, rest["reason"] = "failed", rest.get("reason") or "it has no value"
    mine = {name: asked[name] for name in params}
    config = {key_of(name): inner(mine[name], each) for name, each in params.items()}
    return Imported(PastTrial(config=config, state=state, **rest), mine)
