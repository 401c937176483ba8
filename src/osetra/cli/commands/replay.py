"""`osetra replay`: train a steered trial again, unattended, and say whether it comes out the same."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from osetra.cli.options import json_option, study_argument
from osetra.cli.output import Output
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.numbers import duration, number
from osetra.core.trial import ENDED, Trial
from osetra.errors import StudyError
from osetra.training.replay import Recipe, Replay, compare, recipe
from osetra.tuning.functions import training_function
from osetra.tuning.locations import Location, find
from osetra.views.json import pieces_document
from osetra.views.terminal.tables import pieces_text

FOLDER = "replays"


@click.command("replay")
@study_argument
@click.argument("trial", type=int)
@json_option
@click.pass_obj
def command(output: Output, study: str, trial: int, as_json: bool) -> None:
    """Train TRIAL of STUDY again from its plain configuration, and compare the curves bit for bit.

    What people and schedulers changed while it trained is changed at the same steps, without pauses,
    roll-backs or checkpoints. On the CPU of the same machine the replay is bitwise equal; if not,
    its checkpoints leave something out, the training draws on something that has no seed, or it is
    a program whose steps are so short that a change reached it a step later.
    """
    location = find(study)
    opened = location.open()
    problem, history = opened.problem, opened.history
    told = recipe(history, trial, problem.objective.metric)
    function = training_function(location, history, location.folder / FOLDER / "logs")
    original = history.trials[trial]
    if not as_json:
        output.say(Text.assemble((f"trial {trial}", "bold"), f" again, unattended, {told.steps} steps"))
        output.say(*(Text(f"  {line}", "dim") for line in pieces_text(history, original)))
    again, copy = _train(output, location, told, Replay(function, told), quiet=as_json)
    if copy.state not in ENDED or copy.state == "failed":
        raise StudyError(f"the replay {copy.state}: {copy.reason or 'no reason given'}")
    same = compare(history, original, again, copy)
    _remember(location, trial, same.text)
    if as_json:
        body = {"trial": trial, "same": same.same, "text": same.text, **asdict(same)}
        body["value"], body["replayed"] = original.value, copy.value
        body["pieces"] = pieces_document(history, original)
        output.document("replay", body)
        return
    metric = problem.objective.metric
    output.show(Text(same.text, "bold green" if same.same else "bold yellow"))
    if original.value is not None and copy.value is not None:
        values = f"{metric} {number(original.value, 6)}, in the replay {number(copy.value, 6)}"
        output.show(Text(values, "dim"))


def _train(
    output: Output, location: Location, told: Recipe, train: Replay, *, quiet: bool
) -> tuple[History, Trial]:
    """Train in a study of its own beside the other, in a process like the original's."""
    from osetra.executors import Processes
    from osetra.study.study import Study

    file = _free(location.folder / FOLDER, told.trial)
    opened = location.open()
    objective = opened.problem.objective
    study = Study(
        str(file),
        opened.problem.space,
        minimize=objective.metric if objective.direction == "minimize" else None,
        maximize=objective.metric if objective.direction == "maximize" else None,
        pick=objective.pick,
        searcher="manual",
        scheduler="full",
        task={"replays": told.trial, "of": location.address.bare},
    )
    opened.close()
    study.enqueue()
    watch = _Progress(output.eyes, objective.metric, told.steps, quiet)
    with output.eyes.status("replaying") as status:
        watch.status = status.update
        study.run(train, trials=1, executor=Processes(1), progress=False, watch=watch)
    return study.history, study.trials[0]


def _free(folder: Path, trial: int) -> Path:
    """Return a file for one more replay of a trial."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 1
    while (folder / f"{trial}-{count}.db").exists():
        count += 1
    return folder / f"{trial}-{count}.db"


def _remember(location: Location, trial: int, text: str) -> None:
    """Note the verdict in the study that was replayed."""
    from osetra.stores import open_store

    store = open_store(location.address.url, location.address.study)
    store.append(
        [Noted("replay", f"{trial} {time.time():.3f}", f"of trial {trial}: {text}", {"trial": trial})]
    )
    store.close()


@dataclass(slots=True)
class _Progress:
    """Shows how far a replay is."""

    console: Console
    metric: str
    steps: int
    quiet: bool
    status: object = None
    started: float = field(default_factory=time.monotonic)

    def __call__(self, history: History) -> None:
        """Update the line."""
        trial = history.trials.get(1)
        if trial is None or self.quiet or not callable(self.status):
            return
        step = history.step(trial, self.metric)
        spent = time.monotonic() - self.started
        left = f", about {duration(spent / step * (self.steps - step))} left" if step else ""
        self.status(f"replaying: step {step} of {self.steps}{left}")
