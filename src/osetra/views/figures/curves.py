"""Figures over steps, trials and time: cost curves, the best so far, and who worked when."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.core.clean import name_text
from osetra.core.numbers import duration, number, percent
from osetra.views.axis import LARGEST, Axis, fit
from osetra.views.colours import STATES, colour_of
from osetra.views.figures.drawing import (
    FAINT,
    INK,
    LEADER,
    VEIL,
    Array,
    cap,
    line,
    mark_end,
    mark_leaving,
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
_DASHES = (0, (4, 2))
_MOST_NAMED = 16
"""Trials in a legend at most."""
_MOST_PARTNERS = 3
"""Trials of which the training metric is drawn, too, beside those that run."""
_MOST_LANES = 40
_MARKS = ("", "o", "s", "^", "D", "v")
"""Of curves that share a colour in one figure."""
_HATCHES = {"failed": "////", "lost": "////", "diverged": "...."}


def curves_figure(panel: Document) -> Figure:
    """Return the cost curves of `curves_panel`."""
    figure = new_figure(10.0, 5.4)
    axes, sign = figure.subplots(), float(panel["sign"])
    curves = [(document, *_curve(document)) for document in panel["curves"] if document["steps"]]
    if not curves:
        nothing(axes, f"nobody has reported {name_text(panel['metric'])} yet")
        return figure
    partners = [_partner(document) for document, _, _ in curves]
    band = panel["band"]
    edges = [numbers(band[side]) for side in ("low", "high")] if band else []
    axis = fit([*(v for _, _, v in curves), *(v for _, v in partners), *edges], sign=sign, descents=True)
    if band:
        low, high = (np.clip(edge, axis.low if axis.log else -LARGEST, LARGEST) for edge in edges)
        axes.fill_between(band["steps"], low, high, color=VEIL, alpha=0.35, linewidth=0, zorder=0)
    pairs, marks = list(enumerate(zip(curves, partners, strict=True))), _marks(panel["curves"])
    for place, ((document, steps, values), (at, beside)) in reversed(pairs):
        _draw_curve(axes, axis, document, steps, values, sign, place, marks[document["trial"]])
        if place < _MOST_PARTNERS or document["state"] == "running":
            colour = colour_of(document["trial"])
            line(axes, axis, at, beside, color=colour, linewidth=1.0, linestyle=_DASHES, zorder=2)
    settle(axes, axis, "step", panel["metric"])
    cap(axes, axis)
    _draw_rungs(axes, axis, panel["rungs"])
    _legend(axes)
    dashed = panel["partner"] and any(len(v) for _, v in partners)
    beside = f"; {name_text(panel['partner'])} dashed" if dashed else ""
    rest = f"the band holds eight of ten of the {band['n']} others" if band else ""
    title(axes, f"Cost curves: {name_text(panel['metric'])}{beside}", rest or "all trials that reported")
    return figure


def history_figure(panel: Document, *, by: str = "trials") -> Figure:
    """Return the best so far of `history_panel`, by "trials", "time" or "cost"."""
    figure = new_figure(8.0, 4.8)
    axes = figure.subplots()
    values, best = numbers(panel["value"]), numbers(panel["best"])
    shown = np.isfinite(values)
    if not shown.any():
        nothing(axes, "no trial has a value yet")
        return figure
    across, name = _across(panel, by)
    axis = fit([values[shown], best[np.isfinite(best)]], sign=float(panel["sign"]))
    floor = axis.low if axis.log else -math.inf
    _draw_results(axes, panel, across, values, floor)
    _failures(axes, across[~shown])
    known = np.isfinite(best)
    if known.any():
        label = f"best so far, now {number(float(best[known][-1]))}"
        axes.step(
            across[known],
            np.clip(best[known], floor, LARGEST),
            where="post",
            color=INK,
            linewidth=1.8,
            label=label,
        )
    settle(axes, axis, name, panel["metric"])
    cap(axes, axis)
    if by != "trials":
        axes.xaxis.set_major_locator(_plain_locator())
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8.5)
    title(axes, f"Best {name_text(panel['metric'])} so far")
    return figure


def timeline_figure(panel: Document) -> Figure:
    """Return the bars of `timeline_panel`: a lane for each worker."""
    lanes, bars = panel["lanes"][:_MOST_LANES], panel["bars"]
    figure = new_figure(10.0, 1.6 + 0.34 * max(len(lanes), 2))
    axes = figure.subplots()
    if not bars:
        nothing(axes, "nobody has trained anything yet")
        return figure
    origin = min(bar["start"] for bar in bars)
    last = max(panel["now"] if bar["end"] is None else bar["end"] for bar in bars)
    unit, scale = _unit(last - origin)
    for outcome in dict.fromkeys(bar["outcome"] for bar in bars):
        mine = [bar for bar in bars if bar["outcome"] == outcome and bar["lane"] < len(lanes)]
        _draw_bars(axes, mine, outcome, origin, last, scale)
    for bar in bars if len(bars) <= 120 else ():
        _number_bar(axes, bar, origin, last, scale)
    axes.set_yticks(range(len(lanes)), [words(f"{lane['worker']}/{lane['slot']}", 24) for lane in lanes])
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.set_xlim(-0.005 * (last - origin) / scale, 1.01 * max(last - origin, 1e-9) / scale)
    axes.set_xlabel(f"{unit} since the first training began")
    axes.set_ylabel("worker / slot")
    quiet(axes, "x")
    _outcomes(figure, list(dict.fromkeys(bar["outcome"] for bar in bars)))
    busy = panel["utilisation"]
    share = "" if busy is None else f"workers trained {percent(busy)} of the time"
    title(axes, f"Timeline: {len(bars)} attempts in {duration(last - origin)}", share)
    return figure


def numbers(values: list[Any]) -> Array:
    """Return the numbers of a document (n,): texts are what JSON has no number for, None is NaN."""
    return np.array([math.nan if value is None else float(value) for value in values], dtype=np.float64)


def _curve(document: Document) -> tuple[Array, Array]:
    return np.array(document["steps"], dtype=np.float64), numbers(document["values"])


def _partner(document: Document) -> tuple[Array, Array]:
    if document["partner"] is None:
        return np.empty(0), np.empty(0)
    steps = document["partner_steps"] or document["steps"]
    return np.array(steps, dtype=np.float64), numbers(document["partner"])


def _marks(documents: list[Document]) -> dict[int, str]:
    """Return a mark for each trial: none for the first of a colour, others for those that share it."""
    seen: dict[str, int] = {}
    marks: dict[int, str] = {}
    for trial in (document["trial"] for document in documents):
        colour = colour_of(trial)
        marks[trial] = _MARKS[seen.get(colour, 0) % len(_MARKS)]
        seen[colour] = seen.get(colour, 0) + 1
    return marks


def _draw_curve(
    axes: Axes,
    axis: Axis,
    document: Document,
    steps: Array,
    values: Array,
    sign: float,
    place: int,
    mark: str,
) -> None:
    colour, state, trial = colour_of(document["trial"]), document["state"], document["trial"]
    label = words(f"trial {trial}  {number(_reached(values, sign))}  {state}")
    style: dict[str, Any] = {"linewidth": 2.4 if place == 0 else 1.6, "zorder": 4 - place / 100}
    style["alpha"] = 1.0 if state in ("running", "finished") else 0.75
    if mark and len(steps) > 1:
        style |= {"marker": mark, "markersize": 4.5, "markevery": max(1, len(steps) // 8)}
    line(axes, axis, steps, values, color=colour, label=label if place < _MOST_NAMED else None, **style)
    mark_leaving(axes, steps, values, axis, sign)
    mark_end(axes, state, steps, values, color=colour, zorder=5)


def _reached(values: Array, sign: float) -> float:
    finite = values[np.isfinite(values)]
    return math.nan if not len(finite) else float(finite.min() if sign > 0 else finite.max())


def _draw_rungs(axes: Axes, axis: Axis, rungs: list[Document]) -> None:
    for rung in rungs:
        axes.axvline(rung["step"], color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
        cut = numbers([rung["cut"]])[0]
        if np.isfinite(cut) and axis.low <= cut <= axis.high:
            axes.plot(
                [rung["step"]], [cut], marker="_", markersize=14, color=INK, markeredgewidth=2, zorder=6
            )
            axes.annotate(
                f"cut {number(float(cut), 3)}, n = {rung['n']}",
                (rung["step"], cut),
                (5, 5),
                textcoords="offset points",
                fontsize=7.5,
                color=INK,
                bbox={"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.8},
                zorder=6,
            )


def _legend(axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles[::-1],
            labels[::-1],
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            frameon=False,
            fontsize=8.5,
        )


def _across(panel: Document, by: str) -> tuple[Array, str]:
    if by == "cost":
        return numbers(panel["cost"]), "cost, full trainings"
    if by == "time":
        times = numbers(panel["time"])
        unit, scale = _unit(float(times[-1] - (panel["opened"] or times[0])))
        return (times - (panel["opened"] or times[0])) / scale, f"{unit} since the study began"
    return np.arange(1, len(panel["trials"]) + 1, dtype=np.float64), "trials ended"


def _unit(seconds: float) -> tuple[str, float]:
    for unit, scale in (("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 3 * scale:
            return unit, scale
    return "seconds", 1.0


def _draw_results(axes: Axes, panel: Document, across: Array, values: Array, floor: float) -> None:
    """Draw every value as a point: filled for trainings that came to their end, hollow for others."""
    repeats = np.array([repeats is not None for repeats in panel["repeats"]], dtype=bool)
    whole = np.array([state == "finished" for state in panel["state"]], dtype=bool)
    trials, known = np.array(panel["trials"]), np.isfinite(values)
    for mine, marker, hollow, label in (
        (known & whole & ~repeats, "o", False, "finished"),
        (known & ~whole & ~repeats, "o", True, "cut short: value so far"),
        (known & repeats, "D", False, "repeat with a fresh seed"),
    ):
        if not mine.any():
            continue
        colours = [colour_of(trial) for trial in trials[mine].tolist()]
        look: dict[str, Any] = {"facecolors": "none", "linewidths": 1.0} if hollow else {"linewidths": 0}
        at = np.clip(values[mine], floor, LARGEST)
        kept = {"edgecolors": colours, **look} if hollow else {"c": colours, **look}
        axes.scatter(across[mine], at, marker=marker, s=18 if hollow else 30, alpha=0.8, label=label, **kept)


def _failures(axes: Axes, at: Array) -> None:
    """Mark trials without a value on the axis."""
    if len(at):
        label = f"{len(at)} without a value"
        axes.plot(
            *(at, np.full(len(at), 0.015)),
            "x",
            transform=axes.get_xaxis_transform(),
            color=STATES["light"]["failed"],
            markersize=5,
            label=label,
        )


def _plain_locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(8)


def _draw_bars(
    axes: Axes, bars: list[Document], outcome: str, origin: float, last: float, scale: float
) -> None:
    if not bars:
        return
    spans = [
        ((b["start"] - origin) / scale, ((last if b["end"] is None else b["end"]) - b["start"]) / scale)
        for b in bars
    ]
    colour = STATES["light"].get(outcome, LEADER)
    wide = 0.006 * (last - origin) / scale
    axes.barh(
        [bar["lane"] for bar in bars],
        [width for _, width in spans],
        left=[start for start, _ in spans],
        height=0.72,
        color=colour,
        edgecolor=["white" if width > wide else colour for _, width in spans],  # what is short is seen, too
        linewidth=0.7,
        hatch=_HATCHES.get(outcome),
    )


def _outcomes(figure: Figure, outcomes: list[str]) -> None:
    """Say which colour is which outcome, those that came to nothing hatched."""
    from matplotlib.patches import Patch

    colours = STATES["light"]
    handles = [
        Patch(facecolor=colours.get(o, LEADER), edgecolor="white", hatch=_HATCHES.get(o), label=words(o))
        for o in outcomes
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=8, frameon=False, fontsize=8.5)


def _number_bar(axes: Axes, bar: Document, origin: float, last: float, scale: float) -> None:
    """Write the trial's number into a bar that has room for it."""
    end = last if bar["end"] is None else bar["end"]
    if end - bar["start"] > 0.018 * (last - origin):
        middle = ((bar["start"] + end) / 2 - origin) / scale
        axes.text(
            middle, bar["lane"], str(bar["trial"]), ha="center", va="center", fontsize=7.5, color="white"
        )
