"""The incumbent over time: a mean with its interval for the release and each re-test."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from osetra.views.axis import fit
from osetra.views.figures.curves import numbers
from osetra.views.figures.drawing import INK, LEADER, RED, VEIL, cap, new_figure, nothing, settle, title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = dict[str, Any]
_LOOKS = {
    "released": ("s", INK),
    "good": ("o", LEADER),
    "world changed": ("v", RED),
    "adopt": ("^", "#00845f"),
    "re-tune": ("D", "#d55e00"),
    "too good": ("*", "#b0528a"),
}
"""Mark and colour of each verdict: nothing is told by colour alone."""


def incumbent_figure(panel: Document) -> Figure:
    """Return the history of `incumbent_panel`."""
    figure = new_figure(8.0, 4.4)
    axes, points = figure.subplots(), panel["points"]
    if not points:
        nothing(axes, "no setting was confirmed with fresh seeds yet")
        return figure
    import matplotlib.dates

    dates: Any = matplotlib.dates  # which has no types
    mean, low, high = (numbers([point[end] for point in points]) for end in ("mean", "low", "high"))
    at = dates.date2num([datetime.datetime.fromtimestamp(point["time"], datetime.UTC) for point in points])
    axis = fit([mean, low, high], sign=float(panel["sign"]))
    band = numbers([panel["band"]["low"], panel["band"]["high"]])
    if np.isfinite(band).all():
        axes.axhspan(*np.clip(band, axis.low, axis.high), color=VEIL, alpha=0.35, linewidth=0, zorder=0)
    for outcome in dict.fromkeys(point["outcome"] for point in points):
        mark, colour = _LOOKS.get(outcome, ("o", INK))
        mine = [i for i, point in enumerate(points) if point["outcome"] == outcome]
        reach = np.nan_to_num(np.abs(np.stack([mean[mine] - low[mine], high[mine] - mean[mine]])))
        axes.errorbar(
            at[mine], mean[mine], yerr=reach, fmt=mark, color=colour, capsize=3, markersize=7, label=outcome
        )
    settle(axes, axis, "", panel["metric"])
    cap(axes, axis)
    locator = dates.AutoDateLocator(minticks=2, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    figure.legend(loc="outside lower center", ncols=6, frameon=False, fontsize=8.5)
    due = f"; next re-test {panel['due']}" if panel["due"] else ""
    title(axes, f"The setting in use: {panel['metric']}", f"the band is its interval when it was chosen{due}")
    return figure
