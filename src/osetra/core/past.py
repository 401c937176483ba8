"""Past: trials that were trained elsewhere, as the facts that they would have left in a log."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Fact, Obeyed, Ordered, Suggested, Worker, ended
from osetra.core.params import Value

SOMEBODY = Worker(host="elsewhere", boot="", pid=0, started=0.0)
"""Who trained them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTrial:
    """A trial that ended before a study knew of it."""

    config: Mapping[str, Value]
    state: Literal["finished", "stopped", "failed"]
    value: float | None = None
    """What it came to in the objective; a finished one has it, infinite or NaN if need be."""
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    """What it reported: by metric, steps that grow with values."""
    further: Mapping[str, float] = field(default_factory=dict)
    """What it came to in other metrics, at its end."""
    started: float | None = None
    """Unix seconds; None where nobody knows."""
    ended: float | None = None
    reason: str = ""
    """Why it was stopped, or failed."""
    by: str = ""
    """Who proposed its configuration."""
    why: str = ""


def begun(trial: PastTrial, number: int, seed: int, seen: int) -> list[Fact]:
    """Return the facts at the begin of a trial: it is suggested, and claimed."""
    suggested = Suggested(number, dict(trial.config), seed, "person", trial.by, trial.why, seen)
    return [suggested, Claimed(number, 1, SOMEBODY)]


def over(trial: PastTrial, number: int) -> list[Fact]:
    """Return the facts at the end of a trial, after its reports."""
    if trial.state == "failed":
        return [Ended(number, 1, "failed", reason=trial.reason)]
    if trial.state == "finished":
        value = math.nan if trial.value is None else trial.value
        outcome: Literal["finished", "diverged"] = "finished" if math.isfinite(value) else "diverged"
        return [ended(number, 1, outcome, value, trial.reason, basis="returned")]
    order = Ordered(number, 1, "stop", {}, trial.by, "scheduler", trial.reason)
    step = max((step for points in trial.curves.values() for step, _ in points), default=0)
    last = trial.value if trial.curves else None
    end = ended(number, 1, "stopped", last, trial.reason, basis="" if last is None else "returned")
    return [order, end, Obeyed(number, 1, 1, step, "done", "stopped")]


def reports(trial: PastTrial, number: int) -> list[Point]:
    """Return what a trial reported, step by step; numbers at its end stand beside its last step."""
    found = [
        Point(number, 1, 0, step, metric, float(value))
        for metric, points in trial.curves.items()
        for step, value in points
    ]
    last = max((point.step for point in found), default=1)
    said = {point.metric for point in found if point.step == last}
    found += [Point(number, 1, 0, last, n, float(v)) for n, v in trial.further.items() if n not in said]
    return sorted(found, key=lambda point: point.step)
