"""`osetra resume`: go on with a study that `osetra tune` started."""

from __future__ import annotations

from dataclasses import replace

import click
from rich.text import Text

from osetra.cli.failures import typed
from osetra.cli.going_on import say_program
from osetra.cli.options import (
    Above,
    Whole,
    check_scheduler,
    goal,
    json_option,
    keep_going_option,
    scheduler_option,
    study_argument,
    tracker_option,
)
from osetra.cli.output import Output
from osetra.cli.page import dashboard_option
from osetra.cli.report import tune_data, tune_own
from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.errors import StudyError
from osetra.tuning.followers import Followers
from osetra.tuning.locations import find
from osetra.tuning.program import go_on
from osetra.tuning.request import stored_request
from osetra.tuning.script import is_script


@click.command("resume")
@study_argument
@click.option("-n", "--trials", type=Whole(1), help="A new total, earlier trials included.")
@click.option("-m", "--minutes", type=Above(), help="Stop after so many minutes.")
@click.option("-w", "--workers", type=Whole(1), help="Trainings at once.")
@click.option("--trainings", type=Above(), help="A new total cost, in full trainings.")
@click.option("--until", metavar="GOAL", callback=goal, help="A new goal, such as 'val_loss<0.05'.")
@scheduler_option
@tracker_option
@keep_going_option
@dashboard_option
@json_option
@click.pass_obj
def command(  # noqa: PLR0913 - one for each option
    output: Output,
    study: str,
    trials: int | None,
    minutes: float | None,
    workers: int | None,
    trainings: float | None,
    until: str | None,
    scheduler: str | None,
    trackers: tuple[str, ...],
    keep_going: bool,
    as_json: bool,
) -> None:
    """Go on with STUDY to the total it was given, or to a new one.

    Finished trials are never run again; those that were stopped half-way are.
    """
    with typed():
        check_scheduler(scheduler)
    location = find(study)
    opened = location.open()
    history = opened.history
    request = stored_request(history, location)
    opened.close()
    if request.verb == "babysit":
        from osetra.cli.babysit import resume_babysit

        resume_babysit(output, location, _followers(output, trackers or request.trackers).trackers)
        return
    _check_more(location.name, history, opened.problem.objective.metric, trials, trainings)
    limits = request.limits
    # Who gives one kind of limit means that one and not those of earlier calls.
    new = replace(
        limits,
        trials=trials or (None if trainings else history.target or limits.trials),
        trainings=trainings or (None if trials else limits.trainings),
        minutes=minutes or (limits.minutes if trials is None else None),
        until=until or limits.until,
        workers=workers or limits.workers,
    )
    keep_going = keep_going or request.keep_going
    request = replace(request, limits=new, scheduler=scheduler, keep_going=keep_going)
    followers = _followers(output, trackers or request.trackers)
    if request.verb == "run" or is_script(request.source):
        say_program(output, request, history)
        again, training = go_on(request, location)
        tune_own(output, location, again, training, followers, as_json=as_json)
    else:
        from osetra.tuning.data import plan

        tune_data(output, location, plan(location, request), followers, as_json=as_json)


def _followers(output: Output, trackers: tuple[str, ...]) -> Followers:
    """Return who is told of the trials, and say so: the study may be somebody else's."""
    found = Followers.of(trackers)
    if trackers:
        output.say(Text(f"this tells {', '.join(map(one_line, trackers))}", "dim"))
    return found


def _check_more(
    name: str, history: History, metric: str, trials: int | None, trainings: float | None
) -> None:
    """Refuse totals below what the study has already.

    Raises:
        StudyError: naming what there is and a total that would do.
    """
    begun, waits = len(history.searched), bool(history.queued or history.running)
    if trials is not None and (trials < begun or (trials == begun and not waits)):
        raise StudyError(
            f"--trials {trials}: {name} has {begun} trials already, and this is the total; "
            f"give a larger one, such as --trials {2 * begun}"
        )
    spent = history.curves.count(metric) / history.steps if history.steps else 0.0
    if trainings is not None and trainings <= spent and not waits:
        raise StudyError(
            f"--trainings {trainings:g}: {name} has cost {spent:.1f} full trainings already, and this is the "
            f"total; give a larger one, such as --trainings {2 * spent:.0f}"
        )
