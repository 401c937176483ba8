"""What notebooks show of a study: rows, and static HTML with an inline picture, no script, escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from osetra.core.history import History
from osetra.core.numbers import number, setting
from osetra.core.problem import Objective, Problem
from osetra.core.trial import Trial
from osetra.errors import MissingExtra

_WIDTH, _HEIGHT, _ROWS = 420, 90, 8


def study_html(problem: Problem, history: History, name: str) -> str:
    """Return a table of the best trials under a picture of the best value so far."""
    objective = problem.objective
    states = {state: sum(t.state == state for t in history.trials.values()) for state in _states(history)}
    counts = ", ".join(f"{count} {state}" for state, count in states.items()) or "no trials yet"
    heads = ["trial", "state", objective.metric, *problem.space.names]
    rows = "".join(_row(trial, problem) for trial in history.ranked(objective)[:_ROWS])
    return (
        f"<div><b>{escape(name)}</b>: {objective.direction} {escape(objective.metric)}; {counts}"
        f"{_best_so_far(history, objective)}"
        f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>{rows}</table></div>"
    )


def records(problem: Problem, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return one plain dict per trial."""
    return [
        {
            "trial": trial.number,
            "state": trial.state,
            problem.objective.metric: trial.value,
            "seconds": trial.seconds,
            "attempts": len(trial.attempts),
            "seed": trial.seed,
            "repeats": trial.repeats,
            "by": trial.by,
            "why": trial.why,
            "reason": trial.reason,
            **{name: trial.config.get(name) for name in problem.space.names},
        }
        for trial in trials
    ]


def frame(rows: list[dict[str, Any]]) -> Any:
    """Return records as a pandas DataFrame; raises MissingExtra when pandas is absent."""
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtra("to_frame() needs pandas: pip install pandas; or use study.records()") from None
    return pd.DataFrame(rows)


def _states(history: History) -> list[str]:
    return sorted({trial.state for trial in history.trials.values()})


def _row(trial: Trial, problem: Problem) -> str:
    values = [trial.number, trial.state, number(trial.value)]
    values += [setting(trial.config.get(name, "")) for name in problem.space.names]
    return f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in values)}</tr>"


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
