"""Figures over hyperparameters: parallel coordinates, slices, the model's contour, and importance."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.clean import name_text
from osetra.core.numbers import setting
from osetra.core.scales import to_unit
from osetra.views.axis import LARGEST, Axis, fit
from osetra.views.colours import STATES, colour_of
from osetra.views.figures.curves import numbers
from osetra.views.figures.drawing import (
    FAINT,
    GRID,
    INK,
    LEADER,
    VEIL,
    Array,
    cap,
    new_figure,
    nothing,
    quiet,
    settle,
    title,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = dict[str, Any]
Place = Callable[[object], float]

_MOST_AXES, _MOST_SLICES, _MOST_ROWS = 14, 12, 24
_MOST_LINES = 2_000
_MOST_TICKS = 8
_LEVEL = 14
"""Characters of the longest name that is written level below its axis."""
_GAP = -0.12
"""Where a line passes an axis that its trial does not have."""


def parallel_figure(panel: Document, trials: Document, *, top: int = 10) -> Figure:
    """Return the axes of `parallel_panel` with the rows of `trials_panel` as lines, the best in colour."""
    axes_of = [*panel["axes"][:-1][:_MOST_AXES], panel["axes"][-1]]
    figure = new_figure(max(6.0, 1.35 * len(axes_of) + 1.5), 5.2)
    axes = figure.subplots()
    rows = [row for row, value in enumerate(numbers(trials["value"]).tolist()) if math.isfinite(value)]
    if not rows:
        nothing(axes, "no trial has a value yet")
        return figure
    places = [place_on(axis) for axis in axes_of]
    ranked = sorted(rows, key=lambda row: -(trials["rank"][row] or math.inf))[-_MOST_LINES:]
    for row in ranked:
        rank, number = trials["rank"][row], trials["numbers"][row]
        values = [_value(trials, axis, row) for axis in axes_of]
        at = [_GAP if value is None else place(value) for place, value in zip(places, values, strict=True)]
        best = rank is not None and rank <= top
        look: dict[str, Any] = {"color": colour_of(number), "linewidth": 1.8, "alpha": 0.95, "zorder": 3}
        quietly: dict[str, Any] = {"color": VEIL, "linewidth": 0.8, "alpha": 0.6, "zorder": 1}
        axes.plot(range(len(at)), at, **(look if best else quietly))
    _draw_axes(axes, axes_of, places, any(None in (_value(trials, a, r) for a in axes_of) for r in ranked))
    hidden = len(panel["axes"]) - len(axes_of)
    left_out = f"; {hidden} further hyperparameters are left out" if hidden else ""
    coloured = min(top, sum(rank is not None for rank in trials["rank"]))
    title(axes, f"Parallel coordinates: the best {coloured} in colour", f"{len(ranked)} trials{left_out}")
    return figure


def slice_figure(panel: Document) -> Figure:
    """Return every hyperparameter of `slices_panel` against the value, with the best along it."""
    params = [param for param in panel["params"] if param["points"]][:_MOST_SLICES]
    columns = min(4, max(1, len(params)))
    rows = max(1, -(-len(params) // columns))
    figure = new_figure(max(4.5, 3.1 * columns), 2.9 * rows + 0.5)
    if not params:
        nothing(figure.subplots(), "no trial has a value yet")
        return figure
    drawn = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    values = numbers([value for param in params for _, value, _ in param["points"]])
    axis = fit([values], sign=float(panel["sign"]))
    for axes, param in zip(drawn, params, strict=False):
        _draw_slice(axes, axis, param, panel["metric"] if axes.get_subplotspec().is_first_col() else "")
    for axes in drawn[len(params) :]:
        axes.set_axis_off()
    left = sum(bool(param["points"]) for param in panel["params"]) - len(params)
    more = f"; {left} further hyperparameters are left out" if left else ""
    metric = name_text(panel["metric"])
    figure.suptitle(
        words(f"Slices: {metric} along each hyperparameter, the best reached as a line{more}", 140),
        x=0.012,
        ha="left",
        fontsize=11,
        fontweight="bold",
    )
    return figure


def contour_figure(panel: Document) -> Figure:
    """Return what the model of `contour_panel` expects, and how unsure it is, side by side."""
    figure = new_figure(10.5, 4.6)
    if not panel["mean"]:
        nothing(figure.subplots(), panel["note"])
        return figure
    places = place_on(panel["x"]), place_on(panel["y"])
    x, y = (
        np.array([place(v) for v in panel[grid]])
        for place, grid in zip(places, ("grid_x", "grid_y"), strict=True)
    )
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    smooth = panel["x"]["values"] is None and panel["y"]["values"] is None
    for axes, what, name, colours in (
        (left, "mean", f"expected {name_text(panel['metric'], 30)}", "cividis"),
        (right, "sd", "standard deviation", "Greys"),
    ):
        grid = np.array([numbers(row) for row in panel[what]])
        _draw_surface(figure, axes, x, y, grid, name, colours, smooth)
        _draw_points(axes, panel["points"], places, float(panel["sign"]))
        _ticks(axes, panel["x"], across=True)
        _ticks(axes, panel["y"], across=False)
        axes.set_xlabel(words(panel["x"]["label"]))
    left.set_ylabel(words(panel["y"]["label"], 36))
    title(left, f"What the model expects: {name_text(panel['metric'], 28)}", panel["note"])
    title(right, "How unsure it is", "points are trials, the best ringed")
    return figure


def importance_figure(panel: Document) -> Figure:
    """Return the rows of `importance_panel` as bars with their intervals, the weightiest on top.

    What is not reliable is pale.
    """
    rows = [row for row in panel["rows"] if row["share"] is not None][:_MOST_ROWS]
    figure = new_figure(8.0, 1.3 + 0.36 * max(len(rows), 3))
    axes = figure.subplots()
    if not rows:
        nothing(axes, panel["note"])
        return figure
    share, low, high = (numbers([row[side] for row in rows]) for side in ("share", "low", "high"))
    at = np.arange(len(rows))
    colours = [LEADER if row["reliable"] else VEIL for row in rows]
    axes.barh(at, share, height=0.62, color=colours, alpha=0.85, zorder=2)
    axes.hlines(at, low, high, color=INK, linewidth=1.4, zorder=3)
    axes.plot(low, at, "|", high, at, "|", color=INK, markersize=7, zorder=3)
    axes.set_yticks(at, [words(_row_name(row, rows), 40) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(0.0, max(0.05, float(np.max(np.concatenate((share, high))))) * 1.06)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.set_xlabel("share of what makes trials differ; pale: cannot tell yet")
    quiet(axes, "x")
    title(axes, "Importance of hyperparameters", panel["note"])
    return figure


def place_on(param: Document) -> Place:
    """Return where values of a parameter stand on its axis, 0 at the low end and 1 at the high end."""
    if param["values"] is not None:
        index = {str(value): place for place, value in enumerate(param["values"])}
        return lambda value: (index.get(str(value), 0) + 0.5) / max(1, len(index))
    low, high, scale = float(param["low"]), float(param["high"]), str(param["scale"])
    if param["kind"] == "objective":
        axis = Axis(low, high, scale == "log")
        return lambda value: float(np.clip(axis.place(numbers([value])), -0.02, 1.06)[0])
    return lambda value: float(to_unit(numbers([value]), low, high, scale)[0])


def ticks_of(param: Document, most: int = 5) -> tuple[list[float], list[str]]:
    """Return places and texts of an axis' ticks."""
    place = place_on(param)
    if param["values"] is not None:
        listed = param["values"]
        chosen = listed if len(listed) <= _MOST_TICKS else [listed[0], listed[len(listed) // 2], listed[-1]]
        return [place(value) for value in chosen], [words(name_text(setting(value), 12)) for value in chosen]
    marks = _round_marks(param, most)
    return [place(value) for value in marks], [setting(float(f"{value:.12g}"), 3) for value in marks]


def _round_marks(param: Document, most: int) -> list[float]:
    low, high, scale = float(param["low"]), float(param["high"]), param["scale"]
    if scale == "log" and high / low >= 10:
        marks = _of_decades(low, high, (1,))
        marks = marks if len(marks) > 2 else _of_decades(low, high, (1, 2, 5))  # one mark tells no scale
        return marks[:: max(1, -(-len(marks) // most))]
    if scale in ("one_minus_log", "logit"):
        tried = [_near_ends(low, high, scale, within) for within in ((1, 2, 5), (1, 5), (1,))]
        marks = next((some for some in tried if 2 <= len(some) <= most), tried[-1] or [low, high])
        return marks[:: max(1, -(-len(marks) // most))] if len(marks) > 1 else [low, high]
    from matplotlib.ticker import MaxNLocator

    whole = param["kind"] == "int"
    return [float(m) for m in MaxNLocator(most - 1, integer=whole).tick_values(low, high) if low <= m <= high]


def _near_ends(low: float, high: float, scale: str, within: tuple[int, ...]) -> list[float]:
    """Return round places by their distance to 1, on a logit scale by that to 0 as well."""
    if scale == "one_minus_log":
        return sorted(float(f"{1 - mark:.12g}") for mark in _of_decades(1 - high, 1 - low, within))
    marks = [*_of_decades(low, min(high, 0.1), (1,)), 0.5]
    marks += [float(f"{1 - mark:.12g}") for mark in _of_decades(1 - high, min(1 - low, 0.1), (1,))]
    return sorted(mark for mark in marks if low <= mark <= high)


def _of_decades(low: float, high: float, within: tuple[int, ...]) -> list[float]:
    """Return multiples of powers of ten between two ends, both included."""
    powers = range(math.floor(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    marks = [k * 10.0**power for power in powers for k in within]
    return [mark for mark in marks if low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)]


def _value(trials: Document, axis: Document, row: int) -> object:
    if axis["kind"] == "objective":
        return trials["value"][row]
    when, value = axis["when"] or {}, trials["config"][axis["name"]][row]
    # A name with several branches has an axis for each.
    met = all(trials["config"][parent][row] in allowed for parent, allowed in when.items())
    return value if met else None


def _draw_axes(axes: Axes, params: Sequence[Document], places: Sequence[Place], gaps: bool) -> None:
    for place, param in enumerate(params):
        axes.vlines(place, 0.0, 1.0, color=FAINT, linewidth=1.0, zorder=4)
        at, texts = ticks_of(param)
        for height, text in zip(at, texts, strict=True):
            axes.plot([place], [height], "_", color=FAINT, markersize=6, zorder=4)
            axes.annotate(
                text,
                (place, height),
                (4, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                zorder=5,
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
            )
    if gaps:
        axes.text(-0.1, _GAP, "does not exist", ha="right", va="center", fontsize=7.5, color=FAINT)
    names = [words(param["label"], 22) for param in params]
    axes.set_xticks(
        range(len(params)),
        names,
        rotation=15 if len(params) > 8 or max(map(len, names)) > _LEVEL else 0,
    )
    axes.set_xlim(-0.35, len(params) - 0.45)
    axes.set_ylim(_GAP - 0.05 if gaps else -0.05, 1.09)
    axes.set_yticks([])
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _draw_slice(axes: Axes, axis: Axis, param: Document, metric: str) -> None:
    place = place_on(param)
    at = np.array([place(x) for x, _, _ in param["points"]])
    if param["values"] is not None and len(at):
        spread = np.random.default_rng(0).uniform(-0.25, 0.25, len(at)) / max(1, len(param["values"]))
        at = at + spread  # options would lie on top of each other
    values = numbers([value for _, value, _ in param["points"]])
    floor = axis.low if axis.log else -LARGEST
    colours = [colour_of(trial) for _, _, trial in param["points"]]
    axes.scatter(at, np.clip(values, floor, LARGEST), c=colours, s=18, alpha=0.75, linewidths=0, zorder=2)
    best = numbers([value for _, value in param["envelope"]])
    along = np.array([place(x) for x, _ in param["envelope"]])
    joined = "-" if param["kind"] in ("float", "int", "ordinal") else "none"
    axes.plot(
        along,
        np.clip(best, floor, LARGEST),
        color=INK,
        linewidth=1.3,
        linestyle=joined,
        marker="_",
        markersize=9,
        zorder=3,
    )
    settle(axes, axis, name_text(param["label"], 24), metric)
    cap(axes, axis)
    axes.set_xlim(-0.04, 1.04)
    _ticks(axes, param, across=True)


def _ticks(axes: Axes, param: Document, *, across: bool) -> None:
    at, texts = ticks_of(param, 4)
    if across:
        axes.set_xticks(at, texts)
    else:
        axes.set_yticks(at, texts)


def _draw_surface(
    figure: Figure, axes: Axes, x: Array, y: Array, grid: Array, name: str, colours: str, smooth: bool
) -> None:
    shown = np.ma.masked_invalid(np.clip(grid, -LARGEST, LARGEST))
    axes.set_facecolor(GRID)
    surface = axes.pcolormesh(x, y, shown, cmap=colours, shading="nearest", rasterized=True)
    if smooth and not shown.mask.any() and min(grid.shape) > 2 and np.ptp(grid) > 0:
        axes.contour(x, y, shown, levels=8, colors="white", linewidths=0.6, alpha=0.7)
    bar = figure.colorbar(surface, ax=axes, shrink=0.9)
    bar.set_label(words(name, 50))
    bar.ax.yaxis.set_major_formatter(lambda value, _: setting(float(value), 3))


def _draw_points(
    axes: Axes, points: Sequence[Sequence[Any]], places: tuple[Place, Place], sign: float
) -> None:
    if not points:
        return
    # The best is drawn last, so that no other lies on it.
    shown = sorted(points, key=lambda point: -sign * float(point[2]))
    at = np.array([[places[0](x), places[1](y)] for x, y, _, _ in shown])
    colours = [colour_of(trial) for _, _, _, trial in shown]
    axes.scatter(at[:, 0], at[:, 1], c=colours, s=20, edgecolors="white", linewidths=0.7, zorder=3)
    ring: dict[str, Any] = {
        "markersize": 12,
        "markerfacecolor": "none",
        "markeredgecolor": STATES["light"]["failed"],
    }
    axes.plot(*at[-1], "o", markeredgewidth=1.8, zorder=4, **ring)


def _row_name(row: Document, rows: Sequence[Document]) -> str:
    most = max(other["trials"] for other in rows)
    name = name_text(row["name"], 26)
    return name if row["trials"] == most else f"{name} ({row['trials']} trials)"
