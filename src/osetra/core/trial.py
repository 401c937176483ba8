"""Trial: one configuration being tried, and how facts move it from state to state.

queued ──Claimed──▶ running ──Ended──▶ finished | diverged | failed
   ▲                   │
   └── lost, interrupted (at most MAX_LOST losses)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from osetra.core.facts import Claimed, Ended, Origin, Outcome, Suggested, Worker, value_of
from osetra.core.params import Config

State = Literal["queued", "running", "finished", "diverged", "failed"]
ENDED: tuple[State, ...] = ("finished", "diverged", "failed")

MAX_LOST = 3
"""A trial whose worker vanished this often is not tried again: it may be what kills workers."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's go at a trial; times are Unix seconds by the store's clock."""

    number: int
    worker: Worker
    started: float
    ended: float | None = None
    outcome: Outcome | None = None
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A configuration with everything that happened to it; its curve lives in the History."""

    number: int
    config: Config
    seed: int
    origin: Origin = "searcher"
    by: str = ""
    why: str = ""
    repeats: int | None = None
    seen: int = 0
    """Version of the log that the suggestion was decided on."""
    suggested: float = 0.0
    state: State = "queued"
    value: float | None = None
    """The objective's value in the user's own direction; may be infinite or NaN."""
    attempts: tuple[Attempt, ...] = ()

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def reason(self) -> str:
        """Why the latest attempt ended, as a sentence; empty while all is well."""
        return self.attempts[-1].reason if self.attempts else ""

    @property
    def seconds(self) -> float | None:
        """Wall-clock seconds of the latest attempt, when it has ended."""
        last = self.attempt
        return None if last is None or last.ended is None else last.ended - last.started

    def _repr_html_(self) -> str:
        from html import escape

        cells = "".join(f"<td>{escape(str(v))}</td>" for v in self.config.values())
        heads = "".join(f"<th>{escape(k)}</th>" for k in self.config)
        return (
            f"<table><tr><th>trial</th><th>state</th><th>value</th>{heads}</tr>"
            f"<tr><td>{self.number}</td><td>{self.state}</td><td>{escape(str(self.value))}</td>{cells}</tr></table>"
        )


def begin(fact: Suggested, time: float) -> Trial:
    """Return the queued trial that a suggestion creates."""
    return Trial(
        number=fact.trial,
        config=fact.config,
        seed=fact.seed,
        origin=fact.origin,
        by=fact.by,
        why=fact.why,
        repeats=fact.repeats,
        seen=fact.seen,
        suggested=time,
    )


def advance(trial: Trial, fact: Claimed | Ended, time: float) -> Trial:
    """Return the trial after a fact; a fact about a superseded attempt changes nothing."""
    match fact:
        case Claimed(attempt=number, worker=worker):
            if trial.state != "queued" or number != len(trial.attempts) + 1:
                return trial
            return replace(trial, state="running", attempts=(*trial.attempts, Attempt(number, worker, time)))
        case Ended(attempt=number):
            if trial.state != "running" or number != len(trial.attempts):
                return trial
            return _end(trial, fact, time)


def _end(trial: Trial, fact: Ended, time: float) -> Trial:
    last = replace(
        trial.attempts[-1], ended=time, outcome=fact.outcome, reason=fact.reason, detail=fact.detail
    )
    attempts = (*trial.attempts[:-1], last)
    if fact.outcome == "interrupted":
        return replace(trial, state="queued", attempts=attempts)
    if fact.outcome == "lost":
        lost = sum(attempt.outcome == "lost" for attempt in attempts)
        return replace(trial, state="queued" if lost < MAX_LOST else "failed", attempts=attempts)
    return replace(trial, state=fact.outcome, value=value_of(fact), attempts=attempts)
