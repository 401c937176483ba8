"""The kinds of figures, by name: each draws a panel of a study as it is now."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.registry import check_name
from osetra.errors import StudyError
from osetra.views.figures.curves import curves_figure, history_figure, timeline_figure
from osetra.views.figures.drawing import looks
from osetra.views.figures.front import front_figure
from osetra.views.figures.incumbent import incumbent_figure
from osetra.views.figures.overview import overview_figure
from osetra.views.figures.space import contour_figure, importance_figure, parallel_figure, slice_figure
from osetra.views.panels.contour import contour_panel, default_pair
from osetra.views.panels.curves import curves_panel
from osetra.views.panels.front import front_panel
from osetra.views.panels.history import history_panel
from osetra.views.panels.parallel import parallel_panel
from osetra.views.panels.slices import slices_panel
from osetra.views.panels.timeline import timeline_panel
from osetra.views.panels.trials import trials_panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES = {"trials": "trials ended", "time": "wall-clock time", "cost": "full trainings"}
"""What the best so far is drawn by."""


def curves(
    problem: Problem, history: History, *, metric: str | None = None, trials: Collection[int] | None = None
) -> Figure:
    """Return cost curves: of all that run and the best ten, or of some trials."""
    chosen = None if trials is None else [history.find(number).number for number in trials]
    panel = curves_panel(problem, history, time.time(), metric=metric, trials=chosen)
    with looks():
        return curves_figure(panel)


def best(problem: Problem, history: History, *, by: str = "trials") -> Figure:
    """Return every result under the best so far, by "trials", "time" or "cost"."""
    check_name("axis", by, AXES)
    with looks():
        return history_figure(history_panel(problem, history), by=by)


def parallel(problem: Problem, history: History, *, top: int = 10) -> Figure:
    """Return parallel coordinates with the best trials in colour."""
    table = trials_panel(problem, history)
    with looks():
        return parallel_figure(parallel_panel(problem, history), table, top=top)


def slices(problem: Problem, history: History) -> Figure:
    """Return each hyperparameter alone against the value."""
    with looks():
        return slice_figure(slices_panel(problem, history))


def contour(problem: Problem, history: History, x: str | None = None, y: str | None = None) -> Figure:
    """Return what the model expects over two hyperparameters, by default those that matter most.

    Raises:
        StudyError: there are no two, or no such hyperparameter.
    """
    usual = default_pair(problem, history)
    if usual is None:
        raise StudyError("a contour needs two searched hyperparameters, and this study has fewer")
    across = x or next(name for name in usual if name != y)
    up = y or next(name for name in usual if name != across)
    panel = contour_panel(problem, history, across, up)
    with looks():
        return contour_figure(panel)


def importance(problem: Problem, history: History, within: float | None = None) -> Figure:
    """Return which hyperparameters matter over the space, or for being among its best share."""
    from osetra.views.panels.importance import importance_panel  # with SciPy

    panel = importance_panel(problem, history, within)
    with looks():
        return importance_figure(panel)


def front(problem: Problem, history: History) -> Figure:
    """Return the trials that none beats in all objectives, and how the volume that they dominate grew.

    Raises:
        StudyError: the study has one objective.
    """
    if not problem.others:
        raise StudyError(
            f"the study has one objective, {problem.objective.metric}, and so no front; draw its history "
            "instead"
        )
    with looks():
        return front_figure(front_panel(problem, history))


def timeline(problem: Problem, history: History) -> Figure:
    """Return which worker trained what and when."""
    with looks():
        return timeline_figure(timeline_panel(history, time.time()))


def incumbent(problem: Problem, history: History) -> Figure:
    """Return what the setting in use was worth when it was chosen, and at each re-test."""
    from osetra.views.panels.incumbent import incumbent_panel  # with SciPy

    panel = incumbent_panel(problem, history, time.time())
    with looks():
        return incumbent_figure(panel)


KINDS: Mapping[str, Callable[[Problem, History], Figure]] = {
    "curves": curves,
    "history": best,
    "parallel": parallel,
    "slice": slices,
    "contour": contour,
    "importance": importance,
    "timeline": timeline,
    "incumbent": incumbent,
    "front": front,
    "overview": overview_figure,
}
"""What `osetra plot` can draw."""
