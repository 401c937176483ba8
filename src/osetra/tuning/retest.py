"""Re-test of a study on disk: its training found again, today's data compared, the cost, the verdict."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import path
from osetra.core.due import RELEASED, circumstances
from osetra.core.numbers import searched_names, settings
from osetra.data.drift import Drift
from osetra.data.loading import Loaded
from osetra.errors import StoreError, StudyError
from osetra.files import real_path
from osetra.study.checkin import CheckIn, Plan, plan_of
from osetra.study.tracking import Trackers, listeners
from osetra.tuning.circumstances import compared, news, of_now, read, speed
from osetra.tuning.extras import require_torch
from osetra.tuning.final_model import MODEL
from osetra.tuning.functions import BESIDE, data_source, network_task, training_function
from osetra.tuning.locations import Location, find
from osetra.tuning.observer import Row
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import is_script

if TYPE_CHECKING:
    from osetra.study.display import Display
    from osetra.study.study import Study
    from osetra.training.run import Run

CARD = "card.json"


@dataclass(frozen=True, slots=True)
class Retest:
    """What a re-test would do, before anything is trained."""

    location: Location
    study: Study
    request: Request
    """What the study was asked, with today's data."""
    train: Callable[[Run], object]
    plan: Plan
    drift: Drift | None
    """How today's data compares; None where nothing is known of it."""
    remarks: tuple[str, ...]
    """What else is not as it was, a sentence each."""
    label: str
    about: Mapping[str, Any]
    times: float
    """How much longer a training takes for the number of rows."""

    @property
    def days(self) -> int:
        """Since it was chosen, or tested last."""
        due = self.study.due
        return 0 if due is None else due.days

    def cost(self, workers: int) -> str:
        """Return the cost in words."""
        return self.plan.cost(workers, self.times)

    def rows(self, workers: int) -> list[Row]:
        """Return what is known before it starts, as labelled lines."""
        names, incumbent = searched_names(self.study.problem.space), self.plan.incumbent
        rivals = [("against", settings(config, names)) for config in self.plan.challengers]
        data = [("data", self.drift.sentence)] if self.drift is not None else []
        return [
            ("since", f"{self.days} day{'s' * (self.days != 1)}"),
            *data,
            *(("note", remark) for remark in self.remarks),
            ("in use", f"{incumbent.name}: {settings(incumbent.config, names)}"),
            *rivals,
            ("cost", self.cost(workers)),
        ]

    def run(
        self,
        *,
        delta: float = 1.0,
        workers: int = 1,
        progress: bool | Display = False,
        trackers: Trackers = (),
    ) -> Result:
        """Train, and return the verdict.

        Raises:
            StudyError: the setting in use does not train any more, or there is no such tracker.
            MissingExtra: the library of a tracker is not installed.
        """
        found = self.study.retest(
            self.train, delta=delta, workers=workers, label=self.label, about=self.about, progress=progress,
            trackers=trackers,
        )  # fmt: skip
        expected = None if self.plan.seconds is None else self.times * self.plan.seconds
        slower = speed(expected, found.seconds) if workers == 1 else ()
        return Result(self, found, (*_of_the_data(self.drift, found), *slower))

    @property
    def document(self) -> dict[str, Any]:
        """The plan as plain data."""
        incumbent = self.plan.incumbent
        return {
            "study": self.location.name,
            "days": self.days,
            "data": None if self.drift is None else {**asdict(self.drift), "sentence": self.drift.sentence},
            "remarks": list(self.remarks),
            "incumbent": {"name": incumbent.name, "config": dict(incumbent.config)},
            "challengers": [dict(config) for config in self.plan.challengers],
            "trainings": {"least": self.plan.least, "most": self.plan.most},
            "seconds_per_training": None if self.plan.seconds is None else self.times * self.plan.seconds,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What a re-test came to."""

    retest: Retest
    found: CheckIn
    remarks: tuple[str, ...] = ()
    """On what may be behind it, and how long it took."""

    def __str__(self) -> str:
        lines = [*self.retest.rows(1), *self.rows]
        width = max(len(label) for label, _ in lines)
        return "\n".join(f"{label:<{width}}  {text}" for label, text in lines)

    @property
    def again(self) -> str:
        """The command, or call, of a warm-started search on today's data; empty where none is advised."""
        if self.found.outcome != "re-tune":
            return ""
        reference, request = self.retest.location.reference, self.retest.request
        if request.source.startswith(BESIDE):
            return f"osetra.tune(data, target, warm_from={reference!r})"
        if request.verb == "run":
            file = shlex.quote(request.config or "study.toml")
            return f"osetra run {file} --warm-from {reference} -- {shlex.join(request.command)}"
        return f"osetra tune {shlex.quote(request.source)} --warm-from {reference}"

    @property
    def rows(self) -> list[Row]:
        """The verdict as labelled lines."""
        names = searched_names(self.retest.study.problem.space)
        new = self.found.outcome in ("adopt", "re-tune")
        return [
            ("verdict", self.found.sentence),
            *([("use", settings(self.found.config, names))] if new else []),
            *(("note", remark) for remark in self.remarks),
            *([("then", self.again)] if self.again else []),
            ("next", f"{self.found.due}; osetra status names what is due"),
        ]

    @property
    def document(self) -> dict[str, Any]:
        """The same as plain data, with the plan."""
        return {
            **self.retest.document,
            "verdict": {**asdict(self.found), "config": dict(self.found.config)},
            "retune": self.again or None,
        }


def retest(
    study: str | PathLike[str],
    data: str | PathLike[str] | None = None,
    *,
    delta: float = 1.0,
    workers: int = 1,
    progress: bool | Display = False,
    trackers: Trackers = (),
) -> Result:
    """Ask whether the best setting of a study is still the best, on today's data: `osetra retest` in Python.

    result = osetra.retest("flights", "june.csv")
    print(result)

    Args:
        study: its name, its folder, or that of its model.
        data: today's data; left out, that of the study as its file is now.
        delta: the smallest gain that is cared for, in deviations of the seed noise.
        workers: trainings at once.
        progress: whether the trainings show themselves.
        trackers: records of the trainings in other programs, as in `tune`.

    Raises:
        StudyError: nothing was released, the training is not known here, or there is no such tracker.
        DataError: the data has not the columns that the setting was chosen with, or cannot be used.
        MissingExtra: the library of a tracker is not installed.
    """
    told = listeners(trackers)  # refused before data is read
    where = None if data is None else str(path("data", data))
    planned = plan_retest(located(str(path("study", study))), where)
    try:
        return planned.run(delta=delta, workers=workers, progress=progress, trackers=told)
    finally:
        planned.study.close()


def located(text: str) -> Location:
    """Return the study that a person names, also by the folder of its model.

    Raises:
        StudyError: there is none, or it is a model whose study is elsewhere.
    """
    folder = Path(text)
    if not (folder / CARD).is_file():
        return find(text)
    try:
        return find(str(real_path(folder).parent))
    except (StudyError, StoreError):
        raise StudyError(
            f"{text}: a model without its study, which knows how good it was with fresh seeds; a re-test "
            "needs the folder that has both, as osetra tune made it: osetra-runs/NAME with study.db and model"
        ) from None


def plan_retest(location: Location, data: str | None = None) -> Retest:
    """Return what a re-test of a study would do, on its own data as it is now or on other data.

    Raises:
        StudyError: nothing was released, or the training is not known here.
        DataError: the data has not the columns that the setting was chosen with, or cannot be used.
    """
    study = location.open()
    history, problem = study.history, study.problem
    request = _request(study, location)
    network = request.verb == "tune" and not is_script(request.source)
    if data is not None and not network:
        raise StudyError(
            f"{data}: {location.name} trains {request.source or 'a program'}, which reads its data itself; "
            "let it read the new data, and leave it out here"
        )
    if network:
        _check_released(study, location)
    plan, then = plan_of(problem, history), circumstances(history)
    if not network:
        about = of_now(request, location, history)
        train, remarks = training_function(location, history), news(then, about)
        about["changes"] = list(remarks)
        return Retest(location, study, request, train, plan, None, remarks, "", about, 1.0)
    require_torch()
    request = request if data is None else replace(request, source=_source(data))
    loaded = read(request, data_source(request, location))
    drift = compared(then, loaded)
    stored = {**(history.opened.task if history.opened else {}), "fingerprint": ""}
    task = network_task(request, location, stored)
    about = of_now(request, location, history, loaded.dataset, task.device)
    remarks = (*(drift.remarks if drift else ()), *_unknown(drift, loaded), *news(then, about))
    times = len(loaded.dataset) / drift.rows_then if drift else 1.0
    about["changes"] = [*([drift.sentence] if drift and drift.changed else []), *remarks]
    label = loaded.dataset.fingerprint[:8]
    return Retest(location, study, request, task, plan, drift, remarks, label, about, times)


def _request(study: Study, location: Location) -> Request:
    try:
        request = stored_request(study.history, location)
    except StudyError:
        raise StudyError(
            f"{location.name} was not started by `osetra tune`, so its training function is not known here; "
            "in the program that has it: osetra.Study(...).retest(train)"
        ) from None
    if request.verb == "babysit":
        raise StudyError(f"{location.name} is a single training; there is no setting that was chosen")
    return request


def _check_released(study: Study, location: Location) -> None:
    if not study.history.noted(RELEASED) and not (location.folder / MODEL / CARD).is_file():
        raise StudyError(
            f"{location.name} has no released model to test again: its search, or its last step, is not "
            f"over; osetra resume {location.reference} goes on"
        )


def _of_the_data(drift: Drift | None, found: CheckIn) -> tuple[str, ...]:
    """Return a sentence where it may be the data alone that makes the setting worth something else."""
    easier = {"too good": "may just be easier", "world changed": "may just be harder"}.get(found.outcome)
    if drift is None or not drift.changed or easier is None:
        return ()
    return (f"today's data {easier}: {drift.sentence}",)


def _unknown(drift: Drift | None, loaded: Loaded) -> tuple[str, ...]:
    if drift is not None:
        return ()
    return (f"{len(loaded.dataset)} rows; what the data was like when the setting was chosen was not kept",)


def _source(data: str) -> str:
    return str(real_path(data)) if Path(data).exists() else data
