"""One training on one screen: its curves, the values in force, its orders, advice, and the keys.

digits-babysit  trial 1  training  ━━━━━━━━━━━──────────────────  step 52 of 150  about 15 s left

 … the curve of the objective, with its training partner behind it …

val_loss  0.0934   best 0.0911 at step 49   train_loss 0.0712
lr        0.03     0.3 × the 0.1 it began with

✎ scale lr=0.3  done  lr=0.03 after step 40  by ada, 2 s ago
→ no progress for 23 steps: 0.0934   a  lr × 0.3   or stop: it may have learned what it can

+ − lr   p pause   b back to best   f branch   s stop   n note   ? help   q leave
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from osetra.advice.training import TrainingAdvice, rate_name
from osetra.core.clean import name_text, one_line
from osetra.core.history import History
from osetra.core.lineage import checkpoints, here, pieces, values_at
from osetra.core.numbers import duration, number, setting
from osetra.core.params import Config
from osetra.core.problem import Problem
from osetra.core.retention import needed
from osetra.core.trial import ENDED, Order, Trial
from osetra.views.axis import Array, Axis, fit
from osetra.views.orders import giver, order_status, order_text, outcome_text
from osetra.views.series import curve, partner, report_interval
from osetra.views.terminal.canvas import Canvas
from osetra.views.terminal.curves import MARGIN, draw, framed
from osetra.views.terminal.orders import STATUS_STYLES

STEP_UP = 1.5
"""What `+` multiplies the learning rate by, and `-` divides it by."""
VAL, TRAIN, GONE = "bold green", "cyan", "bright_black"

KEYS = (
    ("+ −", f"learning rate × {STEP_UP:g}, ÷ {STEP_UP:g}"),
    ("p", "pause at a checkpoint, and go on"),
    ("b", "back to the best checkpoint"),
    ("f", "a branch: type NAME=VALUE; it is trained afterwards as a trial of its own"),
    ("s", "stop, and keep the result so far"),
    ("n", "a note, remembered with this step"),
    ("a", "follow the advice"),
    ("q", "leave; everything can be resumed (as Ctrl-C)"),
)
"""Each key and what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenState:
    """What the screen needs to know beside the study itself."""

    name: str
    now: float
    width: int = 100
    height: int = 30
    keys: bool = True
    """Whether there is a keyboard."""
    autopilot: bool = False
    advice: TrainingAdvice | None = None
    message: str = ""
    """What came of the last key."""
    prompt: str = ""
    """What a line that is being typed is for; empty when none is."""
    typed: str = ""
    help: bool = False
    waiting: bool = False
    """Whether the training is over and only advice on it is left to be accepted."""


def training_screen(problem: Problem, history: History, trial: Trial, screen: ScreenState) -> Group:
    """Return the screen for this moment."""
    low = screen.height < 24
    parts: list[RenderableType] = [_header(problem, history, trial, screen), Text()]
    tail = _tail(problem, history, trial, screen, most=2 if low else 4)
    room = screen.height - len(parts) - len(tail) - 6
    if screen.help:
        parts.append(_help())
    else:
        parts += training_chart(problem, history, trial, width=screen.width, height=max(4, min(16, room)))
    return Group(*parts, Text(), *_figures(problem, history, trial, screen), *tail)


def training_chart(
    problem: Problem, history: History, trial: Trial, *, width: int, height: int = 14
) -> list[RenderableType]:
    """Return the curves of one training; what was rolled back is drawn faintly behind."""
    metric, sign = problem.objective.metric, problem.objective.sign
    steps, values = curve(history, trial, metric)
    if not len(steps):
        return [Text("no report yet: its process is starting, or its first step takes long", "dim")]
    beside = partner(metric, history.curves.metrics)
    train = curve(history, trial, beside) if beside else (np.empty(0), np.empty(0))
    gone = _abandoned(history, trial, metric)
    last = max(float(history.steps or 0), *(float(s[-1]) for s, _ in [(steps, values), *gone]))
    across = Axis(1.0, max(last, 2.0))
    up = fit([values, train[1], *(v for _, v in gone)], sign=sign, descents=True)
    canvas = Canvas(max(20, width - MARGIN - 2), height)
    _changes(canvas, history, trial, across)
    for some in gone:
        draw(canvas, *some, GONE, across, up, sign)
    if beside:
        draw(canvas, *train, TRAIN, across, up, sign)
    draw(canvas, steps, values, VAL, across, up, sign)
    _best_mark(canvas, steps, values, across, up, sign)
    scale = ", log scale" if up.log else ""
    rows = framed(canvas, across, up)
    rows[-2] = _axis(history, trial, canvas.columns, across, sign)
    title = Text.assemble(("── ", VAL), (name_text(metric), "bold"))
    title += Text.assemble(("   ── ", TRAIN), name_text(beside)) if beside else Text()
    title += Text.assemble(("   ── ", GONE), ("rolled back", "dim")) if gone else Text()
    return [_cut(title + Text(f"   by step{scale}", "dim"), width), *rows]


def live_line(problem: Problem, history: History, trial: Trial, step: int) -> str:
    """Return one step of a training on a line of a log."""
    metric = problem.objective.metric
    beside = partner(metric, history.curves.metrics)
    parts = [f"step {step}" + (f" of {history.steps}" if history.steps else "")]
    for name in (metric, beside):
        steps, values = curve(history, trial, name) if name else (np.empty(0), np.empty(0))
        at = np.flatnonzero(steps == step)
        parts += [f"{name_text(str(name))} {number(float(values[at[0]]))}"] if len(at) else []
    force = in_force(history, trial)
    rate = rate_name(force)
    parts += [f"{name_text(rate)} {setting(force[rate])}"] if rate else []
    return f"trial {trial.number}  " + "  ".join(parts)


def in_force(history: History, trial: Trial) -> Config:
    """Return the values in force at a trial's present point."""
    return {**trial.config, **values_at(history.trials, here(trial))}


def advice_line(advice: TrainingAdvice, *, keys: bool, autopilot: bool) -> Text:
    """Return advice with the key that follows it, or who else will."""
    text = Text.assemble(("→ ", "bold yellow"), one_line(advice.text))
    if advice.verb is None:
        return text
    if autopilot:
        text.append(f"   the autopilot orders: {advice.action}", "bold yellow")
    elif keys:
        text.append("   a ", "bold yellow").append(f" {advice.action}", "yellow")
        text.append(f"   {advice.other}", "dim")
    else:
        text.append(f"   {advice.action}", "yellow")
    return text


def _header(problem: Problem, history: History, trial: Trial, screen: ScreenState) -> Text:
    step = history.step(trial, problem.objective.metric)
    total = history.steps
    state = _state_word(trial)
    text = f"step {step} of {total}" if total else f"step {step}"
    pace = report_interval(history, trial, problem.objective.metric, screen.now)
    if pace and total and trial.state == "running" and step < total:
        text += f"  about {duration(pace * (total - step))} left"
    others = sum(t.state in ("queued", "paused") for t in history.trials.values() if t is not trial)
    text += f"  +{others} waiting" if others else ""
    pilot = "  autopilot" if screen.autopilot else ""
    used = sum(map(len, (screen.name, state, pilot, text))) + len(f"trial {trial.number}") + 8
    columns = max(8, min(40, screen.width - used))
    full = round(columns * min(1.0, step / total)) if total else 0
    line = Text.assemble(
        (screen.name, "bold"),
        f"  trial {trial.number}  ",
        (state, {"training": "cyan", "paused": "bold blue"}.get(state, "bold")),
        (pilot, "bold magenta"),
        "  ",
        ("━" * full, "bold green"),
        ("─" * (columns - full), "dim"),
        f"  {text}",
        no_wrap=True,
    )
    line.truncate(screen.width, overflow="ellipsis")
    return line


def _state_word(trial: Trial) -> str:
    if trial.state == "queued":
        return "going on" if trial.attempts else "starting"
    return "training" if trial.state == "running" else trial.state


def _figures(problem: Problem, history: History, trial: Trial, screen: ScreenState) -> list[RenderableType]:
    objective = problem.objective
    steps, values = curve(history, trial, objective.metric)
    beside = partner(objective.metric, history.curves.metrics)
    force = in_force(history, trial)
    rate = rate_name(force)
    changed = [name for name, value in force.items() if trial.config.get(name) != value and name != rate]
    wide = max(len(name_text(name)) for name in (objective.metric, rate or "", *changed))
    lines: list[RenderableType] = []

    def line(name: str, value: str, rest: str) -> None:
        text = Text.assemble((f"{name_text(name):<{wide}}  ", "bold"), f"{value:<9}", (f"  {rest}", "dim"))
        lines.append(_cut(text, screen.width))

    if len(steps):
        finite, rest = np.isfinite(values), []
        if finite.any():
            at = int(np.argmin(np.where(finite, objective.sign * values, np.inf)))
            rest.append(f"best {number(float(values[at]))} at step {int(steps[at])}")
        beside_values = curve(history, trial, beside)[1] if beside else np.empty(0)
        if beside and len(beside_values):
            rest.append(f"{name_text(beside)} {number(float(beside_values[-1]))}")
        line(objective.metric, number(float(values[-1])), "   ".join(rest))
    if rate is not None:
        line(rate, setting(force[rate]), _since_start(history, trial, rate, force))
    for name in changed:
        line(name, setting(force[name]), f"began with {setting(trial.config[name])}")
    return lines


def _since_start(history: History, trial: Trial, rate: str, force: Config) -> str:
    """Return how the learning rate stands to what the trial began with, and what its schedule makes of it."""
    began, now = trial.config.get(rate), force[rate]
    text = "as it began"
    if began != now and isinstance(began, float | int) and isinstance(now, float | int):
        text = f"{number(now / began, 3)} × the {setting(began)} it began with"
    scheduled = curve(history, trial, rate)[1]
    return f"{text}   {setting(float(scheduled[-1]))} by its schedule" if len(scheduled) else text


def _tail(
    problem: Problem, history: History, trial: Trial, screen: ScreenState, *, most: int
) -> list[RenderableType]:
    lines: list[RenderableType] = []
    if trial.orders:
        lines += [Text(), *(_order_line(problem, history, trial, o, screen) for o in trial.orders[-most:])]
    lines.append(Text())
    if screen.advice is not None:
        advised = advice_line(screen.advice, keys=screen.keys, autopilot=screen.autopilot)
        lines.append(_cut(advised, screen.width))
    if screen.prompt:
        lines.append(Text.assemble((f"{screen.prompt} ", "bold"), screen.typed, ("▏", "bold cyan")))
    else:
        lines.append(_cut(Text(one_line(screen.message) or " ", "yellow"), screen.width))
    if screen.keys:
        lines.append(_cut(_key_line(trial, screen), screen.width))
    return lines


def _order_line(problem: Problem, history: History, trial: Trial, order: Order, screen: ScreenState) -> Text:
    state = order_status(trial, order)
    what = outcome_text(order, state)
    if state.status in ("requested", "seen") and trial.state == "running":
        pace = report_interval(history, trial, problem.objective.metric, screen.now)
        what = "acts at the next report" + (f", in about {duration(pace)}" if pace else "")
    when = order.obeyed_at or order.seen_at or order.asked_at
    line = Text.assemble(
        ("✎ ", "cyan"),
        f"{order_text(order)}  ",
        (f"{state.status}  ", STATUS_STYLES[state.status]),
        what,
        (f"  by {giver(order)}, {duration(max(0.0, screen.now - when))} ago", "dim"),
    )
    return _cut(line, screen.width)


def _key_line(trial: Trial, screen: ScreenState) -> Text:
    if screen.prompt:
        pairs = [("Enter", "give the order"), ("Esc", "never mind")]
    elif screen.waiting:
        pairs = [("a", "follow the advice"), ("q", "leave with the report")]
    else:
        pause = "go on" if trial.state == "paused" else "pause"
        pairs = [("+ −", "lr"), ("p", pause), ("b", "back to best"), ("f", "branch"), ("s", "stop")]
        pairs += [("n", "note"), ("?", "curve" if screen.help else "help"), ("q", "leave")]
    line = Text()
    for key, does in pairs:
        line.append(key, "bold").append(f" {does}   ", "dim")
    return line


def _help() -> Table:
    grid = Table.grid(padding=(0, 2))
    for key, does in KEYS:
        grid.add_row(Text(f"  {key}", "bold"), does)
    grid.add_row("", Text("orders are obeyed at the training's next report", "dim"))
    return grid


def _cut(line: Text, width: int) -> Text:
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return line


def _abandoned(history: History, trial: Trial, metric: str) -> list[tuple[Array, Array]]:
    """Return the stretches of earlier attempts that do not belong to the training any more."""
    clean, _ = curve(history, trial, metric)
    found = []
    for attempt, following in zip(trial.attempts, trial.attempts[1:], strict=False):
        steps, values = history.curves.of(trial.number, metric, attempt.number)
        begun = following.source.step if following.source else 0
        left = steps > begun
        if left.any():
            found.append((steps[left].astype(np.float64), values[left]))
    return found if len(clean) else []


def _changes(canvas: Canvas, history: History, trial: Trial, across: Axis) -> None:
    """Draw a faint upright where values changed."""
    for piece in pieces(history.trials, trial)[1:]:
        x = _column(piece.after, across, canvas.width)
        canvas.line((x, 0), (x, canvas.height - 1), GONE, every=4)


def _best_mark(canvas: Canvas, steps: Array, values: Array, across: Axis, up: Axis, sign: float) -> None:
    finite = np.isfinite(values)
    if finite.any():
        at = int(np.argmin(np.where(finite, sign * values, np.inf)))
        height = float(np.clip(up.place(values[at : at + 1])[0], 0.0, 1.0))
        y = round((1.0 - height) * (canvas.height - 1))
        canvas.mark(_column(steps[at], across, canvas.width), y, "●", VAL)


def _axis(history: History, trial: Trial, columns: int, across: Axis, sign: float) -> Text:
    """Return the axis line, with a mark under every checkpoint that is still kept."""
    cells, kept = ["─"] * columns, needed(history, sign)
    for point in checkpoints(history.trials, here(trial)):
        if point.file not in kept:
            continue
        cells[_column(point.step, across, 2 * columns) // 2] = "┴"
    return Text(" " * MARGIN + "└" + "".join(cells), "dim")


def _column(step: float, across: Axis, width: int) -> int:
    place = float(across.place(np.array([float(step)]))[0])
    return min(max(round(place * (width - 1)), 0), width - 1)


def ended_line(trial: Trial, metric: str) -> Text:
    """Return how a training ended, on one line."""
    style = "bold green" if trial.state == "finished" else "bold yellow"
    last = trial.orders[-1] if trial.orders else None
    why = f"stopped by {giver(last)}" if last and last.verb == "stop" and not last.why else trial.reason
    reason = f": {one_line(why)}" if why else ""
    value = "" if trial.value is None else f"  {metric} {number(trial.value, 6)}"
    word = trial.state if trial.state in ENDED or trial.state == "paused" else "unfinished"
    return Text.assemble((f"trial {trial.number} ", "bold"), (word, style), f"{value}{reason}")
