"""Time limit: how long a search goes on, and what of its minutes is kept for what follows it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from osetra.core.arguments import expected, is_number, plain
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.numbers import duration

Reserve = float | Callable[[History], float]
"""Seconds at the end of the minutes that are not searched in, or what tells them of the history.

What is told of the history is an estimate of what the results need: while there is none, the search goes on.
"""
LOOK = 1.0
"""Seconds between two questions of how much has to be kept."""


@dataclass(slots=True)
class TimeLimit:
    """The minutes of one call; moments are seconds since it began."""

    minutes: float | None = None
    reserve: Reserve = 0.0
    asked: float = -math.inf
    kept: float = 0.0
    """Seconds to keep, as they were told when last asked."""

    def __post_init__(self) -> None:
        reserve = plain(self.reserve)
        if not callable(reserve) and not is_number(reserve, least=0):
            raise expected(
                "reserve",
                self.reserve,
                "seconds of the minutes, from 0 on, or a function of the history that returns them",
            )

    @property
    def seconds(self) -> float:
        """How long all may take; infinite without a limit."""
        return math.inf if self.minutes is None else 60 * self.minutes

    def left(self, history: History, now: float) -> float:
        """Return the seconds that are left to search in; at most 0 when they are used up."""
        if self.minutes is None:
            return math.inf
        if not callable(self.reserve):
            self.kept = float(self.reserve)
        elif now - self.asked >= LOOK:
            self.asked, self.kept = now, max(0.0, float(self.reserve(history)))
        return self.seconds - self.kept - now

    def is_over(self, history: History, now: float) -> bool:
        """Whether the search has to end."""
        if self.left(history, now) > 0:
            return False
        return now >= self.seconds or not callable(self.reserve) or bool(history.finished)

    def used_up(self, history: History, now: float) -> Noted:
        """Return the note that the time is used up: what was trained, and what waits."""
        waiting = [trial.number for trial in (*history.paused, *history.queued) if trial.attempts]
        text = f"the time is used up: searched for {duration(now)} of {duration(self.seconds)}"
        if self.kept:
            text += f", the rest is for what follows the search ({duration(self.kept)})"
        if waiting:
            several = "trials" if len(waiting) > 1 else "trial"
            text += f"; {len(waiting)} {several} would go on from a checkpoint in another run"
        data = {"seconds": round(now, 3), "reserve": round(self.kept, 3), "waiting": waiting}
        return Noted("time", str(history.version), text, data)
