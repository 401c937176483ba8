"""Warm start on disk: a search on later data that begins with what an earlier study found good."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.files import real_path
from osetra.tuning.locations import find
from osetra.tuning.request import READING, Request, stored_request
from osetra.tuning.script import is_script

if TYPE_CHECKING:
    from osetra.study.study import Study

LEAST = 4
"""Trials of a search that is to take half as many as the earlier one."""
MOST = 6
"""Settings of the earlier study that are tried first, and no more than half of the trials."""
_INHERITED = ("target", "task", "folds", "epochs", "refit", "ensemble", "pick")
_SELECTING = ("tune", "all", "set", "order", "config")


def inherited(request: Request) -> Request:
    """Return a request with what it leaves open taken from the study that it is to start from.

    How data is read, what is predicted and what is better are as they were, and the search has half as many
    trials: the earlier one has paid for the rest.

    Raises:
        StudyError: there is no such study, or it trains something else.
    """
    assert request.warm_from is not None
    location = find(request.warm_from)
    study = location.open()
    history = study.history
    study.close()
    old = stored_request(history, location)
    own = [each.verb == "run" or is_script(each.source) for each in (old, request)]
    if own[0] != own[1]:
        raise StudyError(
            f"--warm-from {request.warm_from}: that study tunes {old.source}, which has other "
            f"hyperparameters than {request.source}; start from a study of the same training"
        )
    plain = Request(source=request.source)
    names = [name for name in _INHERITED if getattr(request, name) == getattr(plain, name)]
    changes = {name: getattr(old, name) for name in names}
    if request.minimize is None and request.maximize is None:
        changes |= {"minimize": old.minimize, "maximize": old.maximize}
    told = [n for n in READING if getattr(request.reading, n) != getattr(plain.reading, n)]
    given = {name: getattr(request.reading, name) for name in told}
    limits = request.limits
    if not limits.ends:
        limits = replace(limits, trials=max(LEAST, len(history.searched) // 2))
    where = str(real_path(location.folder)) if Path(location.folder).is_dir() else request.warm_from
    reference = where if location.at_home else str(location.address)
    return replace(
        request, reading=replace(old.reading, **given), limits=limits, warm_from=reference, **changes
    )


def next_name(text: str) -> str:
    """Return what a search that starts from a study is called: flights is followed by flights-2.

    Raises:
        StudyError: there is no such study.
    """
    name = find(text).name
    stem, number = re.fullmatch(r"(.*?)(?:-(\d{1,4}))?", name).groups()  # type: ignore[union-attr]  # fits any
    return f"{stem}-{int(number or 1) + 1}"


def space_of(request: Request, names: tuple[str, ...]) -> Space | None:
    """Return the space of the study to start from; None where another is asked for, or it does not fit.

    Args:
        request: with `warm_from`, or without.
        names: of the hyperparameters that the training has.
    """
    plain = Request(source=request.source)
    if not request.warm_from or any(getattr(request, n) != getattr(plain, n) for n in _SELECTING):
        return None
    study = find(request.warm_from).open()
    space = study.problem.space
    study.close()
    return space if set(space.names) <= set(names) else None


def warm(study: Study, request: Request) -> None:
    """Queue what the earlier study found good, where the new one has no trial yet."""
    if request.warm_from and not study.trials:
        other = find(request.warm_from).open()
        try:
            trials = request.limits.trials
            study.warm_start(other, most=MOST if trials is None else max(1, min(MOST, trials // 2)))
        finally:
            other.close()
