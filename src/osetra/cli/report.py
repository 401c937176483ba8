"""What `osetra tune`, `run` and `resume` print: the opening, the end report, pictures, how to go on."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from osetra.cli.output import Output
from osetra.cli.page import page_beside
from osetra.core.bounds import bounds_of, written_bounds
from osetra.core.clean import one_line
from osetra.core.finding import Finding
from osetra.core.numbers import setting
from osetra.core.price import Price
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.text import format_param
from osetra.errors import MissingExtra
from osetra.tuning import experience
from osetra.tuning.circumstances import remember
from osetra.tuning.locations import Location
from osetra.tuning.observer import Observer, Row
from osetra.tuning.program import OwnTraining, asked_objectives
from osetra.tuning.request import Request
from osetra.tuning.search import search, with_end
from osetra.views.json import finding_document, study_document
from osetra.views.lines import goals_text
from osetra.views.terminal.opening import labelled
from osetra.views.terminal.report import study_report
from osetra.views.terminal.study_display import study_display

if TYPE_CHECKING:
    from osetra.study.display import Display
    from osetra.study.study import Study
    from osetra.tuning.data import DataPlan
    from osetra.tuning.followers import Followers
    from osetra.tuning.result import TuneResult

PICTURES = ("curves.png", "curves.svg")


def tune_data(
    output: Output, location: Location, planned: DataPlan, followers: Followers, *, as_json: bool
) -> None:
    """Tune the built-in network on data, and print what happens."""
    from osetra.cli import BEGUN
    from osetra.tuning import data

    observer = ConsoleObserver(output, location, planned.request, as_json)
    with page_beside(output, location), resumable(output, location, lambda: observer.study):
        data.tune_data(
            location,
            planned,
            observer=observer,
            progress=_display(output, location),
            begun=BEGUN,
            followers=followers,
        )


def tune_own(
    output: Output,
    location: Location,
    study: Study,
    training: OwnTraining,
    followers: Followers,
    *,
    as_json: bool,
) -> None:
    """Run a study of somebody's own training to its end, and print what happens."""
    request = training.request
    output.say(_headline(location, study, training))
    if known := experience.rows(study):
        output.say(labelled(known))
    with page_beside(output, location), resumable(output, location, lambda: study):
        search(
            study,
            training.function,
            with_end(request.limits),
            keep_going=request.keep_going,
            progress=_display(output, location),
            followers=followers,
        )
    remember(study, request, location)
    experience.keep(study, request, location.name)
    advice = _report(output, study, location.reference, quiet=as_json)
    pictures = _draw(output, location, study)
    if as_json:
        output.document("tune", _document(location, study, advice, pictures))
    else:
        _say_what_next(output, location, pictures)
    _ = study.front if study.problem.others else study.best  # raises NothingFinished: the exit code


def say_cost(output: Output, price: Price | None) -> None:
    """Say what the command has cost so far, where somebody said what its machine costs."""
    from osetra.cli import BEGUN

    if price is not None:
        output.say(labelled([("cost", price.of(time.monotonic() - BEGUN))]))


def _display(output: Output, location: Location) -> Display:
    """Return the display of a study on stderr; its result is left to the report."""
    return partial(study_display, name=location.name, console=output.eyes, closing=False)


def print_plan(output: Output, space: Space, request: Request, *, first: int = 5) -> None:
    """Print the space and the first configurations that would be tried."""
    import numpy as np

    from osetra.core.history import History
    from osetra.searchers import by_name

    asked = asked_objectives(request) or (Objective(metric="val_loss"),)
    problem = Problem(space, asked[0], asked[1:], bounds_of(written_bounds(request.limit)))
    output.show(Text(goals_text(problem), "bold"))
    for name, param in space:
        output.show(Text(f"  {name} = {format_param(param)}"))
    for label, told in experience.foreseen(problem, request):
        output.show(Text(f"{label}: {told}"))
    searcher = by_name(request.searcher or "auto")
    rng = np.random.default_rng((request.seed, 1))
    output.show(Text(f"first configurations by {searcher.name}", "bold"))
    for suggestion in searcher.suggest(problem, History(), first, rng):
        pairs = " ".join(f"{name}={setting(value)}" for name, value in suggestion.config.items())
        output.show(Text(f"  {pairs}"))
    output.say(Text("nothing was run (--dry-run)", "dim"))


def print_command(output: Output, request: Request, space: Space) -> None:
    """Print the command that a program would be started with for the defaults."""
    from osetra.command.template import fill, text_of

    default = {name: text_of(value) for name, value in space.default.items()}
    own = {name: default.get(name, "…") for name in ("trial", "attempt", "seed", "config", "report")}
    argv = fill(request.command, {**own, "checkpoint_dir": "…", "resume_step": "0", **default})
    output.show(Text("the defaults as a command", "bold"), Text(f"  {one_line(shlex.join(argv))}"))


@contextmanager
def resumable(output: Output, location: Location, study: Callable[[], Study | None]) -> Iterator[None]:
    """Say how to go on when Ctrl-C ends what happens inside."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        begun = study()
        if begun is not None:
            history = begun.history
            done = sum(trial.repeats is None for trial in history.ended)
            goal = f" of {history.target}" if history.target else ""
            output.say(
                Text(f"stopped after {done}{goal} trials; nothing is lost", "bold"),
                Text(f"to go on: osetra resume {location.reference}", "bold cyan"),
            )
        raise


@dataclass
class ConsoleObserver(Observer):
    """Prints how far the tuning of a network is: results on stdout, the rest on stderr."""

    output: Output
    location: Location
    request: Request
    as_json: bool
    study: Study | None = None
    advice: list[Finding] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    end: tuple[Progress, TaskID] | None = None
    """What shows the part of the end that is under way."""

    def on_data(self, name: str, rows: list[Row]) -> None:
        """Print what was understood of the data."""
        self.output.say(Text(name, "bold"), labelled(rows))

    def on_study(self, study: Study, rows: list[Row]) -> None:
        """Print the baseline and what will be searched."""
        self.study = study
        self.output.say(labelled(rows))

    def on_search_end(self, study: Study) -> None:
        """Print the report of the search and draw it."""
        self.advice = _report(self.output, study, self.location.reference, quiet=self.as_json)
        self.pictures = _draw(self.output, self.location, study)

    @contextmanager
    def waiting(self, reason: str) -> Iterator[None]:
        """Show what is under way, with a clock, or a line for each part where there is no terminal."""
        if not self.output.eyes.is_terminal:
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Progress(*columns, console=self.output.eyes, transient=True) as shown:
            self.end = (shown, shown.add_task(reason))
            yield
        self.end = None

    def on_part(self, part: str) -> None:
        """Show which part of the end is under way."""
        if self.end is None:
            self.output.say(Text(f"› {part}", "dim"))
        else:
            shown, task = self.end
            shown.update(task, description=part)

    def on_result(self, result: TuneResult) -> None:
        """Print the verdict and what can be done next, or one document."""
        if self.as_json:
            document = _document(self.location, result.study, self.advice, self.pictures)
            self.output.document("tune", document | result.document)
            return
        self.output.show(labelled(result.rows))
        self.output.say("", labelled(self._next(result)))

    def _next(self, result: TuneResult) -> list[Row]:
        request, study = self.request, self.location.reference
        source = request.source if "/" not in request.source else "NEW-DATA"
        history, limits = result.study.history, request.limits
        more = f"--trials {2 * max(history.target, len(history.searched), 1)}"
        if limits.trainings and not limits.trials:
            more = f"--trainings {2 * limits.trainings:g}"
        return [
            *(("picture", str(picture)) for picture in self.pictures[:1]),
            ("model", str(result.final.folder)),
            ("predict", f"osetra predict {study} {source} -o out.csv"),
            ("more", f"osetra resume {study} {more}"),
            ("look", f"osetra show {study}"),
            ("later", f"osetra retest {study} NEW-DATA asks whether it is still the best"),
        ]


def _report(output: Output, study: Study, reference: str, *, quiet: bool) -> list[Finding]:
    """Print the end report of a search on stdout unless quiet, and return the advice in it."""
    advice = list(study.advice)
    if not quiet:
        width = output.data.width
        problem, history = study.problem, study.history
        output.show(study_report(problem, history, advice, width=width, reference=reference))
    return advice


def _draw(output: Output, location: Location, study: Study) -> list[Path]:
    """Write the pictures beside the study; without matplotlib, say how to get them."""
    from osetra.views.figures.overview import save_picture

    location.folder.mkdir(parents=True, exist_ok=True)
    files = [location.folder / name for name in PICTURES]
    try:
        return save_picture(study.problem, study.history, files, name=location.name)
    except MissingExtra as missing:
        output.say(Text(str(missing), "dim"))
        return []


def _document(
    location: Location, study: Study, advice: list[Finding], pictures: list[Path]
) -> dict[str, Any]:
    return {
        **study_document(location.name, location.address, study.problem, study.history),
        "findings": [finding_document(finding, location.reference) for finding in advice],
        "pictures": [str(picture) for picture in pictures],
    }


def _headline(location: Location, study: Study, training: OwnTraining) -> Text:
    opened = study.history.opened
    scheduler = training.request.scheduler or (opened.scheduler if opened else "auto")
    text = f"  {one_line(training.title)}, {goals_text(study.problem)}"
    text += f", searcher {study.searcher.name}, scheduler {scheduler}"
    return Text.assemble((location.name, "bold"), text)


def _say_what_next(output: Output, location: Location, pictures: list[Path]) -> None:
    lines = [("kept in", str(location.folder))]
    lines += [("picture", str(picture)) for picture in pictures[:1]]
    lines += [("more trials", f"osetra resume {location.reference} --trials N")]
    lines += [("one trial", f"osetra show {location.reference} NUMBER")]
    for label, text in lines:
        output.say(Text.assemble((f"{label:<12}", "dim"), text))
