"""Analysis: the documents that look at a study as a whole, by the name under which the page asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from osetra.dashboard.documents import Make
from osetra.dashboard.follow import View
from osetra.errors import StudyError, nearest

if TYPE_CHECKING:
    from osetra.searchers.bayes import Explanation

Document = Mapping[str, object]
Asked = Mapping[str, str]
Maker = Callable[[View, Asked], Document]

MAKERS: Mapping[str, Maker] = {}


def maker(name: str, asked: Asked) -> Make:
    """Return what makes the document of that name.

    Raises:
        StudyError: there is none.
    """
    if name not in MAKERS:
        raise StudyError(
            f"{name[:80]!r}: no such document; there are {', '.join(MAKERS)}.{nearest(name, MAKERS)}"
        )
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
    return {}
