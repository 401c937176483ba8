"""Babysitting: one training under the eyes of a person, who steers it with single keys.

The study is a usual one, in a folder of its own, so that everything done is in the log, `osetra steer`
works from elsewhere, and Ctrl-C loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from osetra.cli.display.babysit import sit
from osetra.cli.output import Output
from osetra.cli.session import shown_place
from osetra.core.params import Fixed, Value
from osetra.core.space import Space
from osetra.core.trial import ENDED, Trial
from osetra.errors import SpaceError, StudyMismatch
from osetra.tuning.functions import METRIC, network_task, training_function, watched
from osetra.tuning.locations import Place
from osetra.tuning.program import build_space
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import is_script, load_script
from osetra.tuning.studyfile import StudyFile, read_study_file
from osetra.tuning.torch_check import require_torch
from osetra.views.json import study_document, trial_document
from osetra.views.terminal.orders import orders_table
from osetra.views.terminal.tables import pieces_text
from osetra.views.terminal.training import advice_line, ended_line, training_chart

if TYPE_CHECKING:
    from osetra.study.study import Study
    from osetra.training.run import Run


def babysit(
    output: Output,
    place: Place,
    request: Request,
    values: Mapping[str, Value],
    *,
    autopilot: bool = False,
    as_json: bool = False,
) -> None:
    """Train one configuration, the defaults but for `values`, and let a person steer it.

    When the study has an unfinished training of these values, it goes on.
    """
    study, function = _prepared(place, request, values)
    config = study.problem.space.complete(values)
    unfinished = [trial for trial in study.trials if trial.state not in ENDED]
    if values and not any(trial.config == config for trial in unfinished):
        unfinished = []
    if not unfinished:
        study.enqueue(config)
    else:
        output.say(Text(f"going on with trial {unfinished[0].number}", "dim"))
    _watch(output, place, study, function, autopilot=autopilot, as_json=as_json)


def resume_babysit(output: Output, place: Place, request: Request) -> None:
    """Go on with what is unfinished; raises StudyError when the training function cannot be found."""
    study = place.open(scheduler="full")
    if all(trial.state in ENDED for trial in study.trials):
        output.say(Text("every training of this study has ended; to start another: osetra babysit", "dim"))
        _report(output, place, study)
        return
    function = training_function(place, study.history)
    _watch(output, place, study, function, autopilot=False, as_json=False)


def _watch(
    output: Output,
    place: Place,
    study: Study,
    function: Callable[[Run], object],
    *,
    autopilot: bool,
    as_json: bool,
) -> None:
    before = len(study.history.ended)
    try:
        sit(output, study, function, place.name, autopilot=autopilot)
    except (KeyboardInterrupt, SystemExit):
        name = shown_place(place)
        output.say(Text("nothing is lost", "bold"), Text(f"to go on: osetra resume {name}", "bold cyan"))
        raise
    if as_json:
        document = study_document(place.name, place.address, study.problem, study.history)
        document["trials"] = [trial_document(study.history, t, curves=True) for t in study.trials]
        output.document("babysit", document)
        return
    _report(output, place, study, study.history.ended[before:])


def _prepared(
    place: Place, request: Request, values: Mapping[str, Value]
) -> tuple[Study, Callable[[Run], object]]:
    """Return the study, created when there is none yet, and the training function."""
    task: dict[str, Any] = {"request": request.stored()}
    function: Callable[[Run], object]
    if is_script(request.source):
        script = load_script(request.source)
        file = read_study_file(Path(request.config)) if request.config else StudyFile()
        if request.minimize is None and request.maximize is None:
            request = replace(request, minimize=file.minimize, maximize=file.maximize)
        if request.minimize is None and request.maximize is None:
            request = replace(request, minimize=METRIC)
        given = () if file.space or script.space else tuple(f"{n}={v}" for n, v in values.items())
        space = build_space(script, file, replace(request, set=given))
        function, task["request"] = script.function, request.stored()
    else:
        require_torch()
        network = network_task(request)
        function, space = watched(network), _network_space(network.family, values)
        request = replace(request, minimize=network.metric)
        task["fingerprint"] = network.dataset.fingerprint
    if place.exists:
        study = place.open(scheduler="full")
        _check_same(stored_request(study.history, place.name), request, place)
        return study, training_function(place, study.history)
    space.complete(values)  # before there is a file, so that a mistake leaves nothing behind
    return (
        place.start(
            space,
            minimize=request.minimize if request.maximize is None else None,
            maximize=request.maximize,
            searcher="manual",
            scheduler="full",
            seed=request.seed,
            task=task,
        ),
        function,
    )


def _check_same(old: Request, new: Request, place: Place) -> None:
    names = ("verb", "source", "target", "task", "drop", "category", "epochs", "seed")
    changes = [
        f"{n}: {getattr(old, n)} → {getattr(new, n)}" for n in names if getattr(old, n) != getattr(new, n)
    ]
    if changes:
        raise StudyMismatch(
            f"study {place.name} exists and trains something else:\n  "
            + "\n  ".join(changes)
            + "\nGive the new one its own --name, or leave these options as they were."
        )


def _network_space(family: str, values: Mapping[str, Value]) -> Space:
    """Return everything the built-in network knows; a value beyond the usual range is taken as given."""
    from osetra.catalogue import by_name, select_space
    from osetra.catalogue.bounds import BOUNDS, check_given
    from osetra.catalogue.lookup import entry

    catalogue = by_name(family)
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


def _report(output: Output, place: Place, study: Study, ended: list[Trial] | None = None) -> None:
    """Print how each training ended, what it was in the end, and how to replay it."""
    from osetra.advice.training import training_advice

    problem, history = study.problem, study.history
    name = shown_place(place)
    for trial in study.trials if ended is None else ended:
        output.show(ended_line(trial, problem.objective.metric))
        if len(history.curves.rows(trial.number)):
            output.show(*training_chart(problem, history, trial, width=output.data.width, height=12))
        for count, text in enumerate(pieces_text(history, trial) if trial.steered else ()):
            output.show(Text.assemble((f"{'' if count else 'trained':<9}", "dim"), text))
        if trial.orders:
            output.show(orders_table(trial))
        advice = training_advice(problem, history, trial)
        if advice is not None:
            output.show(advice_line(advice, keys=False, autopilot=False))
        output.say(Text(f"again, unattended: osetra replay {name} {trial.number}", "dim"))
