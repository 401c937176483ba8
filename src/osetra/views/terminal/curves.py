"""Cost curves in the terminal: several trials over one pair of axes, the best one on top.

The y axis is logarithmic when the curves span decades. A training that blew up leaves the picture
through its edge at a `▲` (or `▼` when maximising); one whose metric stopped being a number ends in `×`,
and so does, faded, one that a scheduler stopped. One that waits at a checkpoint ends in `‖`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.numbers import number, searched_names, setting, settings
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.views.axis import Array, Axis, fit
from osetra.views.orders import STEERED
from osetra.views.series import curve
from osetra.views.terminal.bars import bars_picture
from osetra.views.terminal.canvas import Canvas

ENDS = {"stopped": "×", "paused": "‖"}
"""What a curve ends in that did not come to its own end."""
PALETTE = ("bold green", "cyan", "yellow", "magenta", "blue", "red", "white")
MARGIN = 10
"""Columns left of the picture, for the numbers of the y axis."""


@dataclass(frozen=True, slots=True)
class Line:
    """One trial's curve as it is drawn."""

    trial: Trial
    steps: Array
    values: Array
    style: str


def curves_picture(
    problem: Problem,
    history: History,
    trials: Sequence[Trial],
    *,
    contrast: Sequence[Trial] = (),
    metric: str | None = None,
    width: int = 80,
    height: int = 14,
) -> RenderableType:
    """Return the curves of a metric (the objective unless named) of some trials, best first.

    Trials for `contrast` are drawn faintly behind the others.
    """
    metric = metric or problem.objective.metric
    lines: list[Line] = []
    for trial in [*trials, *contrast]:
        steps, values = curve(history, trial, metric)
        if len(steps):
            bright = PALETTE[len(lines) % len(PALETTE)]
            if trial.state == "stopped":
                bright = f"dim {bright.removeprefix('bold ')}"
            lines.append(Line(trial, steps, values, bright if trial in trials else "dim"))
    if not lines:
        return Text(f"no curve of {name_text(metric)} was reported by these trials", "dim")
    sign = problem.objective.sign
    if all(len(line.steps) == 1 for line in lines):
        names = _telling(problem, [line.trial for line in lines])
        rows = [
            (
                f"trial {_named(line.trial)}",
                float(line.values[0]),
                line.style,
                settings(line.trial.config, names),
            )
            for line in lines
        ]
        return bars_picture(name_text(metric), rows, sign=sign, width=width)
    across, up = _step_axis(lines), fit([line.values for line in lines], sign=sign, descents=True)
    canvas = Canvas(max(20, width - MARGIN - 2), height)
    for line in reversed(lines):
        draw(canvas, line.steps, line.values, line.style, across, up, sign, end=ENDS.get(line.trial.state))
    scale = ", log scale" if up.log else ""
    title = Text.assemble((name_text(metric), "bold"), (f" by step{scale}", "dim"))
    return Group(title, *framed(canvas, across, up), Text(), *_legend(problem, lines, width))


def _step_axis(lines: Sequence[Line]) -> Axis:
    low = min(float(line.steps[0]) for line in lines)
    high = max(float(line.steps[-1]) for line in lines)
    return Axis(low, high if high > low else low + 1.0)


def draw(
    canvas: Canvas,
    steps: Array,
    values: Array,
    style: str,
    across: Axis,
    up: Axis,
    sign: float,
    *,
    end: str | None = None,
) -> None:
    """Draw one curve; points beyond the axis stick to the edge where the curve left."""
    finite = np.isfinite(values)
    edge = up.high if sign > 0 else up.low
    xs = np.rint(across.place(steps) * (canvas.width - 1)).astype(int).tolist()
    heights = up.place(np.where(finite, values, edge))
    ys = np.rint((1.0 - np.clip(heights, 0.0, 1.0)) * (canvas.height - 1)).astype(int).tolist()
    outside = heights > 1.0 + 1e-9 if sign > 0 else heights < -1e-9
    previous: tuple[int, int] | None = None
    left = False
    for x, y, ok, out in zip(xs, ys, finite.tolist(), outside.tolist(), strict=True):
        if not ok:
            ended_x, ended_y = previous if previous is not None else (x, y)
            canvas.mark(ended_x, ended_y, "×", style)
            return
        if not (out and left):  # beyond the edge there is nothing to draw
            canvas.line(previous or (x, y), (x, y), style)
        if out and not left:
            canvas.mark(x, y, "▲" if sign > 0 else "▼", style)
        previous, left = (x, y), out
    if previous is not None and end:
        canvas.mark(*previous, end, style)


def framed(canvas: Canvas, across: Axis, up: Axis) -> list[Text]:
    """Return the rows of a picture between its axes: the canvas, the line below it, and the steps."""
    drawn = canvas.lines()
    labelled = {row: number(up.at(1.0 - (row + 0.5) / canvas.rows), 3) for row in _label_rows(canvas.rows)}
    labelled[0], labelled[canvas.rows - 1] = number(up.high, 3), number(up.low, 3)
    rows = []
    for row, cells in enumerate(drawn):
        tick = "┤" if row in labelled else "│"
        rows.append(Text.assemble((f"{labelled.get(row, ''):>{MARGIN - 1}} {tick}", "dim"), cells))
    rows.append(Text(" " * MARGIN + "└" + "─" * canvas.columns, "dim"))
    first, middle, last = (str(round(across.at(p))) for p in (0.0, 0.5, 1.0))
    room = canvas.columns - len(first) - len(last)
    center = f"{middle:^{room}}" if room > len(middle) + 2 and middle not in (first, last) else " " * room
    rows.append(Text(" " * (MARGIN + 1) + first + center + last, "dim"))
    return rows


def _label_rows(rows: int) -> list[int]:
    count = 5 if rows >= 12 else 3
    return [round(i * (rows - 1) / (count - 1)) for i in range(count)]


def _legend(problem: Problem, lines: Sequence[Line], width: int) -> list[Text]:
    names = _telling(problem, [line.trial for line in lines])
    wide = max(10, *(len(_worth(line.trial)) for line in lines))
    legend = []
    for line in lines:
        trial = line.trial
        text = Text.assemble(
            ("── ", line.style),
            (f"trial {_named(trial):<4}", line.style),
            f" {_worth(trial):<{wide}} ",
            (settings(trial.config, names, max(10, width - 18 - wide)), "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        legend.append(text)
    return legend


def _worth(trial: Trial) -> str:
    if trial.state in ENDS and trial.value is not None:
        return f"{number(trial.value)} {trial.state}"
    return number(trial.value) if trial.state == "finished" else trial.state


def _named(trial: Trial) -> str:
    return f"{trial.number} {STEERED}" if trial.steered else str(trial.number)


def _telling(problem: Problem, trials: Sequence[Trial]) -> list[str]:
    """Return the searched names whose values differ between the trials; all when there is one."""
    names = searched_names(problem.space)
    telling = [n for n in names if len({setting(t.config.get(n)) for t in trials}) > 1]
    return telling or names
