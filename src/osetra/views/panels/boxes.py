"""Boxes: how a search from coarse to fine closed in on the good part of the space."""

from __future__ import annotations

from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.core.params import Choice
from osetra.core.problem import Problem
from osetra.views.plain import plain_data

Document = dict[str, object]
TOPIC = "zoom"


def boxes_panel(problem: Problem, history: History) -> Document:
    """Return every box: from which trial on it holds, its ranges, and the weights of options."""
    space = problem.space
    labels = {space.columns[j].name: space.columns[j] for j in space.declared}  # the log sorts its names
    zooms = []
    for note in history.noted(TOPIC):
        box = note.data.get("box")
        if not isinstance(box, dict):
            continue
        known = {name: box[name] for name in labels if isinstance(box.get(name), dict)}
        numeric = {n: part for n, part in known.items() if not isinstance(labels[n].param, Choice)}
        zooms.append(
            {
                "after": int(note.data.get("from", 1)) - 1,
                "ranges": {n: plain_data(part.get("values")) for n, part in numeric.items()},
                "options": {n: plain_data(p.get("weights")) for n, p in known.items() if n not in numeric},
                "text": one_line(note.text),
            }
        )
    return {"version": history.version, "zooms": zooms}
