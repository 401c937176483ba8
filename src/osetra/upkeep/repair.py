"""A sound log out of facts of which some are lost.

What refers to something lost goes, too, and the rest is numbered anew without gaps, so that the result
is a study like any other. Nothing is invented but ends: an attempt whose end is lost while a later one
is known ended as `lost`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from osetra.core.curves import Point
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Edited,
    Ended,
    Entry,
    Fact,
    Noted,
    Obeyed,
    Opened,
    Ordered,
    Seen,
    Source,
    Suggested,
    ended,
    key,
)
from osetra.core.invariants import Attempt, violations
from osetra.core.trial import About, Trial, advance, begin
from osetra.stores.validation import open_attempts

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RepairedLog:
    """A sound log, and what could not be taken over."""

    entries: list[Entry] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    """Keys of the facts that were readable and make no sense without the lost ones."""


def repair(entries: Sequence[Entry], points: Sequence[Point]) -> RepairedLog:
    """Return a sound log of the readable facts, in the order of their versions, and of their points."""
    dropped: list[str] = []
    left = sorted(entries, key=lambda entry: entry.version)
    while True:
        log = _Repair()
        taken: list[Entry] = []
        lone: list[Entry] = []
        for entry in left:
            (taken if log.take(entry) else lone).append(entry)
        kept = log.numbered(points)
        found = violations(log.entries, kept, log.open)
        wrong = {violation.version for violation in found if violation.grave and violation.version}
        dropped += [key(entry.fact) for entry in lone]
        if not wrong:
            return RepairedLog(log.entries, kept, dropped)
        bad = {log.came_from[version - 1] for version in wrong}
        left = []
        for entry in taken:
            if entry.version not in bad:
                left.append(entry)
            elif (plain := _worthless(entry)) != entry:
                left.append(plain)
            else:
                dropped.append(key(entry.fact))


def _worthless(entry: Entry) -> Entry:
    """Return an entry without the value that lost points were to prove."""
    fact = entry.fact
    if isinstance(fact, Checkpointed):
        fact = msgspec.structs.replace(fact, value=None)
    elif isinstance(fact, Ended) and fact.outcome in ("paused", "stopped"):
        fact = msgspec.structs.replace(fact, value=None, kind="finite")
    return msgspec.structs.replace(entry, fact=fact)


@dataclass(slots=True)
class _Repair:
    """Old numbers to new ones, as far as the log has been read."""

    entries: list[Entry] = field(default_factory=list)
    came_from: list[int] = field(default_factory=list)
    """The versions that the entries had before, in order."""
    trials: dict[int, int] = field(default_factory=dict)
    attempts: dict[Place, Place] = field(default_factory=dict)
    orders: dict[Place, Place] = field(default_factory=dict)
    states: dict[int, Trial] = field(default_factory=dict)
    """The new trials as they are by now."""
    edits: int = 0
    kept: set[Source] = field(default_factory=set)

    @property
    def open(self) -> list[Attempt]:
        return open_attempts(entry.fact for entry in self.entries)

    def take(self, entry: Entry) -> bool:
        """Take a fact over under its new numbers; False when what it refers to is lost."""
        fact = self._renumbered(entry.fact)
        if fact is None or (not isinstance(fact, Opened) and not self.entries):
            return False
        if isinstance(fact, Claimed) and self.states[fact.trial].state == "running":
            lost = ended(fact.trial, fact.attempt - 1, "lost", reason="its end could not be recovered")
            self._write(lost, entry)
        self._write(fact, entry)
        return True

    def numbered(self, points: Iterable[Point]) -> list[Point]:
        """Return the points whose attempts are known, under their new numbers."""
        kept, last = [], dict[tuple[int, int, int, str], int]()
        for point in points:
            place = self.attempts.get((point.trial, point.attempt))
            if place is None or point.instance < 0:
                continue
            curve = (*place, point.instance, point.metric)
            if point.step > last.get(curve, -(2**63)):
                last[curve] = point.step
                kept.append(point._replace(trial=place[0], attempt=place[1]))
        return kept

    def _write(self, fact: Fact, entry: Entry) -> None:
        self.came_from.append(entry.version)
        self.entries.append(Entry(len(self.entries) + 1, entry.time, fact))
        if isinstance(fact, Suggested):
            self.states[fact.trial] = begin(fact, entry.time)
        elif isinstance(fact, Edited):
            self.edits += 1
        elif not isinstance(fact, (Opened, Noted)):
            self.states[fact.trial] = advance(self.states[fact.trial], fact, entry.time)

    def _renumbered(self, fact: Fact) -> Fact | None:
        if isinstance(fact, (Opened, Noted)):
            return fact
        if isinstance(fact, Edited):
            return msgspec.structs.replace(fact, number=self.edits + 1)
        return self._suggested(fact) if isinstance(fact, Suggested) else self._about(fact)

    def _about(self, fact: About) -> Fact | None:
        trial = self.trials.get(fact.trial)
        if trial is None:
            return None
        match fact:
            case Claimed():
                attempt = len(self.states[trial].attempts) + 1
                self.attempts[fact.trial, fact.attempt] = (trial, attempt)
                source = self._source(fact.source)
                return msgspec.structs.replace(fact, trial=trial, attempt=attempt, source=source)
            case Ordered():
                return self._ordered(fact, trial)
            case Seen() | Obeyed():
                return self._answered(fact)
            case Checkpointed() | Ended():
                place = self.attempts.get((fact.trial, fact.attempt))
                if place is None:
                    return None
                if isinstance(fact, Checkpointed):
                    self.kept.add(Source(*place, fact.instance, fact.step))
                return msgspec.structs.replace(fact, trial=place[0], attempt=place[1])

    def _suggested(self, fact: Suggested) -> Suggested | None:
        if fact.repeats is not None and fact.repeats not in self.trials:
            return None
        number = self.trials[fact.trial] = len(self.trials) + 1
        seen = bisect_right(self.came_from, fact.seen)
        repeats = None if fact.repeats is None else self.trials[fact.repeats]
        parent = self._source(fact.parent)
        return msgspec.structs.replace(fact, trial=number, seen=seen, repeats=repeats, parent=parent)

    def _ordered(self, fact: Ordered, trial: int) -> Ordered | None:
        args = dict(fact.args)
        if "trial" in args:
            if args["trial"] not in self.trials:
                return None
            args["trial"] = self.trials[args["trial"]]
        number = len(self.states[trial].orders) + 1
        self.orders[fact.trial, fact.number] = (trial, number)
        return msgspec.structs.replace(fact, trial=trial, number=number, args=args)

    def _answered(self, fact: Seen | Obeyed) -> Seen | Obeyed | None:
        place = self.orders.get((fact.trial, fact.number))
        if place is None:
            return None
        trial, number = place
        if isinstance(fact, Seen):
            return Seen(trial, number)
        attempt = 0
        if fact.attempt:
            if (fact.trial, fact.attempt) not in self.attempts:
                return None
            attempt = self.attempts[fact.trial, fact.attempt][1]
        return msgspec.structs.replace(fact, trial=trial, number=number, attempt=attempt)

    def _source(self, source: Source | None) -> Source | None:
        """Return a checkpoint under its new numbers; None, for a beginning anew, when it is lost."""
        place = None if source is None else self.attempts.get((source.trial, source.attempt))
        if source is None or place is None:
            return None
        new = Source(*place, source.instance, source.step)
        return new if new in self.kept else None
