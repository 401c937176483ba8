"""Ending: how an attempt ended, from the training that knows it to the log that keeps it."""

from __future__ import annotations

import msgspec

from osetra.core.clean import storable
from osetra.core.facts import Basis, Fact, Obeyed, Outcome, ended

REASON, DETAIL = 2_000, 40_000
"""Characters that are kept of a reason and of a detail."""


class Ending(msgspec.Struct, frozen=True):
    """How an attempt ended, or has to end."""

    outcome: Outcome
    value: float | None = None
    reason: str = ""
    detail: str = ""
    """Traceback or last output; may be long."""
    obeyed: Obeyed | None = None
    """What came of the order that ended it; it goes into the log together with the end, or not at all."""
    basis: Basis = ""
    """What it rests on: the reports, a number that was returned, or what the training raised."""

    def __post_init__(self) -> None:
        """Clean what a training says, which may be anything."""
        msgspec.structs.force_setattr(self, "reason", storable(self.reason, REASON))
        msgspec.structs.force_setattr(self, "detail", storable(self.detail, DETAIL))

    def facts(self, trial: int, attempt: int) -> list[Fact]:
        """Return what the log is told of it."""
        fact = ended(trial, attempt, self.outcome, self.value, self.reason, self.detail, self.basis)
        return [fact] if self.obeyed is None else [fact, self.obeyed]
