"""Tuning the built-in network on data: baseline, search, fresh seeds, sealed test, model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.catalogue import Selection, select_space
from osetra.core.declarations import Branches, branches_of, params_from_lines
from osetra.core.finding import Finding
from osetra.core.goal import Goal
from osetra.core.limits import PER_TRAINING
from osetra.core.numbers import number
from osetra.core.problem import Objective
from osetra.core.text import format_param, parse_param
from osetra.data.dataset import NUMERIC
from osetra.errors import DataError, StudyError, StudyMismatch
from osetra.files import real_path
from osetra.tuning import experience
from osetra.tuning.circumstances import remember
from osetra.tuning.deadline import Deadline
from osetra.tuning.extras import require_torch
from osetra.tuning.final_model import MODEL, FinalModel, Wishes, final_model
from osetra.tuning.followers import Followers
from osetra.tuning.functions import BESIDE, network_task
from osetra.tuning.locations import Location
from osetra.tuning.model import load_model
from osetra.tuning.observer import Observer, Row
from osetra.tuning.program import filled
from osetra.tuning.rates import rate_note
from osetra.tuning.request import DEFAULT_TRIALS, READING, Request, stored_request
from osetra.tuning.result import TuneResult, result_of
from osetra.tuning.search import search, with_confirmation, with_end
from osetra.tuning.studyfile import read_study_file
from osetra.tuning.warm import inherited, space_of, warm
from osetra.views.verdict import scores_text

if TYPE_CHECKING:
    from osetra.nets.baseline import Baseline
    from osetra.nets.task import NetworkTask
    from osetra.study.display import Display
    from osetra.study.study import Study

NETWORKS = "networks"
"""The folder beside a study in which its trials leave their networks until the final model is made."""
_SAME = ("source", "target", "minimize", "maximize", "task", "folds", "epochs", "seed")
"""Parts of a request that cannot change while a study goes on: results would not compare."""
_KINDS = {
    "binary": "two classes: sigmoid and cross-entropy",
    "multiclass": "classes: softmax and cross-entropy",
    "regression": "a number",
    "multilabel": "labels, each there or not: sigmoids and cross-entropy",
    "multioutput": "numbers, each in units of its standard deviation",
}
_NOTES = {"info": "note", "advice": "note", "warning": "warning"}
_LINEAR = {
    "binary": "logistic regression", "multiclass": "softmax regression", "regression": "linear regression",
    "multilabel": "logistic regression of each label", "multioutput": "linear regression of each number",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DataPlan:
    """What would be trained and searched, before anything is."""

    request: Request
    """With everything that its study.toml says."""
    task: NetworkTask
    selection: Selection
    """The hyperparameters that are searched, and the space that they span."""
    begun: float = field(default_factory=time.monotonic)
    """When the data began to be read."""

    @property
    def rows(self) -> list[Row]:
        """What was understood of the data."""
        table = self.task.family == "mlp" and self.task.dataset.images is None
        note = rate_note(_given(self.request)) if table and not self.task.earlier else ""
        return [*_data_rows(self.task), *([("note", note)] if note else [])]


def plan(location: Location, request: Request) -> DataPlan:
    """Read the data and choose what to search.

    Raises:
        DataError: the data cannot be used as it is, or changed since the study began.
        StudyMismatch: the study exists and asks another question.
        MissingExtra: PyTorch is not installed.
    """
    begun = time.monotonic()
    require_torch()
    request = _with_file(request)
    if request.warm_from:
        request = inherited(request)
    _check_storable(request.source, request.reading.test)
    if request.limit:
        raise StudyError(
            f"limit {request.limit[0]}: limits are for what a function or a program of your own reports; "
            "leave it out for the built-in network"
        )
    if request.maximize and request.minimize:
        raise StudyError("give minimize or maximize, not both: a search has one goal")
    stored = _begun_with(location, request)
    task = network_task(request, location, stored)
    if stored is None and request.limits.minutes is not None:
        task = task.within(request.limits.minutes)
    _check_metric(task, request)
    Goal.of(request.limits.until, Objective(metric=task.metric, direction=task.direction))
    return DataPlan(request, task, _selection(task, request), begun)


def _check_storable(*files: str | None) -> None:
    """Raise DataError for a file whose name no study can keep."""
    for file in files:
        if file and file != file.encode(errors="replace").decode():
            raise DataError(f"{file!r}: the name is no text in UTF-8, so no study can keep it; rename it")


def _check_metric(task: NetworkTask, request: Request) -> None:
    """Raise StudyError for a metric that the task has not, before anything is trained."""
    from osetra.nets.metrics import checked

    asked = request.maximize or request.minimize
    if asked and asked != "train_loss":
        checked(asked, task.dataset.task, maximize=bool(request.maximize), pair=bool(task.dataset.pair))


def tune_data(
    location: Location,
    planned: DataPlan,
    *,
    observer: Observer | None = None,
    progress: bool | Display = True,
    begun: float | None = None,
    followers: Followers | None = None,
) -> TuneResult:
    """Tune the built-in network on a data set, from the baseline to a saved model.

    Args:
        location: where the study lives; one that is there goes on.
        planned: what is trained and searched.
        observer: who is told how far it is.
        progress: whether to show it on stderr, or in a notebook.
        begun: when the command began, on the monotonic clock, of which the minutes are counted.
        followers: who else is told of its trials.

    Raises:
        NothingFinished: no trial has a valid result.
        Diverged: the winner trains with none of its seeds.
        KeyboardInterrupt: after Ctrl-C, once everything has been handed back.
    """
    from osetra.nets.kept import forget

    observer = observer or Observer()
    request, task = planned.request, planned.task
    begun = begun or planned.begun
    deadline = Deadline.of(request.limits.minutes, begun, refit=request.refit is not False)
    observer.on_data(location.name, planned.rows)
    study = _open_study(location, planned)
    networks = real_path(location.folder) / NETWORKS
    task = replace(task, keep=str(networks))
    baseline = task.baseline()
    search_row = ("search", _search_text(study, planned.selection))
    observer.on_study(
        study, [("baseline", _baseline_text(task, baseline)), search_row, *experience.rows(study)]
    )
    deadline = deadline.searching()
    search(
        study,
        task,
        with_confirmation(with_end(request.limits)),
        title=location.name,
        steps=task.budget,
        keep_going=request.keep_going,
        progress=progress,
        watch=observer.on_history,
        slots=task.slots(request.limits.workers),
        deadline=deadline,
        proportion=request.limits.confirm is None,
        followers=followers,
    )
    experience.keep(study, request, location.name)
    observer.on_search_end(study)
    final = _final(location, request, task, study, baseline, deadline, observer)
    forget(networks)
    remember(study, request, location, task.dataset, task.device)
    result = result_of(location.name, study, final, load_model(final.folder))
    observer.on_result(result)
    return result


def _final(
    location: Location,
    request: Request,
    task: NetworkTask,
    study: Study,
    baseline: Baseline,
    deadline: Deadline,
    observer: Observer,
) -> FinalModel:
    """Return the winner, trained again and tested, with its parts shown one after another."""
    history, objective, folder = study.history, study.problem.objective, location.folder / MODEL
    in_memory = request.source.startswith(BESIDE)
    command = f"osetra resume {location.reference}" if in_memory else request.command_line
    with observer.waiting("the winner on all rows, then the sealed test"):
        return final_model(
            history,
            objective,
            task,
            baseline,
            folder,
            command,
            wishes=Wishes(request.refit, request.ensemble),
            deadline=deadline,
            tell=observer.on_part,
        )


def _with_file(request: Request) -> Request:
    if request.config is None:
        return request
    file = read_study_file(Path(request.config))
    lines = tuple(f"{name}={text}" for name, text in _settings(file.space or {}).items())
    return replace(filled(request, file), set=(*lines, *request.set), config=None)


def _settings(space: Mapping[str, Any]) -> dict[str, object]:
    """Return the lines of [space] as `--set` takes them; a list as the choice that it is."""
    settings: dict[str, object] = {}
    for name, line in space.items():
        if not isinstance(line, (list, dict)):
            settings[name] = line
            continue
        for full, branches in params_from_lines({name: line}).items():
            params = branches_of(full, branches)
            if len(params) > 1:
                raise StudyError(
                    f"{full}: the built-in network takes one range per hyperparameter, without branches"
                )
            settings[full] = format_param(params[0])
    return settings


def _begun_with(location: Location, request: Request) -> Mapping[str, Any] | None:
    """Return the task that the study was opened with; None when it is new.

    Raises:
        StudyMismatch: it began with another request.
    """
    if not location.exists:
        return None
    study = location.open()
    history = study.history
    study.close()
    _check_same(stored_request(history, location), request, location)
    return history.opened.task if history.opened else {}


def _check_same(old: Request, new: Request, location: Location) -> None:
    changes = [
        f"{name}: {getattr(was, name)} → {getattr(now, name)}"
        for was, now, names in ((old, new, _SAME), (old.reading, new.reading, READING))
        for name in names
        if getattr(was, name) != getattr(now, name)
    ]
    if _moved(old.source, new.source):
        changes = [change for change in changes if not change.startswith("source:")]
    if changes:
        raise StudyMismatch(
            f"study {location.name} exists and asks another question:\n  "
            + "\n  ".join(changes)
            + "\nGive the new one its own --name, or leave these options as they were."
        )


def _moved(old: str, new: str) -> bool:
    """Whether data that is not where it was may be what is given now; its fingerprint decides."""
    was = Path(old)
    return was.is_absolute() and not was.exists() and was.name == Path(new).name


def _selection(task: NetworkTask, request: Request) -> Selection:
    given = _given(request)
    trainings = request.limits.trainings
    if (kept := space_of(request, task.catalogue.names)) is not None:
        names = kept.searched
        fixed = tuple(name for name in kept.names if name not in names)
        return Selection(kept, names, fixed, f"searching {', '.join(names)}, as the earlier study did.")
    bought = DEFAULT_TRIALS if trainings is None else round(PER_TRAINING * trainings)
    trials = request.limits.trials or max(1, bought)
    return select_space(task.catalogue, trials, tune=request.tune, everything=request.all, given=given,
        order="ng" if request.order == "ng" else "tiers",
    )  # fmt: skip


def _given(request: Request) -> dict[str, Branches]:
    """Return the hyperparameters that a person gave."""
    given: dict[str, Branches] = {}
    for word in request.set:
        name, _, text = (part.strip() for part in word.partition("="))
        given[name] = parse_param(name, text)
    return given


def _open_study(location: Location, planned: DataPlan) -> Study:
    """Open or create; a study that goes on keeps its space, unless the person asks for another.

    More trials would open more hyperparameters, so the space is not worked out anew.
    """
    request, task = planned.request, planned.task
    if location.exists:
        study = location.open(request.searcher, request.scheduler)
        old = stored_request(study.history, location)
        asked, before = ((each.tune, each.all, each.set, each.order or "tiers") for each in (request, old))
        if asked == before:
            if request.silence:
                study.silence(*request.silence)
            return study
        study.close()
    study = location.start(
        planned.selection.space,
        **{task.direction: task.metric},
        searcher=request.searcher,
        scheduler=request.scheduler,
        seed=request.seed,
        experience=experience.source(request),
        task={
            "request": request.stored(location.folder),
            "fingerprint": task.dataset.fingerprint,
            "epochs": task.budget,
            **({"aim": task.aimed} if task.aimed else {}),
        },
    )
    warm(study, request)
    if request.silence:
        study.silence(*request.silence)
    return study


def _data_rows(task: NetworkTask) -> list[Row]:
    dataset, split = task.dataset, task.split
    licence = f" ({dataset.licence})" if dataset.licence else ""
    share = (
        f"{task.folds}-fold cross-validation" if task.folds > 1 else f"{len(split.validation)} to choose by"
    )
    sealed = f"{len(split.test)} sealed until the end"
    return [
        ("data", f"{dataset.shape}{licence}"),
        ("task", f"predict {_short(dataset.target_name)}; {_KINDS[dataset.task]}{_error_text(task)}"),
        ("split", f"{len(split.train)} rows to train on, {share}, {sealed}"),
        *((_NOTES[note.level], _noted(note)) for note in dataset.notes),
    ]


def _short(name: str) -> str:
    """Return the names of targets, the first of very many."""
    return name if len(name) <= 200 else f"{name[:200]} …"


def _error_text(task: NetworkTask) -> str:
    from osetra.nets.aims import words

    return f": {words(task.aimed)}" if task.dataset.task in NUMERIC else ""


def _noted(note: Finding) -> str:
    return f"{note.text}; {note.action}" if note.action else note.text


def _baseline_text(task: NetworkTask, baseline: Baseline) -> str:
    from osetra.nets.aims import words

    first = "rmse" if "rmse" in baseline.guessing else "error"
    guess, kind = scores_text({first: baseline.guessing[first]}), _LINEAR[task.dataset.task]
    aimed, scores = "", scores_text(baseline.scores)
    if task.aimed:
        aimed = f" by the {words(task.aimed)}"
        scores = f"{task.aimed} {number(baseline.scores[task.aimed])}, {scores}"
        guess = f"{task.aimed} {number(baseline.guessing[task.aimed])}"
    return f"{kind}{aimed}: {scores}; guessing: {guess}"


def _search_text(study: Study, selection: Selection) -> str:
    if study.problem.space == selection.space:
        return selection.sentence
    searched = study.problem.space.searched
    return f"going on with {', '.join(searched)}, as the study began."
