"""Link: where a run's reports go, and where orders come from."""

from __future__ import annotations

from typing import Protocol

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered


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
