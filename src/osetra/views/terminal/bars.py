"""Bars: the values of trainings that report once, side by side; a curve of one point would say nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from osetra.core.numbers import number
from osetra.views.axis import fit

EIGHTHS = "▏▎▍▌▋▊▉█"


def bars_picture(
    metric: str, rows: Sequence[tuple[str, float, str, str]], *, sign: float, width: int = 80
) -> RenderableType:
    """Return one bar a row.

    Args:
        metric: what is drawn.
        rows: (label, value, style, what stands behind the bar), in the order in which they are shown.
        sign: of the objective: 1 when small is good.
        width: columns of the picture.
    """
    values = np.array([value for _, value, _, _ in rows], dtype=np.float64)
    axis = fit([values], sign=sign)
    labels = max(len(label) for label, *_ in rows)
    room = max(8, width // 2 - labels - 14)
    places = np.clip(axis.place(np.where(np.isfinite(values), values, axis.high)), 0.0, 1.0)
    scale = ", log scale" if axis.log else ""
    title = Text.assemble((metric, "bold"), (f" of each trial{scale}", "dim"))
    lines = [
        Text.assemble(
            (f"{label:>{labels}} ", style),
            f"{number(value):>10} ",
            (f"{_bar(place, room):<{room}} ", style),
            (behind, "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )
        for (label, value, style, behind), place in zip(rows, places.tolist(), strict=True)
    ]
    return Group(title, *lines)


def _bar(place: float, room: int) -> str:
    """Return a bar of at least an eighth of a column, so that the best value is seen, too."""
    full, rest = divmod(max(1, round(place * room * 8)), 8)
    return "█" * full + (EIGHTHS[rest - 1] if rest else "")
