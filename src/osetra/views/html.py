"""What notebooks show of a study: static HTML with an inline picture, no script, escaped."""

from __future__ import annotations

import math
from html import escape

from osetra.core.history import History
from osetra.core.markup import table
from osetra.core.numbers import number, setting
from osetra.core.problem import Objective, Problem
from osetra.core.trial import Trial

_WIDTH, _HEIGHT, _ROWS = 420, 90, 8


def study_html(problem: Problem, history: History, name: str) -> str:
    """Return a table of the best trials under a picture of the best value so far."""
    objective = problem.objective
    states = {state: sum(t.state == state for t in history.trials.values()) for state in _states(history)}
    counts = ", ".join(f"{count} {state}" for state, count in states.items()) or "no trials yet"
    heads = ["trial", "state", objective.metric, *problem.space.names]
    rows = [_row(trial, problem) for trial in history.ranked(objective)[:_ROWS]]
    return (
        f"<div><b>{escape(name)}</b>: {objective.direction} {escape(objective.metric)}; {counts}"
        f"{_best_so_far(history, objective)}"
        f"{table(heads, rows)}</div>"
    )


def _states(history: History) -> list[str]:
    return sorted({trial.state for trial in history.trials.values()})


def _row(trial: Trial, problem: Problem) -> list[object]:
    values = [setting(trial.config[name]) if name in trial.config else "" for name in problem.space.names]
    return [trial.number, trial.state, number(trial.value), *values]


def _best_so_far(history: History, objective: Objective) -> str:
    values = [t.value for t in history.searched if t.state == "finished" and t.value is not None]
    best: list[float] = []
    for value in values:
        if math.isfinite(value):
            best.append(value if not best or objective.better(value, best[-1]) else best[-1])
    if len(best) < 2:
        return ""
    low, high = min(best), max(best)
    span = high - low or 1.0
    points = " ".join(
        f"{_WIDTH * i / (len(best) - 1):.1f},{5 + (_HEIGHT - 10) * (high - value) / span:.1f}"
        for i, value in enumerate(best)
    )
    return (
        f'<div><svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="best value so far">'
        f'<polyline points="{points}" fill="none" stroke="#2a6fdb" stroke-width="2"/></svg></div>'
    )
