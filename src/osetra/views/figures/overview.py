"""Pictures of a study as PNG or SVG files (needs matplotlib): cost curves and the best so far.

Left, the cost curves: the best trials in colour, validation solid and training dashed, all others
as a faded veil, trainings that blew up in thin red; stopped ones end in a cross, paused ones in two
bars. Right, every trial's result in the order they ended, under the step line of the best so far.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.core.numbers import number, searched_names, setting, settings
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import MissingExtra
from osetra.views.axis import Array, Axis, fit
from osetra.views.series import best_so_far, curve, partner

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0b6e4f", "#1f77c9", "#e08a00", "#8e44ad", "#c2185b")
_VEIL, _RED, _INK, _GRID = "#b9c0c7", "#d64545", "#2b3137", "#e9ecef"
_AIR = 0.06
"""Part of the y axis left free beyond both ends of the data."""
_MOST_VEILED = 300
"""Curves drawn in the veil at most; more only make it darker."""


def save_picture(
    problem: Problem, history: History, files: Sequence[Path], *, name: str = "", top: int = 3
) -> list[Path]:
    """Draw the study once and write it to every file; the suffix decides the format.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Drawing
    except ImportError:
        raise MissingExtra("pictures need matplotlib: pip install 'osetra[plot]'") from None
    import matplotlib as mpl

    style: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 9.5,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.edgecolor": "#9aa2aa",
        "svg.fonttype": "none",
    }
    with mpl.rc_context(style):
        figure = Drawing(figsize=(11.0, 5.0), layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=[1.55, 1.0])
        _draw_curves(left, problem, history, top)
        _draw_best(right, problem, history)
        _legend(figure, left)
        if name:
            figure.suptitle(_plain(name), x=0.012, ha="left", fontsize=13, fontweight="bold")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a box stands for it
            for file in files:
                figure.savefig(file, dpi=160)
    return list(files)


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
        colour = _RED if blown else _VEIL
        _line(axes, axis, steps, values, color=colour, alpha=opacity, linewidth=1.0, zorder=1)
        _mark_leaving(axes, steps, values, axis, sign)
        _mark_end(axes, trial, steps, values, color=colour, alpha=min(1.0, 1.4 * opacity))
    for rank, trial in reversed(list(enumerate(best))):
        colour = COLOURS[rank % len(COLOURS)]
        label = _label(problem, best, trial)
        strong: dict[str, Any] = {"color": colour, "linewidth": 2.2, "zorder": 5 - rank / 10, "label": label}
        _line(axes, axis, *curves[trial.number], **strong)
        _mark_end(axes, trial, *curves[trial.number], color=colour, alpha=1.0)
        if trial.number in beside:
            _line(axes, axis, *beside[trial.number], color=colour, linewidth=1.3, linestyle=(0, (4, 2)))
    _settle(axes, axis, "step", metric)
    _cap(axes, axis)
    kinds = _plain(f"{metric} solid, {training} dashed" if training else metric)
    axes.set_title(f"Cost curves: {kinds}", loc="left", fontsize=10.5, fontweight="bold")


def _draw_best(axes: Axes, problem: Problem, history: History) -> None:
    objective = problem.objective
    trials, best = best_so_far(history, objective)
    if not trials:
        axes.text(0.5, 0.5, "no trial has finished yet", ha="center", transform=axes.transAxes)
        _settle(axes, Axis(0.0, 1.0), "trials ended", objective.metric)
        return
    values, line = np.array([float(t.value or 0.0) for t in trials]), np.array(best)
    axis = fit([values, line], sign=objective.sign)
    if axis.log:
        values, line = np.maximum(values, axis.low), np.maximum(line, axis.low)
    places = np.arange(1, len(trials) + 1)
    axes.plot(places, values, "o", color=_VEIL, markersize=4.5, markeredgewidth=0, zorder=2)
    axes.step(places, line, where="post", color=COLOURS[0], linewidth=2.2, zorder=3)
    improved = [i for i, value in enumerate(best) if i == 0 or value != best[i - 1]]
    axes.plot(places[improved], line[improved], "o", color=COLOURS[0], markersize=5, zorder=4)
    _settle(axes, axis, "trials ended", objective.metric)
    _cap(axes, axis)
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
    return _plain(f"trial {trial.number}: {number(trial.value)}  {settings(trial.config, telling, 100)}")


def _plain(text: str) -> str:
    """Return a text of which matplotlib takes nothing for a formula."""
    return one_line(text).replace("$", r"\$")


def _line(axes: Axes, axis: Axis, steps: Array, values: Array, **style: Any) -> None:
    floor = axis.low if axis.log else -np.inf
    if len(steps):
        lone: dict[str, Any] = {"marker": "o", "markersize": 3} if len(steps) == 1 else {}
        shown = np.where(np.isfinite(values), np.maximum(values, floor), np.nan)
        axes.plot(steps, shown, solid_capstyle="round", **style, **lone)


def _mark_leaving(axes: Axes, steps: Array, values: Array, axis: Axis, sign: float) -> None:
    """Mark at the edge where a curve leaves the picture or stops being a number."""
    places = axis.place(np.where(np.isfinite(values), values, axis.high)) if len(values) else np.empty(0)
    out = (places > 1.0 + _AIR) if sign > 0 else (places < -_AIR)
    bad = out | ~np.isfinite(values)
    if not bad.any():
        return
    i = int(np.argmax(bad))
    at = float(steps[i])
    if i and out[i]:
        edge = 1.0 + _AIR if sign > 0 else -_AIR
        at = float(np.interp(edge * sign, sign * places[[i - 1, i]], steps[[i - 1, i]]))
    axes.plot(
        [at],
        [1.0 if sign > 0 else 0.0],
        "^" if sign > 0 else "v",
        transform=axes.get_xaxis_transform(),
        color=_RED,
        markersize=6,
        clip_on=False,
        zorder=6,
    )


def _mark_end(axes: Axes, trial: Trial, steps: Array, values: Array, **style: Any) -> None:
    """End the curve of a stopped training in a cross, that of a paused one in two bars."""
    marker = {"stopped": "x", "paused": r"$\Vert$"}.get(trial.state)
    if marker and len(steps) and np.isfinite(values[-1]):
        axes.plot(steps[-1:], values[-1:], marker=marker, markersize=5, linestyle="none", zorder=2, **style)


def _settle(axes: Axes, axis: Axis, across: str, up: str) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    axes.set_xlabel(across)
    axes.set_ylabel(_plain(up))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axis.log:
        axes.set_yscale("log")
        wide = axis.high / axis.low > 300
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(lambda value, _: setting(float(value)))
    axes.grid(True, which="major", color=_GRID, linewidth=0.9)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _cap(axes: Axes, axis: Axis) -> None:
    """Limit the y axis to the fenced range, with a little air on both sides."""
    low, high = axis.at(-_AIR), axis.at(1.0 + _AIR)
    axes.set_ylim(low, high)


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
