"""Request: everything that `osetra tune` was asked, kept with the study so that `resume` can repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from osetra.core.history import History
from osetra.errors import StudyError

DEFAULT_TRIALS = 30
"""Trials of a study for which neither trials nor minutes were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of `osetra tune`, `osetra run` or `osetra babysit`. None stands for the default that fits."""

    source: str
    verb: str = "tune"
    """tune; run for a program; babysit for a single training under the eyes of a person."""
    command: tuple[str, ...] = ()
    """run: the program and its arguments, with {placeholders}."""
    folder: str = ""
    """run: where it was typed, which is where the program runs."""
    target: str | None = None
    task: str | None = None
    drop: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    trials: int | None = None
    minutes: float | None = None
    trainings: float | None = None
    """The budget in full trainings; those cut short count by their share."""
    workers: int = 1
    searcher: str | None = None
    """None goes on with the study's own, which is "auto" at first."""
    scheduler: str | None = None
    """How long to train each; None goes on with the study's own."""
    tune: tuple[str, ...] = ()
    all: bool = False
    set: tuple[str, ...] = ()
    folds: int = 1
    epochs: int | None = None
    seed: int = 0
    minimize: str | None = None
    maximize: str | None = None
    pick: str = "best"
    report_timeout: float | None = None
    confirm: int | None = None
    """How many of the best configurations are run again with fresh seeds."""
    config: str | None = None
    """Path of the study.toml."""

    def stored(self) -> dict[str, Any]:
        """Return the request as JSON-ready data."""
        return {name: value for name, value in asdict(self).items() if value not in (None, (), "")}


def stored_request(history: History, name: str) -> Request:
    """Return the request that a study was started with.

    Raises:
        StudyError: the study was not started by `osetra tune`.
    """
    task: Mapping[str, Any] = history.opened.task if history.opened is not None else {}
    request = task.get("request")
    if not isinstance(request, Mapping):
        raise StudyError(
            f"{name} was not started by `osetra tune`, so its training function is not known here; "
            "run the program that started it again: study.run(train, trials=...) goes on where it was"
        )
    known = {field.name for field in fields(Request)}
    given: dict[str, Any] = {
        key: tuple(v) if isinstance(v, list) else v for key, v in request.items() if key in known
    }
    return Request(**given)
