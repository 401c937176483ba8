"""Babysitting: one training under the eyes of a person, who steers it with single keys.

The study is a usual one, in a folder of its own, so that everything done is in the log, `osetra steer`
works from elsewhere, and Ctrl-C loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from osetra.cli.display.babysit import train_with_keys, watch_with_keys
from osetra.cli.output import Output
from osetra.core.params import Value
from osetra.core.trial import ENDED, Trial
from osetra.errors import StudyError
from osetra.study.tracking import Trackers
from osetra.tuning.babysit import begin_babysit
from osetra.tuning.functions import training_function
from osetra.tuning.locations import Location
from osetra.tuning.request import Request
from osetra.views.json import study_document, trial_document
from osetra.views.terminal.orders import orders_table
from osetra.views.terminal.tables import pieces_text
from osetra.views.terminal.training import advice_line, ended_line, training_chart

if TYPE_CHECKING:
    from osetra.study.study import Study
    from osetra.training.run import Run


def babysit(
    output: Output,
    location: Location,
    request: Request,
    values: Mapping[str, Value],
    *,
    autopilot: bool = False,
    as_json: bool = False,
) -> None:
    """Train one configuration, the defaults but for `values`, and let a person steer it.

    When the study has an unfinished training of these values, it goes on.
    """
    study, function, told = begin_babysit(location, request, values)
    config = study.problem.space.complete(values)
    unfinished = [trial for trial in study.trials if trial.state not in ENDED]
    if values and not any(trial.config == config for trial in unfinished):
        unfinished = []
    if not unfinished:
        study.enqueue(config)
    else:
        output.say(Text(f"going on with trial {unfinished[0].number}", "dim"))
    _watch(output, location, study, function, told, autopilot=autopilot, as_json=as_json)


def watch(
    output: Output, location: Location, trial: int | None, *, autopilot: bool = False, as_json: bool = False
) -> None:
    """Watch a trial that another program trains, and steer it; without a number the one that runs.

    Raises:
        StudyError: there is no such trial, it has ended, or several run and none is named.
    """
    study = location.open()
    running = [one.number for one in study.history.running]
    if trial is None and len(running) != 1:
        listed = ", ".join(map(str, running))
        raise StudyError(
            f"{location.name} trains several: {listed}; name one: {location.reference} {running[0]}"
        )
    number = running[0] if trial is None else trial
    if number not in study.history.trials:
        raise StudyError(f"{location.name} has no trial {number}; it has 1 to {len(study.history.trials)}")
    before = study.history.trials[number]
    if before.state in ENDED:
        raise StudyError(
            f"trial {number} of {location.name} has ended ({before.state}); a branch of it can still be "
            f"trained: osetra steer {location.reference} {number} branch NAME=VALUE"
        )
    try:
        ended = watch_with_keys(output, study, location.name, number, autopilot=autopilot)
    except (KeyboardInterrupt, SystemExit):
        output.say(Text("left; its program goes on training it", "bold"))
        raise
    if as_json:
        output.document("babysit", trial_document(study.history, ended, curves=True))
    else:
        _report(output, location, study, [ended])


def resume_babysit(output: Output, location: Location, told: Trackers) -> None:
    """Go on with what is unfinished; raises StudyError when the training function cannot be found."""
    study = location.open(scheduler="full")
    if all(trial.state in ENDED for trial in study.trials):
        output.say(Text("every training of this study has ended; to start another: osetra babysit", "dim"))
        _report(output, location, study)
        return
    function = training_function(location, study.history)
    _watch(output, location, study, function, told, autopilot=False, as_json=False)


def _watch(
    output: Output,
    location: Location,
    study: Study,
    function: Callable[[Run], object],
    told: Trackers,
    *,
    autopilot: bool,
    as_json: bool,
) -> None:
    before = len(study.history.ended)
    try:
        train_with_keys(output, study, function, location.name, told, autopilot=autopilot)
    except (KeyboardInterrupt, SystemExit):
        name = location.reference
        output.say(Text("nothing is lost", "bold"), Text(f"to go on: osetra resume {name}", "bold cyan"))
        raise
    if as_json:
        document = study_document(location.name, location.address, study.problem, study.history)
        document["trials"] = [trial_document(study.history, t, curves=True) for t in study.trials]
        output.document("babysit", document)
        return
    _report(output, location, study, study.history.ended[before:])


def _report(output: Output, location: Location, study: Study, ended: list[Trial] | None = None) -> None:
    """Print how each training ended, what it was in the end, and how to replay it."""
    from osetra.advice.training import training_advice

    problem, history = study.problem, study.history
    name = location.reference
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
