"""The overview of a study as one picture: cost curves and the best so far.

Left, the cost curves: the best trials in colour, validation solid and training dashed, all others
as a faded veil, trainings that blew up in thin red; stopped ones end in a cross, paused ones in two
bars. Right, every trial's result in the order they ended, under the step line of the best so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.numbers import number, searched_names, settings
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.views.axis import LARGEST, Axis, fit
from osetra.views.colours import colour_of
from osetra.views.figures.drawing import (
    LEADER,
    RED,
    VEIL,
    cap,
    line,
    looks,
    mark_end,
    mark_leaving,
    new_figure,
    save,
    settle,
    words,
)
from osetra.views.series import best_so_far, curve, partner

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_VEILED = 300
"""Curves drawn in the veil at most; more only make it darker."""


def save_picture(
    problem: Problem, history: History, files: Sequence[Path], *, name: str = "", top: int = 3
) -> list[Path]:
    """Draw the study once and write it to every file; the suffix decides the format.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    return save(overview_figure(problem, history, name=name, top=top), files)


def overview_figure(problem: Problem, history: History, *, name: str = "", top: int = 3) -> Figure:
    """Return cost curves and the best so far side by side.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    with looks():
        figure = new_figure(11.0, 5.0)
        left, right = figure.subplots(1, 2, width_ratios=[1.55, 1.0])
        _draw_curves(left, problem, history, top)
        _draw_best(right, problem, history)
        _legend(figure, left)
        if name:
            figure.suptitle(words(name, 80), x=0.012, ha="left", fontsize=13, fontweight="bold")
    return figure


def _draw_curves(axes: Axes, problem: Problem, history: History, top: int) -> None:
    metric, sign = problem.objective.metric, problem.objective.sign
    first = [trial for trial in history.trials.values() if trial.repeats is None]
    curves = {trial.number: curve(history, trial, metric) for trial in first}
    best = _best_first(problem, history, top)
    training = partner(metric, history.curves.metrics)
    beside = {t.number: curve(history, t, training) for t in best} if training is not None else {}
    shown = [values for _, values in [*curves.values(), *beside.values()]]
    axis = fit(shown, sign=sign, descents=True)
    veiled = [trial for trial in first if trial not in best][-_MOST_VEILED:]
    opacity = float(np.clip(6.0 / max(len(veiled), 1), 0.3, 0.7))
    for trial in veiled:
        steps, values = curves[trial.number]
        blown = trial.state == "diverged"
        colour = RED if blown else VEIL
        line(axes, axis, steps, values, color=colour, alpha=opacity, linewidth=1.0, zorder=1)
        mark_leaving(axes, steps, values, axis, sign)
        mark_end(axes, str(trial.state), steps, values, color=colour, alpha=min(1.0, 1.4 * opacity))
    for rank, trial in reversed(list(enumerate(best))):
        colour = colour_of(trial.number)
        label = _label(problem, best, trial)
        strong: dict[str, Any] = {"color": colour, "linewidth": 2.2, "zorder": 5 - rank / 10, "label": label}
        line(axes, axis, *curves[trial.number], **strong)
        mark_end(axes, str(trial.state), *curves[trial.number], color=colour, alpha=1.0)
        if trial.number in beside:
            line(axes, axis, *beside[trial.number], color=colour, linewidth=1.3, linestyle=(0, (4, 2)))
    settle(axes, axis, "step", metric)
    cap(axes, axis)
    kinds = (
        f"{name_text(metric, 24)} solid, {name_text(training, 24)} dashed"
        if training
        else name_text(metric, 32)
    )
    axes.set_title(words(f"Cost curves: {kinds}", 100), loc="left", fontsize=10.5, fontweight="bold")


def _draw_best(axes: Axes, problem: Problem, history: History) -> None:
    objective = problem.objective
    trials, best = best_so_far(history, objective)
    if not trials:
        axes.text(0.5, 0.5, "no trial has finished yet", ha="center", transform=axes.transAxes)
        settle(axes, Axis(0.0, 1.0), "trials ended", objective.metric)
        return
    values = np.clip([float(t.value or 0.0) for t in trials], -LARGEST, LARGEST)
    bests = np.clip(best, -LARGEST, LARGEST)
    axis = fit([values, bests], sign=objective.sign)
    if axis.log:
        values, bests = np.maximum(values, axis.low), np.maximum(bests, axis.low)
    places = np.arange(1, len(trials) + 1)
    axes.plot(places, values, "o", color=VEIL, markersize=4.5, markeredgewidth=0, zorder=2)
    axes.step(places, bests, where="post", color=LEADER, linewidth=2.2, zorder=3)
    improved = [i for i, value in enumerate(best) if i == 0 or value != best[i - 1]]
    axes.plot(places[improved], bests[improved], "o", color=LEADER, markersize=5, zorder=4)
    settle(axes, axis, "trials ended", objective.metric)
    cap(axes, axis)
    reached = f"{number(best[-1])} in trial {trials[improved[-1]].number}"
    axes.set_title(f"Best single run: {reached}", loc="left", fontsize=10.5, fontweight="bold")


def _best_first(problem: Problem, history: History, top: int) -> list[Trial]:
    ranked = history.ranked(problem.objective)[:top]
    incumbent = history.best(problem.objective)
    if incumbent is None:
        return ranked
    return [incumbent, *(trial for trial in ranked if trial.number != incumbent.number)][:top]


def _label(problem: Problem, best: Sequence[Trial], trial: Trial) -> str:
    names = searched_names(problem.space)
    telling = [n for n in names if len({str(t.config.get(n)) for t in best}) > 1] or names
    return words(f"trial {trial.number}: {number(trial.value)}  {settings(trial.config, telling, 100)}", 140)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles[::-1],
            labels[::-1],
            loc="outside lower left",
            frameon=False,
            fontsize=9,
            handlelength=1.6,
        )
