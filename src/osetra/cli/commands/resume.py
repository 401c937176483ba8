"""`osetra resume`: go on with a study that `osetra tune` started."""

from __future__ import annotations

from dataclasses import replace

import click

from osetra.cli.options import check_scheduler, json_option, scheduler_option, study_argument
from osetra.cli.output import Output
from osetra.cli.places import find
from osetra.cli.request import stored_request
from osetra.cli.script import is_script


@click.command("resume")
@study_argument
@click.option("-n", "--trials", type=click.IntRange(1), help="A new total, earlier trials included.")
@click.option("-m", "--minutes", type=click.FloatRange(0, min_open=True), help="Stop after so many minutes.")
@click.option("-w", "--workers", type=click.IntRange(1), help="Trainings at once.")
@click.option(
    "--trainings", type=click.FloatRange(0, min_open=True), help="A new total cost, in full trainings."
)
@scheduler_option
@json_option
@click.pass_obj
def command(
    output: Output,
    study: str,
    trials: int | None,
    minutes: float | None,
    workers: int | None,
    trainings: float | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Go on with STUDY to the total it was given, or to a new one.

    Finished trials are never run again; those that were stopped half-way are.
    """
    check_scheduler(scheduler)
    place = find(study)
    opened = place.open()
    history = opened.history
    request = stored_request(history, place.name)
    opened.close()
    if request.verb == "babysit":
        from osetra.cli.babysit import resume_babysit

        resume_babysit(output, place, request)
        return
    total = trials or history.target or request.trials
    trainings = trainings or request.trainings
    request = replace(
        request,
        trials=total,
        trainings=trainings,
        scheduler=scheduler,
        minutes=minutes or (request.minutes if trials is None else None),
        workers=workers or request.workers,
    )
    if is_script(request.source):
        from osetra.cli.tune_script import resume_script

        resume_script(output, place, request, as_json=as_json)
    else:
        from osetra.cli.tune_data import tune_data

        tune_data(output, place, request, as_json=as_json)
