"""Experience of the front door: what the user's home says is tried first, and what was learnt goes there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from osetra.errors import StudyError
from osetra.experience.first import TOPIC, noted
from osetra.tuning.observer import Row

if TYPE_CHECKING:
    from osetra.core.problem import Problem
    from osetra.study.study import Study
    from osetra.tuning.request import Request

log = logging.getLogger("osetra")


def source(request: Request) -> str | None:
    """Return where the experience of a new study is; None for none.

    A study that starts from a certain other one asks no more.
    """
    from osetra.study.experience import HOME

    return HOME if request.experience and not request.warm_from else None


def rows(study: Study) -> list[Row]:
    """Return in words what experience says to try first; nothing where there is none."""
    notes = [note for note in study.history.noted(TOPIC) if note.data.get("configs")]
    return [("experience", note.text.partition(": ")[2]) for note in notes[:1]]


def foreseen(problem: Problem, request: Request) -> list[Row]:
    """Return in words what experience would say to try first in a new study; nothing where there is none."""
    if source(request) is None:
        return []
    from osetra.experience import home
    from osetra.experience.lessons import lessons, to_try

    found, _ = lessons(problem, home.kept()[0])
    configs = to_try(problem, found)
    note = noted(configs, [one.record.study for one in found], problem.space)
    return [("experience", note.text.partition(": ")[2])] if configs else []


def keep(study: Study, request: Request, name: str) -> None:
    """Add what a study taught to the home, unless its person wants none; that it cannot be is no failure."""
    if not request.experience:
        return
    from osetra.experience import home
    from osetra.study.experience import record_from

    try:
        home.keep(record_from(study.problem, study.history, name))
    except StudyError as error:
        log.warning("%s", error)
