"""The front as a picture: trials by two objectives at a time, and below how the volume grew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.numbers import number, setting
from osetra.views.figures.drawing import (
    FAINT,
    LEADER,
    RED,
    VEIL,
    new_figure,
    nothing,
    quiet,
    title,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE = 30.0
"""Ratio of the largest to the smallest value of a front from which an axis is logarithmic."""


def front_figure(panel: Mapping[str, Any]) -> Figure:
    """Return the picture of a `front_panel`: the first objective upwards, each other one to the right.

    The front stands out, what it beats is faint, and what breaks a limit is hollow.
    """
    others = range(1, len(panel["metrics"]))
    figure = new_figure(4.6 * max(len(others), 1) + 2.4, 6.4)
    if not panel["trials"]:
        nothing(figure.subplots(), "no trial has a value of every objective yet")
        return figure
    grid = figure.add_gridspec(2, max(len(others), 1), height_ratios=[2.6, 1.0])
    for column, across in enumerate(others):
        _draw_front(figure.add_subplot(grid[0, column]), panel, across, first=column == 0)
    if not others:
        nothing(figure.add_subplot(grid[0, 0]), "one objective has no front: see the history instead")
    _draw_volumes(figure.add_subplot(grid[1, :]), panel)
    return figure


def _draw_front(axes: Axes, panel: Mapping[str, Any], across: int, *, first: bool) -> None:
    values, state = np.array(panel["values"], dtype=np.float64), np.array(panel["state"])
    x, y = values[:, across], values[:, 0]
    beaten, broken, on_it = state == "dominated", state == "infeasible", state == "front"
    axes.plot(x[beaten], y[beaten], "o", color=VEIL, markersize=4.5, markeredgewidth=0, zorder=2)
    hollow: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": RED, "alpha": 0.7}
    axes.plot(x[broken], y[broken], "o", markersize=4.5, zorder=2, **hollow)
    order = np.argsort(x[on_it], kind="stable")
    if len(panel["metrics"]) == 2:
        where: dict[str, Any] = {"where": "post" if panel["signs"][across] > 0 else "pre"}
        axes.step(x[on_it][order], y[on_it][order], **where, color=LEADER, linewidth=1.6, zorder=3)
    axes.plot(x[on_it], y[on_it], "o", color=LEADER, markersize=6, zorder=4)
    for row, trial in enumerate(panel["trials"]):
        if trial == panel["knee"]:
            label = f"trial {trial}, the knee: {number(y[row])}, {number(x[row])}"
            axes.plot(x[row], y[row], "o", markersize=12, markerfacecolor="none", markeredgecolor=LEADER)
            axes.annotate(
                words(label, 80), (x[row], y[row]), (9, 9), textcoords="offset points", fontsize=8.5
            )
    for metric, rule in panel["limits"].items():
        bound = float(rule.strip("<>="))
        if metric == panel["metrics"][across]:
            axes.axvline(bound, color=RED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        if metric == panel["metrics"][0]:
            axes.axhline(bound, color=RED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    _scale(axes, "x", x[on_it])
    _scale(axes, "y", y[on_it])
    axes.set_xlabel(words(panel["metrics"][across], 60))
    axes.set_ylabel(words(panel["metrics"][0], 60))
    quiet(axes)
    if first:
        count = int(on_it.sum())
        note = panel["unmet"] or f"{count} of {len(state)} finished trials that none beats in all objectives"
        title(axes, "Front", note if len(note) < 90 else f"{note[:89]}…")


def _scale(axes: Axes, side: str, front: Any) -> None:
    """Choose a scale by what the front spans, and write numbers as everywhere."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    if len(front) and front.min() > 0 and front.max() / front.min() > WIDE:
        (axes.set_xscale if side == "x" else axes.set_yscale)("log")
    else:
        axis.set_major_formatter(lambda value, _: setting(float(value)))


def _draw_volumes(axes: Axes, panel: Mapping[str, Any]) -> None:
    volumes = panel["volumes"]
    if not volumes:
        nothing(axes, "no trial keeps the limits yet")
        return
    axes.step(np.arange(1, len(volumes) + 1), volumes, where="post", color=LEADER, linewidth=1.8)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("trials ended that keep the limits" if panel["limits"] else "trials ended")
    axes.set_ylabel("hypervolume")
    reference = ", ".join(number(value) for value in panel["reference"])
    axes.annotate(
        words(f"within {reference}", 80),
        (1.0, 0.04),
        xycoords="axes fraction",
        ha="right",
        fontsize=8,
        color=FAINT,
    )
    quiet(axes)
