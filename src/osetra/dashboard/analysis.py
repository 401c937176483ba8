"""Analysis: the documents that look at a study as a whole, by the name under which the page asks for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from osetra.dashboard.documents import Make
from osetra.dashboard.follow import View
from osetra.errors import StudyError, nearest
from osetra.views.panels.boxes import boxes_panel
from osetra.views.panels.compare import Compared, compare_panel
from osetra.views.panels.fidelity import fidelity_panel
from osetra.views.panels.front import front_panel
from osetra.views.panels.history import history_panel
from osetra.views.panels.parallel import parallel_panel
from osetra.views.panels.slices import slices_panel
from osetra.views.panels.timeline import timeline_panel

if TYPE_CHECKING:
    from osetra.searchers.bayes import Explanation

Document = Mapping[str, object]
Asked = Mapping[str, str]


def maker(name: str, asked: Asked) -> Make:
    """Return what makes the document of that name.

    Raises:
        StudyError: there is none.
    """
    if name not in MAKERS:
        known = ", ".join(MAKERS)
        raise StudyError(f"{name[:80]!r}: no such document; there are {known}.{nearest(name, MAKERS)}")
    make = MAKERS[name]
    return lambda view: make(view, asked)


def explanation(view: View, number: int) -> Explanation | None:
    """Return what the searcher expected of a trial, where it said so when it suggested it."""
    trial = view.history.find(number)
    if trial.origin != "searcher":
        return None
    from osetra.searchers.bayes import stated  # with SciPy, once somebody looks at a trial

    return stated(view.problem, trial.why)


def comparison(studies: Sequence[tuple[str, str, View]]) -> Document:
    """Return several studies side by side."""
    shown = [Compared(id=key, name=name, problem=v.problem, history=v.history) for key, name, v in studies]
    return compare_panel(shown)


def _timeline(view: View, _: Asked) -> Document:
    return timeline_panel(view.history, time.time())


def _importance(view: View, _: Asked) -> Document:
    from osetra.views.panels.importance import importance_panel  # with SciPy

    return importance_panel(view.problem, view.history)


def _front(view: View, _: Asked) -> Document:
    if not view.problem.others:
        raise StudyError(f"the study has one objective, {view.problem.objective.metric}, and so no front")
    return front_panel(view.problem, view.history)


def _contour(view: View, asked: Asked) -> Document:
    from osetra.views.panels.contour import contour_panel, default_pair  # with SciPy

    pair = default_pair(view.problem, view.history)
    if pair is None:
        raise StudyError("the search has fewer than two hyperparameters to draw against each other")
    return contour_panel(view.problem, view.history, asked.get("x") or pair[0], asked.get("y") or pair[1])


MAKERS: Mapping[str, Callable[[View, Asked], Document]] = {
    "timeline": _timeline,
    "front": _front,
    "importance": _importance,
    "contour": _contour,
    "slices": lambda view, _: slices_panel(view.problem, view.history),
    "boxes": lambda view, _: boxes_panel(view.problem, view.history),
    "fidelity": lambda view, _: fidelity_panel(view.problem, view.history),
    "history": lambda view, _: history_panel(view.problem, view.history),
    "parallel": lambda view, _: parallel_panel(view.problem, view.history),
}
"""What the page asks for by name."""
