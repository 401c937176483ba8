"""The incumbent over time: what it was worth when it went into use, and at each re-test since."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from osetra.core.due import CHECKED, RELEASED, due_of
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.views.plain import plain_data, plain_number

Document = dict[str, object]
MOST_CHANGES = 20
"""Sentences on what was not as it had been, at most."""


def incumbent_panel(problem: Problem, history: History, now: float) -> Document:
    """Return a point for the release and for each re-test, each a mean with its 95 % interval.

    The band is the interval at the release: a mean of later that lies beside it says that the world, or the
    setting, has changed.
    """
    points = [*_released(problem, history), *_checked(history)]
    points.sort(key=lambda point: float(point["time"]))
    due = due_of(history, now)
    first = points[0] if points else None
    return {
        "version": history.version,
        "metric": problem.objective.metric,
        "sign": int(problem.objective.sign),
        "points": points,
        "band": None if first is None else {"low": first["low"], "high": first["high"]},
        "due": None if due is None else due.date,
        "overdue": due is not None and due.overdue,
    }


def _released(problem: Problem, history: History) -> list[dict[str, Any]]:
    """Return the times at which settings went into use; of a study that never said so, its fresh seeds."""
    told = [
        (float(note.data["time"]), [float(v) for v in note.data["values"]], note.data["config"], note.text)
        for note in history.noted(RELEASED)
    ]
    best = history.best(problem.objective)
    if not told and best is not None and (again := history.repeats(best.number)):
        values = [trial.value for trial in again if trial.value is not None]
        ends = [attempt.ended or 0.0 for trial in again for attempt in trial.attempts]
        told = [(max(ends, default=0.0), values, best.config, f"trial {best.number}")]
    return [
        {
            "time": when,
            "kind": "release",
            "outcome": "released",
            **_interval(problem, history, values),
            "runs": len(values),
            "gain": 0.0,
            "config": plain_data(dict(config)),
            "text": text,
            "changes": [],
        }
        for when, values, config, text in told
        if values
    ]


def _checked(history: History) -> list[dict[str, Any]]:
    return [
        {
            "time": float(note.data["time"]),
            "kind": "check",
            "outcome": note.data["outcome"],
            "mean": plain_number(note.data["mean"]),
            "low": plain_number(note.data["low"]),
            "high": plain_number(note.data["high"]),
            "runs": note.data["runs"],
            "gain": plain_number(note.data["gain"]),
            "config": plain_data(note.data["config"]),
            "text": note.text,
            "changes": list(note.data.get("about", {}).get("changes", []))[:MOST_CHANGES],
        }
        for note in history.noted(CHECKED)
    ]


def _interval(problem: Problem, history: History, values: Sequence[float]) -> dict[str, object]:
    """Return the mean of runs and its 95 % interval, the noise pooled over the study."""
    from osetra.numerics.retest import half_width  # with SciPy
    from osetra.numerics.selection import pooled

    fresh = [[t.value for t in again if t.value is not None] for again in history.repeated.values()]
    noise = pooled(fresh)
    mean = math.fsum(values) / len(values)
    half = half_width(len(values), noise) if noise.df else math.nan
    return {"mean": plain_number(mean), "low": plain_number(mean - half), "high": plain_number(mean + half)}
