"""Compare: several studies side by side, the best so far at equal cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.space import difference
from osetra.views.panels.history import history_panel

Document = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A study among others."""

    id: str
    name: str
    problem: Problem
    history: History


def compare_panel(studies: Sequence[Compared]) -> Document:
    """Return the histories of some studies, and whether they ask the same question."""
    differences = [line for other in studies[1:] for line in _differences(studies[0], other)]
    return {
        "studies": [
            {
                "id": study.id,
                "name": study.name,
                "metric": study.problem.objective.metric,
                "direction": study.problem.objective.direction,
                "history": history_panel(study.problem, study.history),
            }
            for study in studies
        ],
        "same_question": not differences,
        "note": _note(studies, differences),
    }


def _differences(one: Compared, other: Compared) -> list[str]:
    lines = difference(one.problem.space, other.problem.space)
    a, b = one.problem.objective, other.problem.objective
    if a != b:
        lines.append(f"{a.direction} {a.metric} ({a.pick}) → {b.direction} {b.metric} ({b.pick})")
    return [f"{one.name} and {other.name}: {line}" for line in lines]


def _note(studies: Sequence[Compared], differences: Sequence[str]) -> str:
    if len(studies) < 2:
        return "one study alone: choose another one to compare it with"
    if not differences:
        return "the same space and objective: the curves can be compared at equal cost"
    return "they ask different questions, so their values may mean different things: " + "; ".join(
        differences
    )
