"""Drawing: what all figures share: their looks, their axes, and text as it is.

Figures are made without pyplot: nothing is shown, kept open or changed for other figures of a program.
Text of users is never read as mathematics, and too long a name is cut.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from osetra.core.clean import name_text, one_line
from osetra.core.numbers import setting
from osetra.errors import MissingExtra
from osetra.installing import install_line
from osetra.views.axis import LARGEST, Axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

VEIL, RED, INK, GRID, FAINT = "#b9c0c7", "#d64545", "#2b3137", "#e9ecef", "#77808a"
LEADER = "#0072b2"
AIR = 0.06
"""Part of an axis left free beyond both ends of the data."""
LONGEST = 40
"""Characters of a name."""
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": "#9aa2aa",
    "axes.unicode_minus": True,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}


@contextmanager
def looks() -> Iterator[None]:
    """Let figures be made and written in our looks, whatever the program has set.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    # The first picture on a machine takes seconds for a list of fonts, which it need not say.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtra(f"pictures need matplotlib: {install_line('plot')}") from None
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure that notebooks show by itself."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from osetra.views.figures.notebook import NotebookFigure

    figure = NotebookFigure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, files: Sequence[Path]) -> list[Path]:
    """Write a figure to files; each suffix decides the format."""
    with looks():
        for file in files:
            figure.savefig(file, dpi=160)
    return list(files)


def words(text: object, longest: int = LONGEST) -> str:
    """Return text as a figure shows it: on one line, not too long, and never as mathematics."""
    line = one_line(str(text))
    if len(line) > longest:
        line = f"{line[: longest - 1]}…" if " " in line else name_text(line, longest)
    return line.replace("$", r"\$")


def title(axes: Axes, text: str, note: str = "") -> None:
    """Write a title, and what has to be known beside it in smaller letters."""
    axes.set_title(words(text, 120), loc="left", fontsize=11, fontweight="bold", pad=18 if note else 8)
    if note:
        axes.annotate(
            words(note, 150),
            (0.0, 1.0),
            (0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=8.5,
            color=FAINT,
        )


def settle(axes: Axes, axis: Axis, across: str, up: str) -> None:
    """Name the axes, choose their scale and lay a quiet grid; x counts."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    axes.set_xlabel(words(across, 80))
    axes.set_ylabel(words(up))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if axis.log:
        axes.set_yscale("log")
        wide = axis.high / axis.low > 300
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(lambda value, _: setting(float(value)))
    axes.margins(x=0.03)
    quiet(axes)


def quiet(axes: Axes, which: str = "both") -> None:
    """Lay a faint grid behind the data, and leave out the frame's upper and right side."""
    axes.grid(True, which="major", axis=which, color=GRID, linewidth=0.9)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def cap(axes: Axes, axis: Axis) -> None:
    """Limit the y axis to the fenced range, with a little air on both sides."""
    axes.set_ylim(axis.at(-AIR), axis.at(1.0 + AIR))


def nothing(axes: Axes, text: str) -> None:
    """Say that there is nothing to draw yet, in place of an empty frame."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words(text, 120), ha="center", va="center", color=FAINT, transform=axes.transAxes)


def line(axes: Axes, axis: Axis, steps: Array, values: Array, **style: Any) -> None:
    """Draw a curve; a single point is a dot, what is not finite a gap."""
    floor = axis.low if axis.log else -np.inf
    if len(steps):
        lone: dict[str, Any] = {"marker": "o", "markersize": 3} if len(steps) == 1 else {}
        shown = np.where(np.isfinite(values), np.maximum(values, floor), np.nan)
        axes.plot(steps, np.clip(shown, -LARGEST, LARGEST), solid_capstyle="round", **style, **lone)


def mark_leaving(axes: Axes, steps: Array, values: Array, axis: Axis, sign: float) -> None:
    """Mark at the edge where a curve leaves the picture or stops being a number."""
    places = axis.place(np.where(np.isfinite(values), values, axis.high)) if len(values) else np.empty(0)
    out = (places > 1.0 + AIR) if sign > 0 else (places < -AIR)
    bad = out | ~np.isfinite(values)
    if not bad.any():
        return
    i = int(np.argmax(bad))
    at = float(steps[i])
    if i and out[i]:
        edge = 1.0 + AIR if sign > 0 else -AIR
        at = float(np.interp(edge * sign, sign * places[[i - 1, i]], steps[[i - 1, i]]))
    axes.plot(
        [at],
        [1.0 if sign > 0 else 0.0],
        "^" if sign > 0 else "v",
        transform=axes.get_xaxis_transform(),
        color=RED,
        markersize=6,
        clip_on=False,
        zorder=6,
    )


def mark_end(axes: Axes, state: str, steps: Array, values: Array, **style: Any) -> None:
    """End a curve: in a cross when it was stopped, in two bars when it is paused, in a dot while it runs."""
    marker = {"stopped": "x", "paused": r"$\Vert$", "running": "o"}.get(state)
    if marker and len(steps) and np.isfinite(values[-1]):
        size = 6 if state == "running" else 5
        axes.plot(
            steps[-1:],
            values[-1:],
            marker=marker,
            markersize=size,
            linestyle="none",
            **{"zorder": 2, **style},
        )
