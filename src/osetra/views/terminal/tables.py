"""Tables: the trials of a study by rank, one trial in full, and the state of a study in a few lines."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from osetra.core.bounds import Bound
from osetra.core.clean import json_text, name_text, one_line, printable
from osetra.core.history import History
from osetra.core.lineage import checkpoints, here, pieces
from osetra.core.numbers import duration, mean_text, number, searched_names, setting, settings
from osetra.core.outcomes import measured
from osetra.core.problem import Objective, Problem
from osetra.core.state import State
from osetra.core.trial import ENDED, Attempt, Trial
from osetra.effects.front import Front
from osetra.views.lines import best_text, goals_text
from osetra.views.orders import STEERED, STEERED_LEGEND
from osetra.views.panels.remembered import OF_STUDY, remembered_of_study
from osetra.views.series import curve
from osetra.views.terminal.orders import orders_table
from osetra.views.terminal.spark import sparklines

STATE_STYLES: dict[State, str] = {
    State.QUEUED: "dim",
    State.RUNNING: "cyan",
    State.PAUSED: "blue",
    State.FINISHED: "green",
    State.STOPPED: "magenta",
    State.DIVERGED: "yellow",
    State.FAILED: "red",
}
_SPARK = 10
_WORDS = ("state", "fresh seeds", "curve")
"""Columns of the trials table that begin at the left."""
WIDE = 100
"""Columns of a terminal from which on curves are drawn beside fresh seeds."""
_LONGEST = 28
"""Characters of a column's name."""
_LONGEST_ATTR = 300
"""Characters of something remembered."""
_MOST_PAIRS = 30
"""Values of the best trial in the few lines about a study."""
_MOST_NAMED = 12
"""Names of columns that do not fit."""
_BETWEEN = 3
"""Columns between two cells of a table."""


def trials_table(
    problem: Problem, history: History, trials: Sequence[Trial], *, width: int = 100, title: str = ""
) -> RenderableType:
    """Return trials as a table with as many hyperparameters as fit; the rest is named below it."""
    if not trials:
        return Text("no trial to show yet", "dim")
    columns = _result_columns(problem, history, trials, width)
    room = width - 2 - sum(_width(name, cells) + _BETWEEN for name, cells in columns)
    shown, hidden = _fitting(_varying_first(searched_names(problem.space), trials), trials, room)
    for name in shown:
        columns.insert(-1, (name, [setting(t.config[name]) if name in t.config else "" for t in trials]))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), title=title or None, title_justify="left")
    for name, cells in columns:
        worth = name == problem.objective.metric  # is never cut
        table.add_column(
            name_text(name, _LONGEST),
            justify="left" if name in _WORDS else "right",
            no_wrap=name != "fresh seeds",
            min_width=min(_width(name, cells), 12) if worth else None,
        )
    best = history.best(problem.objective)
    for row, trial in enumerate(trials):
        style = "bold" if best is not None and trial.number == best.number else ""
        table.add_row(*(cells[row] for _, cells in columns), style=style)
    below = [f"not shown: {_named(hidden)}"] if hidden else []
    below += [STEERED_LEGEND] if any(trial.steered for trial in trials) else []
    return Group(table, *(Text(line, "dim") for line in below)) if below else table


def _result_columns(
    problem: Problem, history: History, trials: Sequence[Trial], width: int
) -> list[tuple[str, list[Text | str]]]:
    """Return the columns beside the hyperparameters, each with its cells, but for those that say nothing."""
    objective = problem.objective
    again = [repeats_text(history, trial.number) for trial in trials]
    steps = [history.step(trial, objective.metric) for trial in trials]
    stated = any(trial.state != "finished" for trial in trials)
    curved = max(steps) > 1
    columns: list[tuple[str, list[Text | str]]] = [
        ("trial", [f"{STEERED} {t.number}" if t.steered else str(t.number) for t in trials])
    ]
    if stated:
        columns.append(("state", [Text(t.state, STATE_STYLES[t.state]) for t in trials]))
    columns.append((objective.metric, [number(t.value) for t in trials]))
    for bound in problem.bounds:
        if bound.metric != objective.metric:
            worth = [measured(history, trial, objective, bound.metric) for trial in trials]
            columns.append((bound.metric, [_kept(bound, value) for value in worth]))
    if any(again):
        columns.append(("fresh seeds", [*again]))
    if curved and (stated or len(set(steps)) > 1):
        columns.append(("steps", [str(count or "") for count in steps]))
    if curved and (width >= WIDE or not any(again)):
        columns.append(("curve", [*_sparks(history, trials, objective)]))
    return [*columns, ("time", [duration(t.seconds) for t in trials])]


def _kept(bound: Bound, value: float) -> Text | str:
    """Return what a limited metric came to, in red where it breaks the limit; nothing where it is unknown."""
    if math.isnan(value) or not bound.excess(value):
        return "" if math.isnan(value) else number(value)
    return Text(f"{number(value)} !", "red")


def _width(name: str, cells: Sequence[Text | str]) -> int:
    return max(min(len(name), _LONGEST), *(len(cell) for cell in cells))


def spread_text(repeats: Sequence[Trial], lost: Sequence[Trial] = ()) -> str:
    """Return `0.0412 ± 0.0011 (3 seeds)`, or `(2 of 3 seeds, 1 diverged)`; empty without repeats."""
    return f"{repeats_mean(repeats)} ({seeds_text(repeats, lost)})".strip() if repeats or lost else ""


def seeds_text(repeats: Sequence[Trial], lost: Sequence[Trial] = ()) -> str:
    """Return `3 seeds`, or `2 of 3 seeds, 1 diverged` when repeats came to nothing."""
    if not lost:
        return f"{len(repeats)} seeds"
    states = Counter(trial.state for trial in lost)
    gone = ", ".join(f"{n} {state}" for state, n in sorted(states.items()))
    return f"{len(repeats)} of {len(repeats) + len(lost)} seeds, {gone}"


def repeats_text(history: History, number: int) -> str:
    """Return the mean and deviation over a trial's fresh seeds, and how many of them were lost."""
    kept, lost = history.repeats(number), history.lost.get(number, [])
    return spread_text(kept, lost) if lost else repeats_mean(kept)


def repeats_mean(repeats: Sequence[Trial]) -> str:
    """Return `0.0412 ± 0.0011`: mean and standard deviation over repeats with fresh seeds."""
    values = [trial.value for trial in repeats if trial.value is not None]
    return mean_text(values) if values else ""


def counts_text(history: History) -> Text:
    """Return `48 finished  1 diverged  1 failed` with each state in its colour."""
    counts = Counter(trial.state for trial in history.searched)
    if not counts:
        return Text("no trials yet", "dim")
    parts = [(f"{counts[state]} {state}  ", style) for state, style in STATE_STYLES.items() if counts[state]]
    return Text.assemble(*parts)


def study_summary(problem: Problem, history: History, name: str) -> RenderableType:
    """Return what a study asks and how far it is."""
    objective = problem.objective
    grid = Table.grid(padding=(0, 2))
    grid.add_row(Text("study", "dim"), Text(name, "bold"))
    grid.add_row(Text("goal", "dim"), goals_text(problem))
    done = sum(trial.repeats is None for trial in history.ended)
    target = f" of {history.target}" if history.target > done else ""
    trials = Text.assemble(f"{done}{target} done  ", counts_text(history))
    grid.add_row(Text("trials", "dim"), trials)
    best = None if problem.others else history.best(objective)
    if best is None and history.finished:
        grid.add_row(Text("front" if problem.others else "best", "dim"), best_text(problem, history))
    if best is not None:
        spread = spread_text(history.repeats(best.number), history.lost.get(best.number, []))
        again = f"; fresh seeds {spread}" if spread else ""
        grid.add_row(Text("best", "dim"), f"{number(best.value)} in trial {best.number}{again}")
        grid.add_row("", Text(_pairs(problem, best), "green"))
    latest = [*history.noted("choice"), *history.noted("zoom"), *history.noted("replay")][-3:]
    for note in [*history.noted("experience"), *history.noted("belief"), *latest]:
        grid.add_row(Text(note.topic, "dim"), one_line(note.text))
    _add_remembered(grid, remembered_of_study(history.noted(OF_STUDY)))
    return grid


def _add_remembered(grid: Table, attrs: Mapping[str, object]) -> None:
    for key, value in attrs.items():
        shown = value if isinstance(value, str) else json_text(value)
        grid.add_row(Text(name_text(key, _LONGEST), "dim"), Text(name_text(shown, _LONGEST_ATTR)))


def front_table(problem: Problem, history: History, front: Front, *, width: int = 100) -> RenderableType:
    """Return the front with what each trial came to in every objective, the knee marked."""
    knee, columns = front.knee.number, [("trial", [str(member.number) for member in front])]
    columns += [(name, [number(m.values[name]) for m in front]) for name in front.metrics]
    if any(member.seeds > 1 for member in front):
        columns.append(("fresh seeds", [str(member.seeds - 1) for member in front]))
    columns.append(("", ["knee" if member.number == knee else "" for member in front]))
    room = width - 2 - sum(_width(name, cells) + _BETWEEN for name, cells in columns)
    shown, hidden = _fitting(_varying_first(searched_names(problem.space), front), front, room)
    columns += [(n, [setting(t.config[n]) if n in t.config else "" for t in front]) for n in shown]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), title="front", title_justify="left")
    for name, _ in columns:
        table.add_column(name_text(name, _LONGEST), justify="right", no_wrap=True)
    for row, member in enumerate(front):
        table.add_row(*(cells[row] for _, cells in columns), style="bold" if member.number == knee else "")
    return Group(table, Text(f"not shown: {_named(hidden)}", "dim")) if hidden else table


def trial_page(problem: Problem, history: History, trial: Trial) -> RenderableType:
    """Return everything known about one trial, its picture left out."""
    grid = Table.grid(padding=(0, 2))
    objective = problem.objective
    grid.add_row(Text("trial", "dim"), Text(str(trial.number), "bold"))
    state = Text(trial.state, STATE_STYLES[trial.state])
    reason = one_line(trial.reason) or ("" if trial.state == "finished" else trial.state.sentence)
    grid.add_row(Text("state", "dim"), state + (f": {reason}" if reason else ""))
    if trial.until is not None and trial.state not in ENDED:
        grid.add_row(Text("until", "dim"), f"step {trial.until}")
    grid.add_row(Text(name_text(objective.metric), "dim"), number(trial.value, 6))
    asked = {"searcher": "suggested by", "person": "asked for by", "confirm": "repeat by"}[trial.origin]
    why = f": {one_line(trial.why)}" if trial.why else ""
    grid.add_row(Text("origin", "dim"), f"{asked} {trial.by or trial.origin}{why}")
    if trial.repeats is not None:
        grid.add_row(Text("repeats", "dim"), f"trial {trial.repeats} with a fresh seed")
    spread = spread_text(history.repeats(trial.number), history.lost.get(trial.number, []))
    if spread:
        grid.add_row(Text("fresh seeds", "dim"), spread)
    grid.add_row(Text("seed", "dim"), str(trial.seed))
    if trial.parent is not None:
        grid.add_row(Text("parent", "dim"), f"step {trial.parent.step} of trial {trial.parent.trial}")
    for attempt in trial.attempts:
        grid.add_row(Text(f"attempt {attempt.number}", "dim"), _attempt_text(attempt, trial.number))
    kept = sorted({point.step for point in checkpoints(history.trials, here(trial))})
    if kept:
        grid.add_row(Text("checkpoints", "dim"), f"after step {', '.join(map(str, _some(kept)))}")
    if trial.steered:
        for number_, text in enumerate(pieces_text(history, trial)):
            grid.add_row(Text("" if number_ else f"{STEERED} steered", "dim"), text)
    _add_remembered(grid, trial.attrs)
    parts: list[RenderableType] = [grid]
    parts += [orders_table(trial)] if trial.orders else []
    return Group(*parts, _config_table(problem, history, trial), _detail(trial))


def pieces_text(history: History, trial: Trial) -> list[str]:
    """Return the values in force stretch by stretch, those that changed: `from step 13: lr=0.003`."""
    parts = pieces(history.trials, trial)
    changed = [n for n in parts[0].values if any(p.values.get(n) != parts[0].values[n] for p in parts)]
    names = changed or list(parts[0].values)
    return [f"from step {part.after + 1}: {settings(part.values, names)}" for part in parts]


def _some(steps: list[int]) -> list[int | str]:
    return [*steps] if len(steps) <= 12 else [steps[0], "…", *steps[-10:]]


def _config_table(problem: Problem, history: History, trial: Trial) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("hyperparameter")
    table.add_column("value", justify="right")
    best = history.best(problem.objective)
    compared = best is not None and best.number != trial.number
    if best is not None and compared:
        table.add_column(f"best ({best.number})", justify="right")
    for name in problem.space.names:
        mine = setting(trial.config[name]) if name in trial.config else "-"
        cells = [name_text(name, _LONGEST), mine]
        if best is not None and compared:
            theirs = setting(best.config[name]) if name in best.config else "-"
            cells.append("=" if theirs == mine else theirs)
        table.add_row(*cells)
    return table


def _attempt_text(attempt: Attempt, trial: int) -> str:
    began = datetime.fromtimestamp(attempt.started).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    where = f"on {attempt.worker.host}, slot {attempt.worker.slot}"
    if attempt.source is not None:
        other = "" if attempt.source.trial == trial else f" of trial {attempt.source.trial}"
        where += f", from step {attempt.source.step}{other}"
    if attempt.ended is None:
        return f"running since {began} {where}"
    reason = f": {one_line(attempt.reason)}" if attempt.reason else ""
    return (
        f"{attempt.outcome} after {duration(attempt.ended - attempt.started)}, began {began} {where}{reason}"
    )


def _detail(trial: Trial) -> Text:
    last = trial.attempt
    return Text(printable(last.detail).rstrip() + "\n", "dim") if last and last.detail else Text()


def _pairs(problem: Problem, trial: Trial) -> str:
    names = searched_names(problem.space)
    pairs = [f"{name_text(name)}={setting(trial.config[name])}" for name in names if name in trial.config]
    more = f" … and {len(pairs) - _MOST_PAIRS} more" if len(pairs) > _MOST_PAIRS else ""
    return " ".join(pairs[:_MOST_PAIRS]) + more


def _named(names: Sequence[str]) -> str:
    """Return the first of many names."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(name_text(name) for name in names[:_MOST_NAMED])}{more}"


def _sparks(history: History, trials: Sequence[Trial], objective: Objective) -> list[str]:
    curves = [curve(history, trial, objective.metric)[1] for trial in trials]
    return sparklines(curves, _SPARK, sign=objective.sign)


def _varying_first(names: list[str], trials: Sequence[Trial]) -> list[str]:
    varies = {n: len({setting(t.config.get(n)) for t in trials}) > 1 for n in names}
    return sorted(names, key=lambda name: not varies[name])


def _fitting(names: list[str], trials: Sequence[Trial], room: int) -> tuple[list[str], list[str]]:
    shown: list[str] = []
    for name in names:
        cells = [setting(t.config[name]) for t in trials if name in t.config]
        needed = max(min(len(name), _LONGEST), *(len(cell) for cell in cells), 1) + _BETWEEN
        if needed > room:
            break
        room -= needed
        shown.append(name)
    return shown, [name for name in names if name not in shown]
