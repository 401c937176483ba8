"""Link: where a run's reports go, and where orders come from."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered, Verb
from osetra.core.params import Value


class Link(Protocol):
    """Where a run's reports go, and where orders come from."""

    def send(self, points: list[Point]) -> None:
        """Take points; must not block for long."""
        ...

    def record(self, fact: Checkpointed | Obeyed | Noted) -> None:
        """Put a fact about this attempt into the log."""
        ...

    def orders(self) -> list[Ordered]:
        """Return the orders that came since the last call, oldest first."""
        ...

    def stop_requested(self) -> bool:
        """Whether the run has to end at this report."""
        ...


@dataclass(slots=True)
class MemoryLink:
    """Keeps what a run reports, for a training outside any study."""

    points: list[Point] = field(default_factory=list)
    facts: list[Checkpointed | Obeyed | Noted] = field(default_factory=list)
    until: float = math.inf
    """When the run has to end, on the monotonic clock."""

    def send(self, points: list[Point]) -> None:
        """Keep the points."""
        self.points += points

    def record(self, fact: Checkpointed | Obeyed | Noted) -> None:
        """Keep the fact."""
        self.facts.append(fact)

    def orders(self) -> list[Ordered]:
        """Return nothing: nobody gives orders here."""
        return []

    def stop_requested(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.until


@dataclass(slots=True)
class ScriptedLink:
    """Gives orders at planned steps, and passes on what is reported."""

    link: Link
    trial: int
    changes: Sequence[tuple[int, Mapping[str, Value]]] = ()
    """(step after which they change, the new values); 0 is the beginning."""
    stop_at: int | None = None
    """The step at which the training is ended; None lets it come to its own end."""
    refusal: str = ""
    """Why the training could not make a change; empty while it could."""
    _step: int = 0
    _next: int = 0

    def send(self, points: list[Point]) -> None:
        """Pass points on, and note the step."""
        self._step = max([self._step, *(point.step for point in points)])
        self.link.send(points)

    def record(self, fact: Checkpointed | Obeyed | Noted) -> None:
        """Pass facts on but for what became of the planned orders."""
        if not isinstance(fact, Obeyed):
            self.link.record(fact)
        elif fact.result == "refused":
            self.refusal = self.refusal or fact.text

    def orders(self) -> list[Ordered]:
        """Return the changes that are due after the step just reported."""
        due: list[Ordered] = []
        while self._next < len(self.changes) and self.changes[self._next][0] <= self._step:
            self._next += 1
            due.append(self._order("set", self.changes[self._next - 1][1]))
        if self.stop_at is not None and self._step >= self.stop_at:
            due.append(self._order("stop", {}))
        return due

    def stop_requested(self) -> bool:
        """Whether the training itself has to end."""
        return self.link.stop_requested()

    def _order(self, verb: Verb, values: Mapping[str, Value]) -> Ordered:
        return Ordered(self.trial, self._next, verb, dict(values), "replay")
