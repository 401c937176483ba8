"""Trial: one configuration being tried, and how facts move it from state to state.

              ┌── lost, interrupted, rewound ──┐
              ▼                                │
  queued ──Claimed──▶ running ──Ended──▶ finished | stopped | diverged | failed
     ▲                   │
     └──resume── paused ◀┘

An attempt is a segment of the training: it begins at the start or at a checkpoint and ends with the
training, a pause, a roll-back or the death of its worker. The next one names the checkpoint that it
goes on from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec.structs import replace

from osetra.core.attributes import TrialAttrs, remembered
from osetra.core.clean import one_line
from osetra.core.config import TrialConfig
from osetra.core.facts import (
    Actor,
    Basis,
    Checkpointed,
    Claimed,
    Ended,
    Noted,
    Obeyed,
    Ordered,
    Origin,
    Outcome,
    Seen,
    Source,
    Suggested,
    Values,
    Verb,
    Worker,
    value_of,
)
from osetra.core.markup import note, table
from osetra.core.numbers import duration, number, setting, settings
from osetra.core.params import Config
from osetra.core.spellings import OF_TRIAL, TRIAL_HINTS, attribute
from osetra.core.state import State

ENDED = (State.FINISHED, State.STOPPED, State.DIVERGED, State.FAILED)
"""The states of a trial that will not run again."""
MAX_LOST = 3
"""A trial whose worker vanished so often in a row, without a checkpoint in between, is not tried again:
it may be what kills workers."""
STEERING: tuple[Verb, ...] = ("set", "scale", "rollback")
"""Orders after which the configuration alone does not say what was trained."""
GOES_ON: tuple[Verb, ...] = ("resume", "extend", "promote", "rollback")
"""Orders that put a paused trial back into the queue."""

About: TypeAlias = Claimed | Checkpointed | Ordered | Seen | Obeyed | Ended
"""Facts about a trial that exists."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One worker's go at a trial; times are Unix seconds by the store's clock."""

    number: int
    worker: Worker
    started: float
    ended: float | None = None
    outcome: Outcome | None = None
    reason: str = ""
    detail: str = ""
    source: Source | None = None
    """The checkpoint it began from."""
    live: Values = {}
    """Values in force at its start instead of the configuration's."""
    basis: Basis = ""
    """What its end rests on."""


class Order(msgspec.Struct, frozen=True, gc=False):
    """What somebody wants of a trial, and what has come of it; times are by the store's clock."""

    asked: Ordered
    asked_at: float
    seen_at: float | None = None
    """When the training process had it."""
    obeyed: Obeyed | None = None
    """What came of it; None while nothing has."""
    obeyed_at: float | None = None

    @property
    def number(self) -> int:
        """1, 2, … per trial."""
        return self.asked.number

    @property
    def verb(self) -> Verb:
        """What is wanted."""
        return self.asked.verb

    @property
    def args(self) -> dict[str, Any]:
        """Values by name, and where and how far to go on; a copy."""
        return dict(self.asked.args)

    @property
    def actor(self) -> str:
        """Who gave it."""
        return self.asked.actor

    @property
    def by(self) -> Actor:
        """Whether that is a person, a scheduler or the autopilot."""
        return self.asked.by

    @property
    def why(self) -> str:
        """The reason given with it."""
        return self.asked.why

    @property
    def pending(self) -> bool:
        """Whether nothing has come of it yet."""
        return self.obeyed is None

    @property
    def refused(self) -> bool:
        """Whether it was answered with a refusal."""
        return self.obeyed is not None and self.obeyed.result == "refused"

    @property
    def text(self) -> str:
        """What came of it, in words; empty before."""
        return "" if self.obeyed is None else self.obeyed.text

    @property
    def step(self) -> int:
        """The step after which it took effect; 0 before."""
        return 0 if self.obeyed is None else self.obeyed.step

    @property
    def values(self) -> Values:
        """The values in force afterwards instead of the configuration's."""
        return {} if self.obeyed is None else dict(self.obeyed.values)


class Trial(msgspec.Struct, frozen=True, gc=False):
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
    state: State = State.QUEUED
    value: float | None = None
    """The objective's value in the user's own direction, so far when paused; may be infinite or NaN."""
    attempts: tuple[Attempt, ...] = ()
    until: int | None = None
    """The step at which it pauses; None: it runs to its end."""
    parent: Source | None = None
    """The checkpoint of another trial that it started from."""
    orders: tuple[Order, ...] = ()
    checkpoints: tuple[Checkpointed, ...] = ()
    """In the order in which they were written."""
    attrs: dict[str, Any] = msgspec.field(default_factory=TrialAttrs)
    """What `remember` was told of it, by name."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return attribute("a trial", self, name, OF_TRIAL, TRIAL_HINTS)

    @property
    def params(self) -> Config:
        """The configuration, under the name that it has in Optuna."""
        return self.config

    @property
    def attempt(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def reason(self) -> str:
        """Why the latest attempt ended, as a sentence; empty while all is well."""
        last = self.orders[-1] if self.orders else None
        if last is not None and not last.text and not last.pending and last.verb in ("stop", "pause"):
            # It was waiting, so no training process has said why.
            done = {"stop": "stopped", "pause": "paused"}[last.verb]
            return last.why or f"{done} by {last.actor} while it waited"
        return self.attempts[-1].reason if self.attempts else ""

    @property
    def seconds(self) -> float | None:
        """Wall-clock seconds of all attempts, once the latest has ended."""
        last = self.attempt
        if last is None or last.ended is None:
            return None
        return sum(a.ended - a.started for a in self.attempts if a.ended is not None)

    @property
    def steered(self) -> bool:
        """Whether its configuration alone does not say what was trained: values were changed live."""
        return self.parent is not None or any(self._changed(order) for order in self.orders)

    @property
    def by_hand(self) -> bool:
        """Whether it was a person or the autopilot that steered it, not a policy of the search."""
        ordered = any(self._changed(order) and order.by != "scheduler" for order in self.orders)
        return ordered or (self.parent is not None and self.origin == "person")

    def _changed(self, order: Order) -> bool:
        """Whether an order changed values or still may; one that an ended trial never obeyed did not."""
        moot = order.pending and self.state in ENDED
        return order.verb in STEERING and not order.refused and not moot

    @property
    def given_back(self) -> int:
        """How often in a row the training gave it back by itself, without a checkpoint in between."""
        useful = max((point.attempt for point in self.checkpoints), default=0)
        return sum(a.basis == "raised" and a.number > useful for a in self.attempts)

    @property
    def held(self) -> bool:
        """Whether a person paused it: schedulers leave it alone."""
        by_people = [o for o in self.orders if o.by != "scheduler" and o.verb in ("pause", *GOES_ON)]
        return self.state == "paused" and bool(by_people) and by_people[-1].verb == "pause"

    def __str__(self) -> str:
        reason = f": {one_line(self.reason)}" if self.reason else ""
        value = "" if self.value is None else f" {number(self.value)}"
        took = f"  {duration(self.seconds)}" if self.seconds is not None else ""
        values = settings(self.config, list(self.config))
        return f"trial {self.number}: {self.state}{value}{reason}  {values}{took}"

    def __repr__(self) -> str:
        return f"<{self}>"

    def _repr_html_(self) -> str:
        names = list(self.config)[:_SHOWN]
        row = [self.number, self.state, number(self.value), *(setting(self.config[name]) for name in names)]
        hidden = len(self.config) - len(names)
        more = f"{hidden} further values are left out; str(trial) has them all" if hidden else ""
        why = f"{self.state}: {one_line(self.reason)}" if self.reason else ""
        return table(["trial", "state", "value", *names], [row]) + note(why) + note(more)


_SHOWN = 12
"""Values in a notebook's table."""


def begin(fact: Suggested, time: float) -> Trial:
    """Return the queued trial that a suggestion creates."""
    return Trial(
        number=fact.trial,
        config=TrialConfig(fact.config),
        seed=fact.seed,
        origin=fact.origin,
        by=fact.by,
        why=fact.why,
        repeats=fact.repeats,
        seen=fact.seen,
        suggested=time,
        until=fact.until,
        parent=fact.parent,
    )


def remembering(known: Callable[[int], Trial | None], fact: Noted) -> dict[int, Trial]:
    """Return the trial that a note has something remembered of, with that; nothing for other notes."""
    about, attrs = remembered(fact) or (0, {})
    trial = known(about)
    return {} if trial is None else {about: replace(trial, attrs=TrialAttrs({**trial.attrs, **attrs}))}


def advance(trial: Trial, fact: About, time: float) -> Trial:
    """Return the trial after a fact; a fact about a superseded attempt changes no state."""
    match fact:
        case Claimed(attempt=number):
            if trial.state == "running" or number != len(trial.attempts) + 1:
                return trial
            attempt = Attempt(number, fact.worker, time, source=fact.source, live=fact.live)
            if trial.state == "queued":
                return replace(trial, state=State.RUNNING, attempts=(*trial.attempts, attempt))
            # It crossed with an order to stop or pause the waiting trial, and the order wins. The attempt
            # counts: its key is taken, so that the next claim needs the next number.
            void = replace(attempt, ended=time, outcome="interrupted", reason="an order came first")
            return replace(trial, attempts=(*trial.attempts, void))
        case Ended(attempt=number):
            if trial.state != "running" or number != len(trial.attempts):
                return trial
            return _end(trial, fact, time)
        case Checkpointed():
            return replace(trial, checkpoints=(*trial.checkpoints, fact))
        case Ordered():
            return _order(trial, fact, time)
        case Seen(number=number):
            return _change(trial, number, seen_at=time)
        case Obeyed(number=number):
            return _change(trial, number, obeyed=fact, obeyed_at=time)


def _end(trial: Trial, fact: Ended, time: float) -> Trial:
    last = replace(
        trial.attempts[-1],
        ended=time,
        outcome=fact.outcome,
        reason=fact.reason,
        detail=fact.detail,
        basis=fact.basis,
    )
    attempts = (*trial.attempts[:-1], last)
    if fact.outcome == "interrupted" or fact.outcome == "rewound":
        return replace(trial, state=State.QUEUED, attempts=attempts)
    if fact.outcome == "lost":
        again = _fruitless(trial, attempts) < MAX_LOST
        return replace(trial, state=State.QUEUED if again else State.FAILED, attempts=attempts)
    return replace(trial, state=State(fact.outcome), value=value_of(fact), attempts=attempts)


def _fruitless(trial: Trial, attempts: tuple[Attempt, ...]) -> int:
    """Return how many attempts were lost since the last one that kept a checkpoint."""
    useful = max((point.attempt for point in trial.checkpoints), default=0)
    return sum(attempt.outcome == "lost" and attempt.number > useful for attempt in attempts)


def _order(trial: Trial, fact: Ordered, time: float) -> Trial:
    until = fact.args.get("until", trial.until) if fact.verb in GOES_ON else trial.until
    trial = replace(trial, orders=(*trial.orders, Order(fact, time)), until=until)
    waiting = trial.state in ("queued", "paused")
    if waiting and fact.verb in ("stop", "pause"):
        # Nobody trains it, so nobody else can obey.
        counts = trial.value is not None and fact.by != "scheduler"
        after = State.PAUSED if fact.verb == "pause" else State.FINISHED if counts else State.STOPPED
        obeyed = Obeyed(trial.number, fact.number, len(trial.attempts), 0)
        return _change(replace(trial, state=after), fact.number, obeyed=obeyed, obeyed_at=time)
    if trial.state == "paused" and fact.verb in GOES_ON:
        return replace(trial, state=State.QUEUED)
    return trial


def _change(trial: Trial, number: int, **changes: Any) -> Trial:
    orders = tuple(replace(o, **changes) if o.number == number else o for o in trial.orders)
    return replace(trial, orders=orders)
