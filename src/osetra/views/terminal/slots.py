"""Slots: what each slot of a worker does, and how far the study is that it helps with.

slot 0  GPU 0  trial 13  █▅▃▂▂▁▁  0.1131  step 7 of 40  lr=0.0031 units=128
slot 1  GPU 1  waits for work
study   12 of 30 trials done, 4 run, best val_loss 0.0412 in trial 9
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from osetra.core.history import History
from osetra.core.numbers import duration, number, searched_names, settings
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.views.lines import best_text
from osetra.views.series import curve
from osetra.views.terminal.block import SPARK, step_text
from osetra.views.terminal.spark import sparklines


def slots_block(
    problem: Problem,
    history: History,
    running: Mapping[int, Trial],
    labels: Sequence[str],
    width: int = 100,
) -> Group:
    """Return the block for this moment; `running` holds the trial of each slot that has one."""
    grid = Table.grid(padding=(0, 2))
    for _ in range(6):
        grid.add_column(no_wrap=True, overflow="ellipsis")
    names, objective = searched_names(problem.space), problem.objective
    curves = {slot: curve(history, trial, objective.metric) for slot, trial in running.items()}
    drawn = sparklines([values for _, values in curves.values()], SPARK, sign=objective.sign)
    sparks = dict(zip(curves, drawn, strict=True))
    for slot, label in enumerate(labels):
        trial = running.get(slot)
        if trial is None:
            grid.add_row(Text(label), Text("waits for work", "dim"))
            continue
        steps, values = curves[slot]
        step = step_text(history, trial, int(steps[-1])) if len(steps) else _waiting(trial)
        room = max(8, width - SPARK - len(label) - 48)
        grid.add_row(
            Text(label),
            Text(f"trial {trial.number}", "cyan"),
            Text(f"{sparks[slot]:<{SPARK}}", "cyan"),
            Text(number(float(values[-1])) if len(values) else ""),
            Text(step),
            Text(settings(trial.config, names, room), "dim"),
        )
    line = Text.assemble(("study   ", "dim"), study_text(problem, history), no_wrap=True)
    line.truncate(width, overflow="ellipsis")
    return Group(grid, line)


def study_text(problem: Problem, history: History) -> str:
    """Return `12 of 30 trials done, 4 run, best val_loss 0.0412 in trial 9`."""
    done = sum(trial.repeats is None for trial in history.ended)
    goal = f" of {history.target}" if history.target else ""
    parts = [f"{done}{goal} trials done"]
    for count, what in ((len(history.running), "run"), (len(history.queued), "wait")):
        parts += [f"{count} {what}"] if count else []
    if history.best(problem.objective) is not None:
        parts.append(best_text(problem, history))
    return ", ".join(parts)


def start_line(problem: Problem, trial: Trial, label: str) -> str:
    """Return a line for a log: which trial a slot has begun, and from where."""
    config = settings(trial.config, searched_names(problem.space))
    attempt = trial.attempts[-1]
    begins = "" if attempt.source is None else f" from step {attempt.source.step}"
    return f"▸ {label}: trial {trial.number}{begins}  {config}"


def _waiting(trial: Trial) -> str:
    last = trial.attempt
    return f"starting {duration(max(0.0, time.time() - last.started))}" if last else "starting"
