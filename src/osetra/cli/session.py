"""Session: lets a study run under the eyes of a person, and ends it with a report, also after Ctrl-C."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from osetra.cli.output import Output
from osetra.errors import MissingExtra
from osetra.tuning.locations import RUNS, Place
from osetra.views.progress import Budget
from osetra.views.terminal.display import Watcher
from osetra.views.terminal.report import study_report

if TYPE_CHECKING:
    from osetra.core.finding import Finding
    from osetra.study.study import Study
    from osetra.training.run import Run

PICTURES = ("curves.png", "curves.svg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much work may be done, and by how many."""

    trials: int | None
    minutes: float | None
    workers: int
    trainings: float | None = None
    """Cost of the whole study in full trainings."""
    steps: int | None = None
    """Steps of a full training, when known."""
    report_timeout: float | None = None
    confirm: int = 0
    seeds: int = 3
    """Fresh seeds per confirmed configuration."""


@dataclass(frozen=True, slots=True)
class Session:
    """A study at its place, with an output to show it on."""

    output: Output
    place: Place
    study: Study
    chosen: str | None = None
    """The scheduler that was asked for; None goes on with the study's own."""

    def search(self, train: Callable[[Run], object], effort: Effort) -> None:
        """Run trials until the target, then the best few again with fresh seeds.

        Raises:
            KeyboardInterrupt: stopped by Ctrl-C; how to go on has been printed.
        """
        from osetra.executors import Processes

        executor = Processes(effort.workers)
        with self.resumable():
            with self._watch("searching", effort) as watch:
                self.study.run(
                    train,
                    trials=effort.trials,
                    minutes=effort.minutes,
                    trainings=effort.trainings,
                    steps=effort.steps,
                    executor=executor,
                    report_timeout=effort.report_timeout,
                    watch=watch,
                )
            top = min(effort.confirm, len(self.study.history.ranked(self.study.problem.objective)))
            if top < 1:
                return
            again = replace(effort, trials=top * effort.seeds, minutes=None, trainings=None)
            with self._watch("confirming", again, repeats=True) as watch:
                self.study.confirm(
                    train,
                    top=top,
                    seeds=effort.seeds,
                    executor=executor,
                    report_timeout=effort.report_timeout,
                    watch=watch,
                )

    @contextmanager
    def resumable(self) -> Iterator[None]:
        """Say how to go on when Ctrl-C ends what happens inside."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            self._stopped()
            raise

    def report(self, *, quiet: bool = False) -> list[Finding]:
        """Print the end report on stdout and draw the pictures; returns the advice in it."""
        from osetra.advice import findings

        problem, history = self.study.problem, self.study.history
        advice = list(findings(problem, history))
        if not quiet:
            self.output.show(study_report(problem, history, advice, width=self.output.data.width))
        return advice

    def draw(self) -> list[Path]:
        """Write the pictures beside the study; without matplotlib, say how to get them."""
        from osetra.views.plots import save_picture

        self.place.folder.mkdir(parents=True, exist_ok=True)
        files = [self.place.folder / name for name in PICTURES]
        try:
            return save_picture(self.study.problem, self.study.history, files, name=self.place.name)
        except MissingExtra as missing:
            self.output.say(Text(str(missing), "dim"))
            return []

    @property
    def scheduler(self) -> str:
        """The name of what decides how long to train each."""
        opened = self.study.history.opened
        return self.chosen or (opened.scheduler if opened else "auto")

    @property
    def resume_command(self) -> str:
        """What to type to go on."""
        return f"osetra resume {shown_place(self.place)}"

    def _watch(self, phase: str, effort: Effort, *, repeats: bool = False) -> Watcher:
        history = self.study.history
        seconds = None if effort.minutes is None else 60.0 * effort.minutes
        budget = Budget(
            trials=effort.trials,
            seconds=seconds,
            trainings=effort.trainings,
            metric=self.study.problem.objective.metric,
            started=time.time(),
            repeats=repeats,
        )
        budget = replace(budget, already=budget.done(history))
        watcher = Watcher(self.study.problem, self.output.eyes, self.place.name, phase, budget)
        return watcher.start(history)

    def _stopped(self) -> None:
        history = self.study.history
        done = sum(trial.repeats is None for trial in history.ended)
        goal = f" of {history.target}" if history.target else ""
        self.output.say(
            Text(f"stopped after {done}{goal} trials; nothing is lost", "bold"),
            Text(f"to go on: {self.resume_command}", "bold cyan"),
        )


def shown_place(place: Place) -> str:
    """Return what a person types to name the study: its name, its folder, or its address elsewhere."""
    if place.at_home:
        usual = (RUNS / place.name).resolve() == place.folder.resolve()
        return place.name if usual else str(place.folder)
    return shlex.quote(str(place.address))
