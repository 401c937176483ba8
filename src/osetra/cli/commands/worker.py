"""`osetra worker`: help with a study from any machine that reaches its store."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from osetra.cli.failures import LEFT, REQUEST, Failure, typed
from osetra.cli.going_on import say_program
from osetra.cli.options import Above, Whole, goal, keep_going_option, study_argument, tracker_option
from osetra.cli.output import Output
from osetra.cli.page import dashboard_option, page_beside
from osetra.errors import StudyError
from osetra.stores.address import parse
from osetra.study.tracking import listeners
from osetra.tuning.locations import Location, find, known
from osetra.tuning.request import Request, stored_request
from osetra.tuning.script import is_script, load_function

if TYPE_CHECKING:
    from osetra.study.study import Study
    from osetra.training.run import Run

WAIT = 1.0
"""Seconds between looks for a study that does not exist yet."""


@click.command("worker")
@study_argument
@click.argument("words", nargs=-1, metavar="[NAME] [SCRIPT.py:FUNCTION|DATA]")
@click.option("-s", "--slots", type=Whole(1), help="Trainings at once [default: 1, or one per GPU].")
@click.option("--gpus", metavar="0,1|all", help="The devices that the slots share out.")
@click.option("-n", "--trials", type=Whole(1), help="A new total of the study.")
@click.option("-m", "--minutes", type=Above(), help="Leave after so many minutes.")
@click.option("--trainings", type=Above(), help="A new total cost of the study.")
@click.option("--until", metavar="GOAL", callback=goal, help="Leave at a goal, such as 'val_loss<0.05'.")
@click.option("--idle", type=Above(), help="Leave after so many minutes without work.")
@click.option(
    "--grace",
    type=Above(),
    default=10.0,
    show_default=True,
    help="Seconds that trainings get to reach their next report when this is told to leave.",
)
@tracker_option
@keep_going_option
@dashboard_option
@click.option("--wait", is_flag=True, help="Wait for a study that does not exist yet.")
@click.pass_obj
def command(output: Output, /, study: str, words: tuple[str, ...], gpus: str | None, **options: Any) -> None:
    """Train trials of STUDY, which another program started, here or on another machine.

    STUDY is a name, a file or the URL of a store with #NAME or NAME. What is trained stands in the study,
    if osetra tune or osetra run started it; else name the function, as script.py:function or
    package.module:function. The files have to be on this machine, too.

    It leaves when the study has all its trials. On SIGTERM or SIGUSR1 trainings keep a checkpoint at
    their next report and go on elsewhere; the exit code is 75. Ctrl-C does the same with 130.

    \b
      osetra worker postgresql://user@host/db#digits
      osetra worker postgresql://user@host/db digits train.py:train --gpus all
      osetra worker studies.db#digits --slots 4 --idle 10
    """  # noqa: D301 - click reads \b as "do not rewrap"
    with preemptible():
        name, source = _split(words)
        if name and study in known():
            raise StudyError(
                f"{name}: {study} is a study already, so this is what it trains; it is no file here, and a "
                "function is written script.py:function or package.module:function"
            )
        location = _found(output, f"{study}#{name}" if name else study, wait=options.pop("wait"))
        _work(output, location, source, gpus, **options)


@contextmanager
def preemptible() -> Iterator[None]:
    """Exit with 75 when somebody needs the machine, so that a cluster starts the job again."""

    def leave(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    polite = [getattr(signal, name) for name in ("SIGTERM", "SIGUSR1", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.signal(number, leave) for number in polite}
    try:
        yield
    except SystemExit as stop:
        if stop.code in {128 + number for number in polite}:
            raise Failure("", LEFT) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def training(location: Location, study: Study, source: str | None) -> tuple[Callable[[Run], object], str]:
    """Return what this machine trains, and its name for people.

    Raises:
        StudyError: nothing says what to train, or it is not on this machine.
    """
    from osetra.tuning.functions import command_training, network_task, training_function

    history = study.history
    opened = history.opened
    task = opened.task if opened is not None else {}
    if "request" not in task:
        if source is None:
            raise StudyError(
                f"{location.name} was started by a program of its own, which does not say what to train "
                "here; name the function: osetra worker STUDY script.py:function, or package.module:function"
            )
        return load_function(_here(location, source)), source
    request = stored_request(history, location)
    if request.verb == "run":
        at_home = Path(request.folder).is_dir()
        program = command_training(request if at_home else replace(request, folder=str(Path.cwd())), location)
        program.check(study.problem.space)
        return program, " ".join(request.command)
    if is_script(request.source) or (source is not None and not Path(source).exists()):
        return load_function(_here(location, source or request.source)), source or _short(request)
    if source is None:
        return training_function(location, history), _short(request)
    return network_task(replace(request, source=source), location, task), source


def _here(location: Location, source: str) -> str:
    """Return a source whose file is on this machine."""
    path = source.partition(":")[0]
    if is_script(source) and not Path(path).is_file():
        raise StudyError(
            f"{path}: no such file on {socket.gethostname()}; copy it here, or name it where it is: "
            f"osetra worker {location.address} PATH/{Path(path).name}:FUNCTION"
        )
    return source


def _short(request: Request) -> str:
    path, colon, function = request.source.partition(":")
    return f"{Path(path).name}{colon}{function}"


def _split(words: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Return the study's name and the source among the words behind the store."""
    sources = [word for word in words if ":" in word or word.endswith(".py") or Path(word).is_file()]
    names = [word for word in words if word not in sources]
    if len(sources) > 1 or len(names) > 1:
        raise click.UsageError(
            f"{' '.join(words)}: write osetra worker STORE [NAME] [SCRIPT.py:FUNCTION], each once"
        )
    return (names[0] if names else None), (sources[0] if sources else None)


def _found(output: Output, text: str, *, wait: bool) -> Location:
    """Return the place of the study, once it exists.

    Raises:
        Failure: there is no such study, and nobody wanted to wait.
    """
    told = False
    while True:
        try:
            return find(text)
        except StudyError as error:
            if not wait:
                raise Failure(f"{error}\nStart the study first, or add --wait.", REQUEST) from None
        if not told:
            output.say(Text(f"waiting for {parse(text)} to be started", "dim"))
        told = True
        time.sleep(WAIT)


def _work(output: Output, location: Location, source: str | None, gpus: str | None, **options: Any) -> None:
    from osetra.cli.display.worker import WorkerDisplay
    from osetra.executors import Processes
    from osetra.executors.devices import choose

    with typed():
        devices = choose(gpus or "")
        options["trackers"] = listeners(options["trackers"])
    slots = options.pop("slots") or len(devices) or 1
    study = location.open()
    function, what = training(location, study, source)
    request = stored_request(study.history, location) if "request" in _task(study) else None
    if request is not None:
        say_program(output, request, study.history)
    if (
        request is not None
        and not study.history.target
        and not any(options[n] for n in ("trials", "minutes"))
    ):
        options["trainings"] = options["trainings"] or request.limits.trainings
    if request is not None:
        options["until"] = options["until"] or request.limits.until
    display = WorkerDisplay(study.problem, output.eyes, Processes(slots, devices))
    try:
        with page_beside(output, location), display.open(location, study.history, what) as watch:
            study.join(
                function,
                executor=display,
                progress=False,
                report_timeout=None if request is None else request.limits.report_timeout,
                watch=watch,
                **options,
            )
    finally:
        display.summarize(study.history)
        study.close()


def _task(study: Study) -> dict[str, Any]:
    opened = study.history.opened
    return {} if opened is None else dict(opened.task)
