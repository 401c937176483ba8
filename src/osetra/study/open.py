"""Opening: a study is created with its question, or found with it; never with another one."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from getpass import getuser
from typing import Any, get_args
from urllib.parse import quote

from osetra.core.arguments import expected, mapping, option, path, plain, text, whole
from osetra.core.bounds import Bound, bounds_of
from osetra.core.edits import opened_by
from osetra.core.history import History
from osetra.core.ports import Store
from osetra.core.problem import METRIC, Direction, Objective, Pick, Problem, check_distinct
from osetra.core.space import Space
from osetra.core.values import deeper
from osetra.errors import Conflict, StudyError, StudyMismatch
from osetra.executors.appending import append_patiently
from osetra.stores import is_server
from osetra.stores.address import mask, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a program asks of a study; None where it goes by what is stored."""

    space: Space | None
    objectives: tuple[Objective, ...]
    """Empty where it is silent; that by which a trial has its value is the first."""
    bounds: tuple[Bound, ...] | None
    seed: int | None
    searcher: str
    scheduler: str
    task: Mapping[str, Any]


def question_of(
    space: object,
    objectives: tuple[Objective, ...],
    limits: object,
    seed: object,
    searcher: object,
    scheduler: object,
    task: object,
) -> Question:
    """Return what a program asks, each part checked before a store is opened.

    Raises:
        StudyError: a part is something else than what is expected.
    """
    if space is not None and not isinstance(space, Space):
        raise expected("space", space, "a Space is needed, such as Space(lr=Float(1e-4, 1, scale='log'))")
    wanted = "what the training is about is a mapping that JSON can hold"
    return Question(
        space=space,
        objectives=objectives,
        bounds=None if limits is None else bounds_of(limits),
        seed=None if seed is None else whole("seed", seed),
        searcher=_name("searcher", searcher, "suggest"),
        scheduler=_name("scheduler", scheduler, "judge"),
        task=_plain_tree(_task(mapping("task", {} if task is None else task, wanted))),
    )


LONGEST = 200
"""Letters of a study's name, as the folder of its checkpoints spells it: file systems allow 255 bytes."""


DEEPEST = 50
"""Levels of mappings and lists in what a training is about."""


def place_of(url: object, name: object) -> tuple[str, str]:
    """Return where a study lives and what it is called there.

    Raises:
        StudyError: no text or path, or an empty one.
    """
    wanted = "a study lives in a file such as 'study.db', or in 'memory:'"
    server = isinstance(url, str) and is_server(url)
    place = text("url", url, wanted) if server else path("url", url, wanted)
    called = None if name is None else text("name", name, "the study's name is a text")
    if called == "":
        raise expected("name", name, "the study's name is a text of a letter or more")
    address = parse(place, called)
    if len(quote(address.study, safe="")) > LONGEST:
        short = f"a name of at most {LONGEST} letters is needed, for its checkpoints get a folder"
        raise expected("name", address.study, short)
    return address.url, address.study


def user() -> str:
    """Return who uses this program; empty where the system does not know."""
    try:
        return getuser()
    except (OSError, KeyError, ImportError):  # a container without a name for its user
        return ""


def _name(kind: str, chosen: object, verb: str) -> str:
    """Return the name of a searcher or a scheduler, given by name or as an object."""
    if chosen is None or isinstance(chosen, str):
        return chosen if chosen is not None else "auto"
    name = None if isinstance(chosen, type) or not hasattr(chosen, verb) else getattr(chosen, "name", None)
    if not isinstance(name, str):
        raise expected(kind, chosen, f"give the name of one, such as 'auto', or a {kind.capitalize()}")
    return name


def _task(given: Mapping[str, Any]) -> Mapping[str, Any]:
    if deeper(given, DEEPEST):
        raise expected("task", given, f"it holds itself, or is more than {DEEPEST} levels deep")
    return given


def _plain_tree(value: Any) -> Any:
    """Return a tree with NumPy numbers as Python's."""
    if isinstance(value, Mapping):
        return {name: _plain_tree(item) for name, item in value.items()}
    return [_plain_tree(item) for item in value] if isinstance(value, (list, tuple)) else plain(value)


def objectives_of(minimize: object, maximize: object, pick: object) -> tuple[Objective, ...]:
    """Return the objectives that a user named, those to make small first; none for none.

    Raises:
        StudyError: what was given is no name of a metric and no list of them, or a metric is there twice.
    """
    kept = option("pick", pick, get_args(Pick))
    named: dict[Direction, object] = {"minimize": minimize, "maximize": maximize}
    found = [
        Objective(metric=metric, direction=direction, pick=kept)
        for direction, given in named.items()
        for metric in _metrics(direction, given)
    ]
    check_distinct([one.metric for one in found])
    return tuple(found)


def _metrics(direction: str, given: object) -> list[str]:
    """Return the metrics that were named for a direction."""
    if given is None:
        return []
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes, bytearray)):
        if not given:
            raise expected(direction, given, f"{METRIC}, or a list of several such names")
        return [text(direction, metric, METRIC) for metric in given]
    return [text(direction, given, METRIC)]


def begin_study(store: Store, question: Question) -> History:
    """Write a study's first fact, and return the history after it; another program's when that was faster.

    Raises:
        StudyError: the question is not complete.
    """
    if question.space is None or not question.objectives:
        missing = "space" if question.space is None else "minimize= or maximize="
        raise StudyError(
            f"there is no study {store.study!r} at {mask(store.url)} yet; to create one, give it {missing}"
        )
    first, *others = question.objectives
    opened = opened_by(
        Problem(question.space, first, tuple(others), question.bounds or ()),
        seed=question.seed or 0,
        searcher=question.searcher,
        scheduler=question.scheduler,
        task={"python": platform.python_version(), **question.task},
    )
    with suppress(Conflict):
        append_patiently(store, [opened])
    return History().extend(store.read())


def check_same(store: Store, problem: Problem, seed: int, question: Question) -> None:
    """Check that the study in a store has the same objective and seed.

    Raises:
        StudyMismatch: with all differences.
    """
    changes: list[str] = []
    was, now = problem.objectives, question.objectives
    if now and now != was:
        what = "objective" if len(was) == len(now) == 1 else "objectives"
        changes.append(f"{what}: {_said(was)} → {_said(now)}")
    if question.seed is not None and question.seed != seed:
        changes.append(f"seed: {seed} → {question.seed}")
    if changes:
        raise other_question(store, changes)


def _said(objectives: Sequence[Objective]) -> str:
    return ", ".join(f"{one.direction} {one.metric} ({one.pick})" for one in objectives)


def other_question(store: Store, changes: Sequence[str]) -> StudyMismatch:
    """Return the error for a program that asks something else than the study in a store."""
    return StudyMismatch(
        f"study {store.study!r} at {mask(store.url)} exists with another question:\n  "
        + "\n  ".join(changes)
        + "\nUse another file or name=, or leave the space out to go on with the stored one."
    )
