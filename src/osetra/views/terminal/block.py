"""The live block: one quiet picture of a study at work, redrawn in place.

digits  searching  ━━━━━━━━━━━━━━━━━─────────────  23 of 50 trials  about 1 min 30 s left
best    0.0412 val_loss in trial 17  lr=0.0123 units=256

▸ 23  █▅▃▂▂▁▁     0.1131  step 7    lr=0.0031 units=128
▸ 24  ██▇▇        0.8420  step 4    lr=0.0002 units=64

★ 17  0.0412 (was 0.0511)  12 s  lr=0.0123 units=256
↯ 20  diverged after 2 s: val_loss became nan  lr=0.9 units=32
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.lineage import here, values_at
from osetra.core.numbers import duration, number, searched_names, settings
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.effects.front import nothing_fits
from osetra.views.events import MARKS, STYLES, Event
from osetra.views.lines import best_text
from osetra.views.orders import STEERED
from osetra.views.progress import Progress, begun_text, cuts, progress_text
from osetra.views.series import curve
from osetra.views.terminal.spark import sparklines
from osetra.views.terminal.tables import counts_text, repeats_mean, seeds_text

SPARK = 12
"""Columns of a running trial's curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockLayout:
    """What a live block needs to know beside the study itself."""

    name: str
    phase: str
    progress: Progress
    now: float
    width: int = 100
    running: int = 8
    """Most running trials shown."""
    events: int = 5
    """How many of the latest events are shown."""


def live_block(history: History, recent: Sequence[Event], layout: BlockLayout) -> Group:
    """Return the block for this moment, with the latest of some events."""
    problem = layout.progress.problem
    names = searched_names(problem.space)
    parts: list[RenderableType] = [_bar(history, layout), _best(problem, history, layout, names)]
    parts += _counts(history, layout.progress)
    running = history.running
    if running:
        parts += [Text(), _running(problem, history, running, layout, names)]
    if recent:
        latest = recent[-layout.events :]
        parts += [Text(), *(event_line(event, layout.width) for event in latest)]
    return Group(*parts)


def event_line(event: Event, width: int | None = None) -> Text:
    """Return an event on one line, cut to `width` columns."""
    line = Text.assemble(
        (f"{MARKS[event.kind]} ", STYLES[event.kind]),
        (f"{event.subject:<4} ", "bold" if event.kind == "best" else ""),
        (event.text, "" if event.kind in ("best", "failed", "diverged") else "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )
    if width is not None:
        line.truncate(width, overflow="ellipsis")
    return line


def _bar(history: History, layout: BlockLayout) -> Text:
    text = progress_text(layout.progress, history, layout.now)
    room = layout.width - len(layout.name) - len(layout.phase) - len(text) - 6
    columns = max(4, min(40, room))
    full = round(columns * layout.progress.share(history, layout.now))
    line = Text.assemble(
        (layout.name, "bold"),
        "  ",
        (layout.phase, "cyan"),
        "  ",
        ("━" * full, "bold green"),
        ("─" * (columns - full), "dim"),
        "  ",
        text,
        no_wrap=True,
        overflow="ellipsis",
    )
    line.truncate(layout.width, overflow="ellipsis")
    return line


def _best(problem: Problem, history: History, layout: BlockLayout, names: list[str]) -> Text:
    objective = problem.objective
    best = history.best(objective)
    if best is not None and problem.others:
        return Text(best_text(problem, history), no_wrap=True, overflow="ellipsis")
    if best is None:
        ended = len(history.ended)
        if history.begun == 0:
            return Text("best  none yet: workers are starting", "dim")
        if unmet := nothing_fits(problem, history):
            return Text(f"best  {unmet}", "dim", no_wrap=True, overflow="ellipsis")
        none = "no trial has finished yet" if not ended else f"none of {ended} trials gave a valid result yet"
        return Text(f"best  {none}", "dim")
    repeats, lost = history.repeats(best.number), history.lost.get(best.number, [])
    value = repeats_mean(repeats) if repeats else number(best.value)
    seeds = f", {len(repeats)} fresh seeds" if repeats else ""
    seeds = f", {seeds_text(repeats, lost)}" if lost else seeds
    line = Text.assemble(
        "best  ",
        (value, "bold green"),
        f" {name_text(objective.metric)} in trial {best.number}{seeds}  ",
        (settings(best.config, names), "dim"),
        no_wrap=True,
        overflow="ellipsis",
    )
    line.truncate(layout.width, overflow="ellipsis")
    return line


def _running(
    problem: Problem, history: History, running: list[Trial], layout: BlockLayout, names: list[str]
) -> Table:
    grid = Table.grid(padding=(0, 2))
    for _ in range(2):
        grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    objective = problem.objective
    curves = [curve(history, trial, objective.metric) for trial in running[: layout.running]]
    sparks = sparklines([values for _, values in curves], SPARK, sign=objective.sign)
    for trial, (steps, values), spark in zip(running, curves, sparks, strict=False):
        step = step_text(history, trial, int(steps[-1])) if len(steps) else _waiting(trial, layout.now)
        room = max(8, layout.width - SPARK - 38)
        grid.add_row(
            Text(f"▸ {trial.number}{f' {STEERED}' if trial.steered else ''}", "cyan"),
            Text(f"{spark:<{SPARK}}", "cyan"),
            Text(number(float(values[-1])) if len(values) else ""),
            Text(f"{step:<{13 if history.steps else 9}}"),
            Text(settings({**trial.config, **values_at(history.trials, here(trial))}, names, room), "dim"),
        )
    if len(running) > layout.running:
        grid.add_row(Text(), Text(f"… {len(running) - layout.running} more", "dim"))
    return grid


def step_text(history: History, trial: Trial, step: int) -> str:
    """Return `step 7 to 9` when it pauses there, `step 7 of 40` when it runs to its end."""
    if trial.until is not None and trial.until > step:
        return f"step {step} to {trial.until}"
    return f"step {step} of {history.steps}" if history.steps else f"step {step}"


def _counts(history: History, progress: Progress) -> list[RenderableType]:
    """Return how many trials are in which state, once some wait or were stopped."""
    begun = begun_text(progress, history)
    if not begun and not cuts(history):
        return []
    return [Text.assemble("      ", f"{begun}  " if begun else "", counts_text(history))]


def _waiting(trial: Trial, now: float) -> str:
    last = trial.attempt
    return f"starting {duration(max(0.0, now - last.started))}" if last else "starting"
