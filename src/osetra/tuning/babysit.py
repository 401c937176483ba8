"""Babysitting: a study of single trainings that a person steers, and what trains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.params import Fixed, Value
from osetra.core.space import Space
from osetra.errors import SpaceError, StudyMismatch
from osetra.study.tracking import Trackers, listeners
from osetra.tuning.extras import require_torch
from osetra.tuning.functions import METRIC, network_task, training_function, watched
from osetra.tuning.locations import Location
from osetra.tuning.program import build_space
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import is_script, load_script
from osetra.tuning.studyfile import StudyFile, read_study_file

if TYPE_CHECKING:
    from osetra.catalogue import Catalogue
    from osetra.study.study import Study
    from osetra.training.run import Run


def begin_babysit(
    location: Location, request: Request, values: Mapping[str, Value]
) -> tuple[Study, Callable[[Run], object], Trackers]:
    """Return the study, created when there is none yet, the training function, and who is told.

    Raises:
        MissingExtra: the library of a tracker is not installed.
    """
    task: dict[str, Any] = {"request": request.stored(location.folder)}
    function: Callable[[Run], object]
    if is_script(request.source):
        script = load_script(request.source)
        file = read_study_file(Path(request.config)) if request.config else StudyFile()
        request = replace(request, trackers=request.trackers or file.trackers)
        if request.minimize is None and request.maximize is None:
            request = replace(request, minimize=file.minimize, maximize=file.maximize)
        if request.minimize is None and request.maximize is None:
            request = replace(request, minimize=METRIC)
        given = () if file.space or script.space else tuple(f"{n}={v}" for n, v in values.items())
        space = build_space(script, file, replace(request, set=given))
        function, task["request"] = script.function, request.stored(location.folder)
    else:
        require_torch()
        network = network_task(request, location)
        function, space = watched(network), _network_space(network.catalogue, values)
        request = replace(request, minimize=network.metric)
        task |= {"fingerprint": network.dataset.fingerprint, "epochs": network.budget}
        task |= {"aim": network.aimed} if network.aimed else {}
    told = listeners(request.trackers)  # refused before there is a file
    if location.exists:
        study = location.open(scheduler="full")
        _check_same(stored_request(study.history, location), request, location)
        return study, training_function(location, study.history), told
    space.complete(values)  # before there is a file, so that a mistake leaves nothing behind
    return (
        location.start(
            space,
            minimize=request.minimize if request.maximize is None else None,
            maximize=request.maximize,
            searcher="manual",
            scheduler="full",
            seed=request.seed,
            task=task,
        ),
        function,
        told,
    )


def _check_same(old: Request, new: Request, location: Location) -> None:
    names = ("verb", "source", "target", "task", "reading", "epochs", "seed")
    changes = [
        f"{n}: {getattr(old, n)} → {getattr(new, n)}" for n in names if getattr(old, n) != getattr(new, n)
    ]
    if changes:
        raise StudyMismatch(
            f"study {location.name} exists and trains something else:\n  "
            + "\n  ".join(changes)
            + "\nGive the new one its own --name, or leave these options as they were."
        )


def _network_space(catalogue: Catalogue, values: Mapping[str, Value]) -> Space:
    """Return everything the built-in network knows; a value beyond the usual range is taken as given."""
    from osetra.catalogue import select_space
    from osetra.catalogue.bounds import BOUNDS, check_given
    from osetra.catalogue.lookup import entry

    for name, value in values.items():
        check_given(entry(catalogue, name), Fixed(value))
    space = catalogue.space
    words = {name: value for name, value in values.items() if name not in BOUNDS}
    beyond = {n: Fixed(v) for n, v in values.items() if n in BOUNDS and _is_beyond(space, words, n, v)}
    return select_space(catalogue, 1, everything=True, given=beyond).space


def _is_beyond(space: Space, words: Mapping[str, Value], name: str, value: Value) -> bool:
    """Whether a value lies outside its usual range; one that does not exist with these options is no such."""
    allowed = space.complete(words)
    try:
        space.complete({**words, name: value})
    except SpaceError:
        return name in allowed
    return False
