"""Edits: what becomes of the trials of a study when its space is changed.

Nothing is thrown away. A hyperparameter that is new has, in every trial before it, the value that it had
without being named. A trial whose values lie outside the new ranges stays what it is, and may stay the best,
but teaches the search no more.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace as replaced
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from msgspec.structs import replace

from osetra.core.bounds import Bound, bounds_of
from osetra.core.conditions import Condition
from osetra.core.config import TrialConfig
from osetra.core.facts import FORMAT, SEVERAL, Aim, Edited, Entry, Opened
from osetra.core.params import Config, Fixed, Float, Int, Param, Value
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.text import format_condition, format_param, parse_param
from osetra.errors import SpaceError, StudyError

if TYPE_CHECKING:
    from osetra.core.history import History
    from osetra.core.trial import Trial


def adopted(trial: Trial, edits: Iterable[Entry]) -> Trial:
    """Return a trial with the values that it had of hyperparameters which came with some edits.

    A value counts where the newest of the spaces has it, too: a condition may have been learnt since.
    """
    config, facts = dict(trial.config), [e.fact for e in edits if isinstance(e.fact, Edited)]
    for fact in facts:
        if fact.values:
            newest = _parsed(_key(facts[-1].space))
            config = with_values(_parsed(_key(fact.space)), config, fact.values, newest)
    return trial if config == trial.config else replace(trial, config=TrialConfig(config))


def with_values(
    space: Space, config: Mapping[str, Value], values: Mapping[str, Value], newest: Space | None = None
) -> Config:
    """Return a configuration with values for those names that it makes active and lacks.

    Those that a newer space does not make active are left out, where one is given.
    """
    found = dict(config)
    for name, value in values.items():
        if name not in found and _active(space, name, found) and _active(newest or space, name, found):
            found[name] = value
    return found


def _active(space: Space, name: str, config: Mapping[str, Value]) -> bool:
    return name in space.names and space.branch(name, config) is not None


def holds(space: Space, config: Mapping[str, Value]) -> bool:
    """Whether a configuration is one of a space: the names that it makes active, with values inside."""
    try:
        return space.complete(config).keys() == config.keys()
    except SpaceError:
        return False


def readable(space: Space, history: History, trials: Sequence[Trial]) -> list[Trial]:
    """Return those of some trials that lie in the space as it is now: all, while nobody has edited it."""
    return [trial for trial in trials if not history.edits or holds(space, trial.config)]


def edited(space: Space, changes: Mapping[str, Sequence[Param]]) -> Space:
    """Return a space with the parameters of some names replaced or added; who names no condition keeps it.

    What depended on an option that is no more goes with it.

    Raises:
        SpaceError: the new parameters make no sense together.
    """
    entries: dict[str, list[Param]] = {}
    for name, param in space:
        entries.setdefault(name, []).append(param)
    for name, params in changes.items():
        old = entries.get(name, [])
        if len(params) == len(old) == 1 and not params[0].when:
            params = [_under(params[0], old[0].when)]
        entries[name] = list(params)
    while (kept := _still_possible(entries, changes)) != entries:
        entries = kept  # and then what depended on those
    return Space({name: params for name, params in entries.items() if params})


def _still_possible(entries: Mapping[str, list[Param]], given: Container[str]) -> dict[str, list[Param]]:
    """Return parameters under what of their conditions can still hold; given ones as they are."""
    found = {name: list(params) for name, params in entries.items()}
    for name in found:
        if name not in given:
            under = [(param, _narrowed(param.when, entries)) for param in entries[name]]
            found[name] = [_under(p, when) for p, when in under if all(v for _, v in when)]
    return found


def _narrowed(when: Iterable[Condition], entries: Mapping[str, Sequence[Param]]) -> tuple[Condition, ...]:
    """Return conditions with those of their values that their parents can still have."""
    return tuple(
        (parent, tuple(v for v in allowed if any(_has(param, v) for param in entries.get(parent, ()))))
        for parent, allowed in when
    )


def _under(param: Param, when: tuple[Condition, ...]) -> Param:
    """Return a parameter under other conditions: by its readable form, which is exact for all kinds."""
    if when == param.when:
        return param
    text = format_param(param)
    body = text.removesuffix(f" if {format_condition(param.when)}") if param.when else text
    return parse_param("", f"{body} if {format_condition(when)}" if when else body, stored=True)


def meaningless(old: Space, new: Space) -> list[str]:
    """Return why trials of an old space mean nothing in a new one, a sentence for each reason."""
    wrong = [
        f"{name}: it is gone, and the trials so far were trained with it; keep it at one value instead, "
        f"{name}=…"
        for name in old.names
        if name not in new.names and any(_possible(new, param.when) for param in old.branches(name))
    ]
    for name in old.names:
        if name in new.names and not _same_conditions(old, new, name):
            wrong.append(
                f"{name}: it exists under another condition, and the trials so far did or did not have it"
            )
        elif name in new.names and _numeric(old, name) and not _numeric(new, name):
            wrong.append(f"{name}: it was a number in the trials so far, and is not any more")
    return wrong


def news(old: Space, new: Space) -> list[str]:
    """Return the names of a new space that an old one does not have."""
    return [name for name in new.names if name not in old.names]


def spaces(history: History) -> list[Space]:
    """Return the spaces that a study has had, oldest first."""
    all_lines = [] if history.opened is None else [history.opened.space]
    all_lines += [entry.fact.space for entry in history.edits if isinstance(entry.fact, Edited)]
    return [_parsed(_key(lines)) for lines in all_lines]


def all_bounds(history: History) -> list[tuple[Bound, ...]]:
    """Return the limits that a study has had, oldest first."""
    opened = {} if history.opened is None else history.opened.limits or {}
    edits = [entry.fact.limits for entry in history.edits if isinstance(entry.fact, Edited)]
    return [bounds_of(limits) for limits in [opened, *edits] if isinstance(limits, Mapping)]


def problem_of(history: History) -> Problem:
    """Return the problem that a study has now: the one that it was opened with, in the newest space.

    Raises:
        StudyError: nobody has opened it.
    """
    opened = history.opened
    if opened is None:
        raise StudyError("the study has not been opened yet")
    objective = Objective(metric=opened.metric, direction=opened.direction, pick=opened.pick)
    others = tuple(replaced(objective, metric=o.metric, direction=o.direction) for o in opened.others or ())
    return Problem(spaces(history)[-1], objective, others, bounds_of(history.limits))


def opened_by(problem: Problem, **fields: Any) -> Opened:
    """Return the first fact of a study that asks a problem; further fields as they are."""
    first, *others = problem.objectives
    limits = {bound.metric: bound.rule for bound in problem.bounds}
    return Opened(
        space=problem.space.spec,
        metric=first.metric,
        direction=first.direction,
        pick=first.pick,
        format=SEVERAL if others or limits else FORMAT,
        others=[Aim(one.metric, one.direction) for one in others] or UNSET,
        limits=limits or UNSET,
        **fields,
    )


def _possible(space: Space, when: Iterable[Condition]) -> bool:
    """Whether conditions can hold in a space."""
    return all(
        parent in space.names
        and any(_has(param, value) for param in space.branches(parent) for value in allowed)
        for parent, allowed in when
    )


def _has(param: Param, value: Value) -> bool:
    try:
        return param.check(value) == value
    except SpaceError:
        return False


def _numeric(space: Space, name: str) -> bool:
    """Whether a hyperparameter has no value but numbers."""
    return all(
        isinstance(value, (int, float)) and not isinstance(value, bool)
        for param in space.branches(name)
        if not isinstance(param, (Float, Int))
        for value in ((param.value,) if isinstance(param, Fixed) else param.options)
    )


def _same_conditions(old: Space, new: Space, name: str) -> bool:
    """Whether a hyperparameter exists under the same conditions, as far as they can still hold."""
    entries = {parent: new.branches(parent) for parent in new.names}
    before = [_narrowed(param.when, entries) for param in old.branches(name)]
    now = [param.when for param in new.branches(name)]
    return [when for when in before if all(allowed for _, allowed in when)] == now


def _key(lines: Mapping[str, str | list[str]]) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    return tuple((name, text if isinstance(text, str) else tuple(text)) for name, text in lines.items())


@lru_cache(16)
def _parsed(lines: tuple[tuple[str, str | tuple[str, ...]], ...]) -> Space:
    texts = {name: text if isinstance(text, str) else list(text) for name, text in lines}
    return Space.parse(texts, stored=True)
