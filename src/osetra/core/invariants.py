"""Invariants: what the log of every study obeys, whatever was killed, cut off or given up on the way.

The log is read fact by fact beside the fold: each fact has to be legal in the state that its trial was
in. One thing looks illegal and is not: a claim that crosses with an order to stop or pause a waiting
trial. Both may be written, since neither knew of the other; the fold lets the order win, and the
claim is *void*: nobody trains under it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import msgspec

from osetra.core.arguments import is_whole
from osetra.core.bounds import bounds_of
from osetra.core.curves import Point
from osetra.core.edits import adopted
from osetra.core.facts import (
    Checkpointed,
    Claimed,
    Edited,
    Ended,
    Entry,
    Noted,
    Obeyed,
    Opened,
    Ordered,
    Seen,
    Source,
    Suggested,
    key,
    value_of,
)
from osetra.core.history import History
from osetra.core.problem import Objective
from osetra.core.space import Space
from osetra.core.trial import ENDED, Trial, advance, begin, remembering
from osetra.core.worth import agrees
from osetra.errors import SpaceError, StudyError

CLOCK_STEP = 5.0
"""Seconds by which the store's clock may be set back between two facts without a word."""
PIECES = 7
"""Into how many parts a log is cut to compare its fold with that of the whole."""

Attempt = tuple[int, int]
"""A trial and the number of an attempt at it."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that cannot be in a sound study, in a sentence."""

    text: str
    trial: int | None = None
    attempt: int | None = None
    version: int | None = None
    grave: bool = True
    """False: strange, but nothing is lost by it, such as a clock that was set back."""


def violations(
    entries: Sequence[Entry],
    points: Sequence[Point] = (),
    leases: Collection[Attempt] | None = None,
    expired: Collection[Attempt] = (),
) -> list[Violation]:
    """Return everything that is wrong with a study's log; an empty list for a sound one.

    Args:
        entries: the whole log.
        points: all reported points, in order of arrival.
        leases: the attempts that hold a lease; None when the store does not tell.
        expired: those of them that ran out.
    """
    audit = _Audit()
    for entry in entries:
        audit.entry(entry)
    audit.points(points)
    audit.values(points)
    audit.leases(leases, expired)
    if not any(violation.grave for violation in audit.found):
        audit.fold(entries, points)
    return audit.found


@dataclass(slots=True)
class _Audit:
    """What is known of the log so far."""

    found: list[Violation] = field(default_factory=list)
    version: int = 0
    time: float = -math.inf
    opened: Opened | None = None
    edits: list[Entry] = field(default_factory=list)
    trials: dict[int, Trial] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    claims: dict[Attempt, Claimed] = field(default_factory=dict)
    void: set[Attempt] = field(default_factory=set)
    ends: dict[Attempt, int] = field(default_factory=dict)
    """At which version each attempt ended."""
    valued: list[tuple[int, Attempt, int, int, str]] = field(default_factory=list)
    """Places at which the objective must have been reported: version, attempt, instance, step, what."""
    worths: list[tuple[int, Attempt, float]] = field(default_factory=list)
    """What attempts are worth that ended with a value of their reports."""

    def say(
        self, text: str, trial: int | None = None, attempt: int | None = None, *, grave: bool = True
    ) -> None:
        """Note a violation at the present version."""
        self.found.append(Violation(text, trial, attempt, self.version or None, grave))

    def entry(self, entry: Entry) -> None:
        """Look at the next entry and go on to the state after it."""
        self._place(entry)
        fact, name = entry.fact, key(entry.fact)
        if name in self.keys:
            self.say(f"{name} is established a second time; version {self.keys[name]} did it first")
            return
        self.keys[name] = entry.version
        if self.opened is None and not isinstance(fact, Opened) and len(self.keys) == 1:
            self.say(f"the log begins with {name}, not with the opening of the study")
        match fact:
            case Opened():
                if len(self.keys) > 1:
                    self.say("the study is opened after facts have been written")
                self.opened = fact
            case Noted():
                self._noted(fact)
            case Edited():
                self._edited(entry, fact)
            case Suggested():
                self._suggested(fact)
                self.trials[fact.trial] = adopted(begin(fact, entry.time), self.edits)
            case _:
                trial = self.trials.get(fact.trial)
                if trial is None:
                    self.say(f"{name} is about trial {fact.trial}, which nobody suggested", fact.trial)
                    return
                self._about(trial, fact)
                self.trials[trial.number] = advance(trial, fact, entry.time)

    def points(self, points: Sequence[Point]) -> None:
        """Look at the reported points in order of arrival."""
        self.version = 0
        last: dict[tuple[int, int, int, str], int] = {}  # no curve goes back, so a repeat follows at once
        reported: set[tuple[str, Attempt]] = set()

        def say(kind: str, point: Point, text: str) -> None:
            place = point.trial, point.attempt
            if (kind, place) not in reported:
                reported.add((kind, place))
                self.say(f"trial {point.trial}, attempt {point.attempt}: {text}", *place)

        for point in points:
            trial, attempt, instance, step, metric, _ = point
            if (trial, attempt) not in self.claims:
                say("claim", point, f"{metric} was reported at step {step}, and nobody ever claimed it")
            before = last.get((trial, attempt, instance, metric), -math.inf)
            if step < before:
                say("back", point, f"{metric} was reported at step {step} after step {before}")
            elif step == before:
                say("twice", point, f"{metric} of step {step} is there twice")
            if instance < 0:
                say("fold", point, f"{metric} was reported in fold {instance}")
            last[trial, attempt, instance, metric] = step

    def values(self, points: Sequence[Point]) -> None:
        """Look whether the curves reach to where a checkpoint or a pause says that they did."""
        metric = self.opened.metric if self.opened else ""
        first: dict[Attempt, tuple[int, int]] = {}
        for trial, attempt, instance, step, name, _ in points:
            if name == metric:
                place = trial, attempt
                first[place] = min((instance, step), first.get(place, (instance, step)))
        for version, (trial, attempt), instance, step, what in self.valued:
            if not self._reported(first, Source(trial, attempt, instance, step)):
                self.version = version
                text = f"{what} has a value of {metric}, and no report of it up to there is left"
                self.say(f"trial {trial}, attempt {attempt}: {text}", trial, attempt)

    def leases(self, leases: Collection[Attempt] | None, expired: Collection[Attempt]) -> None:
        """Look whether leases are held for exactly the attempts that are claimed and not ended."""
        self.version = 0
        open_ = self.claims.keys() - self.ends.keys()
        for trial, attempt in sorted({*(leases or ()), *expired} - open_):
            how = "has ended" if (trial, attempt) in self.ends else "was never claimed"
            self.say(
                f"trial {trial}, attempt {attempt} {how}, and still holds a lease to write", trial, attempt
            )
        for trial, attempt in sorted(open_ - set(leases)) if leases is not None else ():
            text = "is claimed and has not ended, and holds no lease: nobody may write for it or give it up"
            self.say(f"trial {trial}, attempt {attempt} {text}", trial, attempt)

    def fold(self, entries: Sequence[Entry], points: Sequence[Point]) -> None:
        """Look whether reading the log in pieces gives what reading it whole gives."""
        self.version = 0
        whole, piecewise = History().extend(entries, points, len(points)), History()
        for piece in range(1, PIECES + 1):
            stop, end = len(entries) * piece // PIECES, len(points) * piece // PIECES
            piecewise = piecewise.extend(
                entries[piecewise.version : stop], points[piecewise.curves.cursor : end], end
            )
        both = [(h.version, h.opened, h.opened_at, h.notes, h.edits, h.curves) for h in (whole, piecewise)]
        if (
            both[0] != both[1]
            or not _same(whole.trials, piecewise.trials)
            or not _same(whole.trials, self.trials)
        ):
            self.say("the log folds to another history when it is read in pieces")
            return
        self._worth(whole)

    def _worth(self, history: History) -> None:
        """Look whether attempts that rest on their reports are worth what was reported."""
        opened = self.opened
        if opened is None or not self.worths:
            return
        try:
            objective = Objective(metric=opened.metric, direction=opened.direction, pick=opened.pick)
        except StudyError as error:
            self.say(f"no report can be what a trial is worth: {error}")
            return
        for version, (trial, attempt), value in self.worths:
            if not agrees(history, trial, attempt, value, objective):
                self.version = version
                text = f"ended with {value:g}, and its reports of {opened.metric} say otherwise"
                self._sayer(trial, attempt)(text)

    def _place(self, entry: Entry) -> None:
        before, self.version = self.version, entry.version
        if entry.version != before + 1:
            self.say(f"version {entry.version} follows version {before}; versions have no gaps")
        if not math.isfinite(entry.time):
            self.say(f"version {entry.version} has no time but {entry.time}")
        elif entry.time < self.time - CLOCK_STEP:
            back = self.time - entry.time
            text = f"the clock of version {entry.version} is {back:.1f} s behind the fact before it"
            self.say(text, grave=False)
        self.time = entry.time

    def _noted(self, fact: Noted) -> None:
        self.trials |= remembering(self.trials.get, fact)
        names = fact.data.get("names")
        named = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if fact.topic == "accepts" and not named:
            self.say(f"the note accepts/{fact.name} holds no list of names")
        wanted = {"target": "trials", "steps": "steps"}.get(fact.topic)
        number = fact.data.get(wanted) if wanted else 0
        if not is_whole(number):
            self.say(f"the note {fact.topic}/{fact.name} holds no whole number of {wanted}")

    def _edited(self, entry: Entry, fact: Edited) -> None:
        if fact.number != len(self.edits) + 1:
            self.say(f"edit {fact.number} follows {len(self.edits)} edits")
        try:
            Space.parse(fact.space, stored=True)
        except SpaceError as error:
            self.say(f"edit {fact.number} holds no space: {error}")
            return
        try:
            bounds_of(fact.limits or {})
        except StudyError as error:
            self.say(f"edit {fact.number} holds no limits: {error}")
        self.edits.append(entry)
        self.trials = {number: adopted(trial, [entry]) for number, trial in self.trials.items()}

    def _suggested(self, fact: Suggested) -> None:
        number, expected = fact.trial, len(self.trials) + 1
        if number != expected:
            self.say(f"trial {number} is suggested where trial {expected} was due", number)
        if fact.repeats is not None and fact.repeats not in self.trials:
            self.say(f"trial {number} repeats trial {fact.repeats}, which did not exist", number)
        if fact.seen >= self.version:
            self.say(f"trial {number} was decided on version {fact.seen}, which did not exist", number)
        self._source(number, None, fact.parent)

    def _about(self, trial: Trial, fact: Claimed | Checkpointed | Ordered | Seen | Obeyed | Ended) -> None:
        match fact:
            case Claimed():
                self._claimed(trial, fact)
            case Checkpointed():
                self._checkpointed(trial, fact)
            case Ordered():
                if fact.number != len(trial.orders) + 1:
                    text = f"order {fact.number} follows {len(trial.orders)} orders"
                    self.say(f"trial {trial.number}: {text}", trial.number)
            case Seen():
                self._order(trial, fact.number, "seen")
            case Obeyed():
                self._obeyed(trial, fact)
            case Ended():
                self._ended(trial, fact)

    def _claimed(self, trial: Trial, fact: Claimed) -> None:
        number, attempt = fact.trial, fact.attempt
        made = len(trial.attempts)
        say = self._sayer(number, attempt)
        if attempt != made + 1:
            say(f"is claimed where attempt {made + 1} was due")
        if trial.state == "running":
            say("is claimed while the one before it is still running")
        elif trial.state != "queued":
            if _crossed(trial):
                self.void.add((number, attempt))
            else:
                say(f"is claimed, and the trial is {trial.state}")
        self._source(number, attempt, fact.source)
        self.claims[number, attempt] = fact

    def _checkpointed(self, trial: Trial, fact: Checkpointed) -> None:
        say, place = self._sayer(trial.number, fact.attempt), (trial.number, fact.attempt)
        if place not in self.claims:
            say(f"kept a checkpoint after step {fact.step} and was never claimed")
        elif place in self.ends:
            say(f"kept a checkpoint after step {fact.step}, and had ended with version {self.ends[place]}")
        if PurePosixPath(fact.file.replace("\\", "/")).name != fact.file or "\0" in fact.file:
            say(f"names a checkpoint outside the study's folder: {fact.file!r:.80}")
        if fact.value is not None:
            what = f"its checkpoint after step {fact.step}"
            self.valued.append((self.version, place, fact.instance, fact.step, what))

    def _obeyed(self, trial: Trial, fact: Obeyed) -> None:
        order = self._order(trial, fact.number, "obeyed")
        say, place = self._sayer(trial.number, fact.attempt), (trial.number, fact.attempt)
        # Nothing was asked of a training, or it was taken back before one had it.
        written = order in ("note", "branch") or fact.result == "refused"
        if place not in self.claims and not (written and fact.attempt == 0):
            say(f"obeyed order {fact.number} and was never claimed")
        elif not written and self.ends.get(place, self.version) < self.version - 1:
            say(f"obeyed order {fact.number}, and had ended with version {self.ends[place]}")

    def _ended(self, trial: Trial, fact: Ended) -> None:
        say, place = self._sayer(trial.number, fact.attempt), (trial.number, fact.attempt)
        if place not in self.claims:
            say(f"ended ({fact.outcome}) and was never claimed")
        self.ends[place] = self.version
        if place in self.void:
            return
        if trial.state in ENDED:
            say(f"ended ({fact.outcome}) after the trial had {trial.state}: a trial has one result")
        value = value_of(fact)
        if fact.basis == "reports" and value is not None:
            self.worths.append((self.version, place, value))
        if fact.kind != "finite" and fact.value is not None:
            say(f"ended with two values, {fact.value} and {fact.kind}")
        if fact.outcome == "finished" and (value is None or not math.isfinite(value)):
            say(f"finished without a finite value ({value})")
        wanted = {"rewound": "rollback", "stopped": "stop"}.get(fact.outcome)
        if wanted and wanted not in {order.verb for order in trial.orders}:
            say(f"ended ({fact.outcome}) without an order to {wanted}")
        if fact.outcome in ("paused", "stopped") and value is not None:
            # Only a training that has reported can be worth something before its end.
            end = (self.version, place, 2**31, 2**31, f"its end ({fact.outcome})")
            self.valued.append(end)

    def _order(self, trial: Trial, number: int, what: str) -> str | None:
        verb = next((order.verb for order in trial.orders if order.number == number), None)
        if verb is None:
            text = f"order {number} was {what}, and nobody gave it"
            self.say(f"trial {trial.number}: {text}", trial.number)
        return verb

    def _source(self, trial: int, attempt: int | None, source: Source | None) -> None:
        if source is None:
            return
        name = f"checkpointed/{source.trial}/{source.attempt}/{source.instance}/{source.step}"
        if name not in self.keys:
            who = f"trial {trial}" if attempt is None else f"trial {trial}, attempt {attempt}"
            self.say(f"{who} goes on from {name}, which nobody kept", trial, attempt)

    def _reported(self, first: Mapping[Attempt, tuple[int, int]], end: Source | None) -> bool:
        """Whether the objective was reported on the way that leads to a place."""
        while end is not None:
            place = end.trial, end.attempt
            if first.get(place, (2**62, 0)) <= (end.instance, end.step):
                return True
            claim = self.claims.get(place)
            end = claim.source if claim is not None else None
        return False

    def _sayer(self, trial: int, attempt: int) -> Callable[[str], None]:
        return lambda text: self.say(f"trial {trial}, attempt {attempt} {text}", trial, attempt)


def _crossed(trial: Trial) -> bool:
    """Whether an order ended or paused the trial while it waited in the queue."""
    return any(
        order.verb in ("stop", "pause") and order.obeyed_at == order.asked_at for order in trial.orders
    )


def _same(some: Mapping[int, Trial], others: Mapping[int, Trial]) -> bool:
    """Whether trials are equal; as bytes, because a value that is NaN does not equal itself."""
    encode = msgspec.msgpack.encode
    return some.keys() == others.keys() and all(encode(some[n]) == encode(others[n]) for n in some)
