"""Tuning any program: `osetra run study.toml -- ./train --lr {lr}`."""

from __future__ import annotations

import shlex

from rich.text import Text

from osetra.cli.output import Output
from osetra.cli.session import Session
from osetra.command.template import fill, shown, text_of
from osetra.core.clean import one_line
from osetra.errors import StudyError
from osetra.tuning.functions import command_training
from osetra.tuning.locations import Place
from osetra.tuning.program import build_space, filled, open_study, run_study, show_plan
from osetra.tuning.request import Request, stored_request
from osetra.tuning.studyfile import StudyFile


def run_command(
    output: Output, place: Place, request: Request, file: StudyFile, *, dry_run: bool, as_json: bool
) -> None:
    """Run the whole study of a program and report."""
    request = filled(request, file)
    space = build_space(None, file, request)
    if request.minimize is None and request.maximize is None:
        raise StudyError(
            "what counts as better? Give the metric that the program reports: --minimize val_loss, "
            'or in study.toml: [study] minimize = "val_loss"'
        )
    training = command_training(request, place)
    for warning in training.check(space):
        output.say(Text(warning, "yellow"))
    if dry_run:
        show_plan(output, space, request)
        default = {name: text_of(value) for name, value in space.default.items()}
        own = {name: default.get(name, "…") for name in ("trial", "attempt", "seed", "config", "report")}
        argv = fill(request.command, {**own, "checkpoint_dir": "…", "resume_step": "0", **default})
        output.show(Text("the defaults as a command", "bold"), Text(f"  {one_line(shlex.join(argv))}"))
        return
    study = open_study(place, space, request)
    before = stored_request(study.history, place.name)
    if before.command != request.command:
        other = shown(before.command) or before.source
        raise StudyError(
            f"{place.name} tunes another command: {other}; results of two programs in one study would "
            f"mislead. Go on with it: osetra resume {place.name}; or give this one a --name"
        )
    session = Session(output, place, study, request.scheduler)
    run_study(session, training, shown(request.command), request, as_json)


def resume_command(output: Output, place: Place, request: Request, *, as_json: bool = False) -> None:
    """Go on with the command, the space and the goal that are stored."""
    study = place.open(request.searcher, request.scheduler)
    training = command_training(request, place)
    training.check(study.problem.space)
    session = Session(output, place, study, request.scheduler)
    run_study(session, training, shown(request.command), request, as_json)
