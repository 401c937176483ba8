"""Growing: ranges marked soft are widened while a search runs, when the best lies at their end.

The judgement is that of the advice on edges (`osetra.advice.edges`), which asks functions that may have given
the trials; the change is an edit of the space like a person's, a fact in the log with its reason. Looking
costs a model of all trials, so it is done again only after a quarter more of them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from osetra.advice import edges
from osetra.core.edits import edited
from osetra.core.finding import Finding
from osetra.core.params import Float, Int
from osetra.core.space import Space
from osetra.core.text import parse_param
from osetra.errors import SpaceError, StudyError
from osetra.study.space_change import Log, change

log = logging.getLogger("osetra")

FIRST = 16
"""Finished trials before the first look."""
AGAIN = 1.25
"""It is looked again after so many times as many."""
DELIBERATE = ("grid", "manual")
"""Searchers that try what somebody laid down, so that a wider range means nothing to them."""


@dataclass(slots=True)
class SoftRanges:
    """Widens the soft ranges of a study as its results come in."""

    due: int = FIRST
    """How many finished trials the next look waits for."""

    def look(self, study: Log, searcher: str) -> None:
        """Widen what has to be wider, if it is time to look."""
        if searcher in DELIBERATE or not softs(study.problem.space):  # before the log is read for nothing
            return
        history = study.history
        finished = len(history.finished)
        if finished < self.due:
            return
        self.due = max(finished + 1, int(AGAIN * finished))
        for found in edges.find(study.problem, history):
            widen(study, found)


def softs(space: Space) -> list[str]:
    """Return the names whose only range is soft."""
    found = [(name, space.branches(name)) for name in space.names]
    return [
        name
        for name, params in found
        if len(params) == 1 and isinstance(params[0], Float | Int) and params[0].soft
    ]


def widen(study: Log, found: Finding) -> None:
    """Carry out the move of a finding on an edge, where the range is soft and nobody changed it meanwhile."""
    move = found.move
    if move is None or move.verb != "edit":
        return
    wanted = {name: parse_param(name, text) for name, text in move.args["params"].items()}
    if not wanted.keys() <= set(softs(study.problem.space)):
        return
    try:
        change(study, lambda old: edited(old, {n: [p] for n, p in wanted.items()}), {}, "auto", found.text)
    except (SpaceError, StudyError) as error:  # somebody was faster, and the range is another one now
        log.info("a soft range was not widened: %s", error)
        return
    log.warning("%s: its range is soft and was widened: %s", ", ".join(wanted), move.text)
