"""Tuning the built-in network on data: baseline, search, fresh seeds, sealed test, model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from osetra.catalogue import Selection, by_name, select_space
from osetra.cli.output import Output
from osetra.cli.session import Effort, Session, shown_place
from osetra.core.space import Branches
from osetra.core.text import parse_param
from osetra.errors import StudyError, StudyMismatch
from osetra.tuning.final_model import Finale, finale
from osetra.tuning.functions import METRIC, network_task
from osetra.tuning.locations import Place
from osetra.tuning.program import filled, show_plan
from osetra.tuning.request import DEFAULT_TRIALS, Request, stored_request
from osetra.tuning.torch_check import require_torch
from osetra.views.json import study_document
from osetra.views.terminal.opening import labelled
from osetra.views.verdict import scores_text

if TYPE_CHECKING:
    from osetra.nets.baseline import Baseline
    from osetra.nets.task import NetworkTask
    from osetra.study.study import Study

CONFIRMED = 3
"""How many of the best configurations are run again with fresh seeds, at most."""
_SAME = ("target", "minimize", "task", "drop", "category", "folds", "epochs", "seed")
"""Parts of a request that cannot change while a study goes on: results would not compare."""


def tune_data(
    output: Output, place: Place, request: Request, *, dry_run: bool = False, as_json: bool = False
) -> None:
    """Tune the built-in network on a data set, from the first look at it to a saved model."""
    require_torch()
    request = _with_file(request)
    if request.maximize:
        raise StudyError("--maximize is for scripts; the built-in network reports what is to be small")
    task = _network_task(place, request)
    opened = _opened(task, request)
    if dry_run:
        output.say(labelled(_data_lines(task)), Text(opened.sentence))
        show_plan(output, opened.space, replace(request, minimize=request.minimize or METRIC))
        return
    output.say(Text(place.name, "bold"), labelled(_data_lines(task)))
    study = _open_study(place, task, request, opened)
    baseline = task.baseline()
    output.say(
        labelled([("baseline", _baseline_text(task, baseline)), ("search", _search_text(study, opened))])
    )
    session = Session(output, place, study, request.scheduler)
    session.search(task, replace(_effort(request), steps=task.budget))
    advice = session.report(quiet=as_json)
    pictures = session.draw()
    with session.resumable():
        final = finale(session, task, baseline, command=_command(request))
    if as_json:
        document = study_document(place.name, place.address, study.problem, study.history)
        document["findings"] = [{"rule": f.rule, "level": f.level, "text": f.text} for f in advice]
        document["pictures"] = [str(picture) for picture in pictures]
        document |= final.document
        output.document("tune", document)
        return
    output.show(labelled(final.lines))
    output.say("", labelled(_next_lines(session, final, [str(picture) for picture in pictures], request)))


def _with_file(request: Request) -> Request:
    if request.config is None:
        return request
    from pathlib import Path

    from osetra.tuning.studyfile import read_study_file

    file = read_study_file(Path(request.config))
    lines = tuple(f"{name}={text}" for name, text in (file.space or {}).items())
    return replace(filled(request, file), set=(*lines, *request.set), config=None)


def _network_task(place: Place, request: Request) -> NetworkTask:
    """Return the task, bound to the data's fingerprint when the study exists already."""
    fingerprint = ""
    if place.exists:
        study = place.open()
        history = study.history
        study.close()
        _check_same(stored_request(history, place.name), request, place)
        fingerprint = str(history.opened.task.get("fingerprint", "")) if history.opened else ""
    return network_task(request, fingerprint)


def _check_same(old: Request, new: Request, place: Place) -> None:
    changes = [
        f"{name}: {getattr(old, name)} → {getattr(new, name)}"
        for name in ("source", *_SAME)
        if getattr(old, name) != getattr(new, name)
    ]
    if changes:
        raise StudyMismatch(
            f"study {place.name} exists and asks another question:\n  "
            + "\n  ".join(changes)
            + "\nGive the new one its own --name, or leave these options as they were."
        )


def _opened(task: NetworkTask, request: Request) -> Selection:
    given: dict[str, Branches] = {}
    for word in request.set:
        name, _, text = (part.strip() for part in word.partition("="))
        given[name] = parse_param(name, text)
    from osetra.core.limits import PER_TRAINING

    bought = None if request.trainings is None else round(PER_TRAINING * request.trainings)
    trials = request.trials or max(1, DEFAULT_TRIALS if bought is None else bought)
    return select_space(by_name(task.family), trials, tune=request.tune, everything=request.all, given=given)


def _open_study(place: Place, task: NetworkTask, request: Request, opened: Selection) -> Study:
    """Open or create; a study that goes on keeps its space, unless the person asks for another.

    More trials would open more hyperparameters, so the space is not worked out anew.
    """
    if place.exists:
        study = place.open(request.searcher, request.scheduler)
        old = stored_request(study.history, place.name)
        if (old.tune, old.all, old.set) == (request.tune, request.all, request.set):
            return study
        study.close()
    return place.start(
        opened.space,
        minimize=task.metric,
        searcher=request.searcher,
        scheduler=request.scheduler,
        seed=request.seed,
        task={
            "request": request.stored(),
            "fingerprint": task.dataset.fingerprint,
        },
    )


def _effort(request: Request) -> Effort:
    trials = request.trials
    if trials is None and request.minutes is None and request.trainings is None:
        trials = DEFAULT_TRIALS
    asked = request.confirm
    fitting = CONFIRMED if trials is None else max(1, min(CONFIRMED, trials // 4))
    return Effort(
        trials=trials,
        minutes=request.minutes,
        trainings=request.trainings,
        workers=request.workers,
        report_timeout=request.report_timeout,
        confirm=fitting if asked is None else asked,
    )


def _data_lines(task: NetworkTask) -> list[tuple[str, str]]:
    dataset, split = task.dataset, task.split
    kinds = {
        "binary": "two classes: sigmoid and cross-entropy",
        "multiclass": "classes: softmax and cross-entropy",
        "regression": "a number: squared error",
    }
    licence = f" ({dataset.licence})" if dataset.licence else ""
    share = (
        f"{task.folds}-fold cross-validation" if task.folds > 1 else f"{len(split.validation)} to choose by"
    )
    lines = [
        ("data", f"{dataset.shape}{licence}"),
        ("task", f"predict {dataset.target_name}; {kinds[dataset.task]}"),
        (
            "split",
            f"{len(split.train)} rows to train on, {share}, {len(split.test)} sealed until the end",
        ),
    ]
    return lines + [("note", note.text) for note in dataset.notes]


def _baseline_text(task: NetworkTask, baseline: Baseline) -> str:
    names = {"binary": "logistic", "multiclass": "softmax", "regression": "linear"}
    first = "rmse" if "rmse" in baseline.guessing else "error"
    guess = scores_text({first: baseline.guessing[first]})
    return f"{names[task.dataset.task]} regression: {scores_text(baseline.scores)}; guessing: {guess}"


def _search_text(study: Study, opened: Selection) -> str:
    if study.problem.space == opened.space:
        return opened.sentence
    searched = list(dict.fromkeys(column.key for column in study.problem.space.columns))
    return f"going on with {', '.join(searched)}, as the study began."


def _command(request: Request) -> str:
    words = ["osetra tune", request.source]
    words += [f"--target {request.target}"] if request.target else []
    words += [f"--trials {request.trials}"] if request.trials else []
    words += [f"--minutes {request.minutes:g}"] if request.minutes else []
    words += [f"--trainings {request.trainings:g}"] if request.trainings else []
    words += [f"--scheduler {request.scheduler}"] if request.scheduler else []
    words += [f"--set '{word}'" for word in request.set]
    words += [f"--tune {','.join(request.tune)}"] if request.tune else []
    words += ["--all"] if request.all else []
    words += [f"--folds {request.folds}"] if request.folds > 1 else []
    words += [f"--epochs {request.epochs}"] if request.epochs else []
    return " ".join([*words, f"--seed {request.seed}"])


def _next_lines(
    session: Session, final: Finale, pictures: list[str], request: Request
) -> list[tuple[str, str]]:
    place = shown_place(session.place)
    source = request.source if "/" not in request.source else "NEW-DATA"
    lines = [("picture", pictures[0])] if pictures else []
    if final.folder is not None:
        lines += [("model", str(final.folder)), ("predict", f"osetra predict {place} {source} -o out.csv")]
    history = session.study.history
    more = f"--trials {2 * max(history.target, len(history.searched), 1)}"
    if request.trainings and not request.trials:
        more = f"--trainings {2 * request.trainings:g}"
    lines += [("more", f"osetra resume {place} {more}"), ("look", f"osetra show {place}")]
    return lines
