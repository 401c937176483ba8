"""How a study goes on: with which command, and which program it is that will run."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

from rich.text import Text

from osetra.cli.output import Output
from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.executors.identity import condition
from osetra.stores.address import MAIN
from osetra.tuning.locations import Location
from osetra.tuning.request import Request
from osetra.tuning.script import is_script


def how_to_go_on(location: Location, history: History) -> str:
    """Return what a person does so that a study goes on: a command, or a program of their own."""
    task = history.opened.task if history.opened else {}
    if "request" in task:
        return f"osetra resume {location.reference}"
    study = location.address.study
    name = "" if study == MAIN else f", with name={study!r}"
    return f"run the program that made {location.address} again{name}"


def is_left_alone(history: History) -> bool:
    """Whether there is something to do and nobody left who does it, as far as this machine can tell."""
    if any(condition(trial.attempts[-1].worker) != "dead" for trial in history.running):
        return False
    missing = history.target and history.begun < history.target
    return bool(history.running or history.queued or missing)


def say_program(output: Output, request: Request, history: History) -> None:
    """Say which program or function is about to run, and whether it changed since the study began."""
    if request.verb == "run":
        folder = Path(request.folder or ".")
        what = f"{shlex.join(request.command)} in {folder}"
        files = [folder / word for word in request.command]
    elif is_script(request.source):
        path, colon, function = request.source.partition(":")
        file = Path(path).absolute()
        what, files = f"{file}{colon}{function}", [file]
    else:
        return
    output.say(Text(f"this runs {one_line(what)}", "dim"))
    began = min((a.started for trial in history.trials.values() for a in trial.attempts), default=None)
    for file in files:
        changed = file.stat().st_mtime if file.is_file() else 0.0
        if began is not None and changed > began:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(changed))
            output.say(
                Text(
                    f"{one_line(str(file))} was changed on {when}, after this study began: earlier results "
                    "are those of the program as it was, and what runs now is the program as it is",
                    "yellow",
                )
            )
