"""Ending: how an attempt ended, from the training that knows it to the log that keeps it."""

from __future__ import annotations

import msgspec

from osetra.core.facts import Fact, Obeyed, Outcome, ended


class Ending(msgspec.Struct, frozen=True):
    """How an attempt ended, or has to end."""

    outcome: Outcome
    value: float | None = None
    reason: str = ""
    detail: str = ""
    """Traceback or last output; may be long."""
    obeyed: Obeyed | None = None
    """What came of the order that ended it; it goes into the log together with the end, or not at all."""

    def facts(self, trial: int, attempt: int) -> list[Fact]:
        """Return what the log is told of it."""
        fact = ended(trial, attempt, self.outcome, self.value, self.reason, self.detail)
        return [fact] if self.obeyed is None else [fact, self.obeyed]
