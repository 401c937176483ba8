"""`study.plot`: a study's panels as Matplotlib figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import text, whole
from osetra.core.trial import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osetra.study.view import StudyView


class StudyPlots:
    """Figures of a study as it is now. None is shown by itself: save it, or let a notebook display it.

    Raises:
        MissingExtra: matplotlib is not installed; each figure says so.
    """

    def __init__(self, study: StudyView) -> None:
        self._study = study

    def curves(self, *, metric: str | None = None, trials: Iterable[Trial | int] | None = None) -> Figure:
        """Return cost curves side by side: of all that run and the best ten, or of some trials."""
        history = self._study.history
        chosen = None if trials is None else [history.find(trial).number for trial in trials]
        name = None if metric is None else text("metric", metric, "the name of a metric is a text")
        return self._drawn("curves", metric=name, trials=chosen)

    def history(self, *, by: str = "trials") -> Figure:
        """Return every result under the best so far, by "trials", "time" or "cost"."""
        return self._drawn("history", by=text("by", by, "trials, time or cost is needed"))

    def parallel(self, *, top: int = 10) -> Figure:
        """Return parallel coordinates, the best trials in colour."""
        return self._drawn("parallel", top=whole("top", top, least=1))

    def slice(self) -> Figure:
        """Return each hyperparameter alone against the value, with the best reached along it."""
        return self._drawn("slice")

    def contour(self, x: str | None = None, y: str | None = None) -> Figure:
        """Return what the model expects over two hyperparameters, by default those that matter most."""
        names = {"x": x, "y": y}
        wanted = "the name of a hyperparameter is a text"
        return self._drawn("contour", **{k: n if n is None else text(k, n, wanted) for k, n in names.items()})

    def importance(self, within: float | None = None) -> Figure:
        """Return the numbers of `study.importance(within)` as bars with their intervals."""
        return self._drawn("importance", within=within)

    def front(self) -> Figure:
        """Return the trials of `study.front` among all others, and how the volume that they dominate grew.

        Raises:
            StudyError: the study has one objective.
        """
        return self._drawn("front")

    def timeline(self) -> Figure:
        """Return which worker trained what and when."""
        return self._drawn("timeline")

    def incumbent(self) -> Figure:
        """Return what the setting in use was worth when it was chosen, and at each re-test."""
        return self._drawn("incumbent")

    def _drawn(self, kind: str, **options: Any) -> Figure:
        from osetra.views.figures.kinds import KINDS

        return KINDS[kind](self._study.problem, self._study.history, **options)

    def __repr__(self) -> str:
        return "<plots: curves, history, parallel, slice, contour, importance, timeline, incumbent, front>"
