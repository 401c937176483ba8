"""Opening: a study is created with its question, or found with it; never with another one."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osetra.core.facts import Opened
from osetra.core.history import History
from osetra.core.ports import Store
from osetra.core.problem import Direction, Objective, Pick, Problem
from osetra.core.space import Space, difference
from osetra.errors import Conflict, StudyError, StudyMismatch
from osetra.executors.appending import append_patiently
from osetra.stores.address import mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a program asks of a study; None where it goes by what is stored."""

    space: Space | None
    objective: Objective | None
    seed: int | None
    searcher: str
    scheduler: str
    task: Mapping[str, Any]


def objective_of(minimize: str | None, maximize: str | None, pick: Pick) -> Objective | None:
    """Return the objective that a user named; None for none.

    Raises:
        StudyError: both directions were given.
    """
    if minimize is not None and maximize is not None:
        raise StudyError("give minimize= or maximize=, not both")
    metric = minimize if minimize is not None else maximize
    direction: Direction = "minimize" if minimize is not None else "maximize"
    return None if metric is None else Objective(metric=metric, direction=direction, pick=pick)


def problem_of(opened: Opened) -> Problem:
    """Return the problem that a study was opened with."""
    objective = Objective(metric=opened.metric, direction=opened.direction, pick=opened.pick)
    return Problem(Space.parse(opened.space, stored=True), objective)


def begin_study(store: Store, question: Question) -> Opened:
    """Write a study's first fact, and return it; another program's when that was faster.

    Raises:
        StudyError: the question is not complete.
    """
    if question.space is None or question.objective is None:
        missing = "space" if question.space is None else "minimize= or maximize="
        raise StudyError(
            f"there is no study {store.study!r} at {mask(store.url)} yet; to create one, give it {missing}"
        )
    opened = Opened(
        space=question.space.spec,
        metric=question.objective.metric,
        direction=question.objective.direction,
        pick=question.objective.pick,
        seed=question.seed or 0,
        searcher=question.searcher,
        scheduler=question.scheduler,
        task={"python": platform.python_version(), **question.task},
    )
    try:
        append_patiently(store, [opened])
    except Conflict:
        return History().extend(store.read()).opened or opened
    return opened


def check_same(store: Store, problem: Problem, seed: int, question: Question) -> None:
    """Close the store when the study in it asks something else.

    Raises:
        StudyMismatch: with all differences.
    """
    changes = difference(problem.space, question.space) if question.space is not None else []
    was, now = problem.objective, question.objective
    if now is not None and now != was:
        changes.append(
            f"objective: {was.direction} {was.metric} ({was.pick}) → "
            f"{now.direction} {now.metric} ({now.pick})"
        )
    if question.seed is not None and question.seed != seed:
        changes.append(f"seed: {seed} → {question.seed}")
    if changes:
        store.close()
        raise StudyMismatch(
            f"study {store.study!r} at {mask(store.url)} exists with another question:\n  "
            + "\n  ".join(changes)
            + "\nUse another file or name=, or leave the space out to go on with the stored one."
        )
