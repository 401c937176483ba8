"""Tracking: trackers told of what the log of a study says, each in a thread of its own.

They are told of all trials that have not ended when the call of `Study.run` begins, from their beginning, and
of all that begin in it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from osetra.core.arguments import expected
from osetra.core.clean import error_text, json_text, one_line
from osetra.core.history import History
from osetra.core.trial import ENDED, Trial
from osetra.study.aside import Aside
from osetra.study.tracker import TrackedStudy, Tracker
from osetra.study.tracker_names import tracker_named
from osetra.views.orders import giver, order_status, order_text, outcome_text

log = logging.getLogger("osetra")

GRACE = 30.0
"""Seconds that a tracker gets for one call once nothing is trained any more."""
PATIENCE = 60.0
"""Seconds that it gets for all that is left then."""
MOST = 100_000
"""Calls that may wait for a slow tracker."""

Trackers = Sequence["str | Tracker | Listener"]
"""Each an object, or a name such as "tensorboard:runs"; a `Listener` has been told of another call."""


@dataclass(slots=True)
class Listener:
    """A tracker, and its thread; told until something goes wrong."""

    tracker: Tracker
    aside: Aside = field(default_factory=lambda: Aside("osetra-tracker"))
    broken: bool = False

    def tell(self, method: str, *about: object) -> None:
        """Have a method called behind all others."""
        if not self.broken:
            self.aside.call(partial(self._call, method, about))
            if self.aside.waiting > MOST:
                self._break(f"it is too slow: {MOST} calls wait")

    def finish(self) -> None:
        """Wait until it has heard everything, as long as it gets on."""
        self.tell("close")
        until, left = time.monotonic() + PATIENCE, self.aside.waiting
        while left and time.monotonic() < until and self.aside.wait(GRACE, left - 1):
            left = self.aside.waiting
        if left:
            self.broken, left = True, self.aside.drop() + 1
            log.warning(
                "the tracker %s has not returned, and is left alone; %d calls are left out", self, left
            )

    def _call(self, method: str, about: tuple[object, ...]) -> None:
        if not self.broken:
            try:
                getattr(self.tracker, method)(*about)
            except BaseException as error:  # SystemExit, too
                self._break(f"{method}: {error_text(error)}")
                log.debug("where it failed:", exc_info=error)

    def _break(self, why: str) -> None:
        self.broken = True
        log.warning("the tracker %s failed and is told no more; the study goes on: %s", self, why)

    def __str__(self) -> str:
        return one_line(type(self.tracker).__name__)


def listeners(trackers: object) -> tuple[Listener, ...]:
    """Return what tells trackers, each given as an object or by name; one that is broken stays so.

    Raises:
        StudyError: they are no trackers.
        MissingExtra: the library of one that is named is not installed.
    """
    wanted = "a list of trackers is needed, such as [TensorBoard('runs')] or ['tensorboard:runs']"
    if isinstance(trackers, (str, bytes)) or not isinstance(trackers, Sequence):
        raise expected("trackers", trackers, wanted)
    for one in trackers:
        if not isinstance(one, (str, Tracker, Listener)):
            raise expected("trackers", one, f"{wanted}: objects of classes that inherit from Tracker")
    made = [tracker_named(one) if isinstance(one, str) else one for one in trackers]
    return tuple(one if isinstance(one, Listener) else Listener(one) for one in made)


@dataclass(slots=True)
class Tracking:
    """What trackers have been told of a study so far."""

    told: list[Listener] = field(default_factory=list)
    _seen: History = field(default_factory=History)
    _begun: set[int] = field(default_factory=set)
    _past: frozenset[int] = frozenset()
    """Trials that had ended before."""
    _ending: list[Trial] = field(default_factory=list)
    """Trials whose end is told at the next look: their last reports may come a moment later."""
    _tags: dict[int, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def by(cls, trackers: object) -> Tracking:
        """Return what tells trackers.

        Raises:
            StudyError: they are no trackers.
            MissingExtra: the library of one that is named is not installed.
        """
        return cls(list(listeners(trackers)))

    def begin(self, study: Any, history: History) -> None:
        """Open all trackers."""
        self._past = frozenset(trial.number for trial in history.ended)
        objective = study.problem.objective
        about = TrackedStudy(
            study.name,
            f"{int(history.opened_at * 1000):x}-{study.seed}",
            objective.metric,
            objective.direction,
        )
        self._tell("open", about)

    def look(self, history: History) -> None:
        """Tell what is new, in order."""
        before, self._seen = self._seen, history
        if history.version == before.version and history.curves.size == before.curves.size:
            self._end()
            return
        changed = [t for t in history.trials.since(before.trials) if t.number not in self._past]
        for trial in changed:
            if trial.attempts and trial.number not in self._begun:
                self._begun.add(trial.number)
                self._tell("begin", trial)
        self._report(history, before.curves.size)
        self._end()
        for trial in changed:
            if trial.number in self._begun:
                self._tag(trial)
                self._ending += [trial] if trial.state in ENDED else []

    def finish(self, read: Callable[[], History]) -> None:
        """Tell what is left, and wait for the trackers a while."""
        self.look(read())
        self.look(read())
        self._end()
        for one in self.told:
            one.finish()

    def _tell(self, method: str, *about: object) -> None:
        for one in self.told:
            one.tell(method, *about)

    def _report(self, history: History, size: int) -> None:
        points = (point for point in history.curves.after(size) if point.trial in self._begun)
        for (trial, step), group in groupby(points, lambda point: (point.trial, point.step)):
            values = {f"fold{p.instance}/{p.metric}" if p.instance else p.metric: p.value for p in group}
            self._tell("log", trial, step, values)

    def _tag(self, trial: Trial) -> None:
        known, tags = self._tags.get(trial.number, {}), dict(tags_of(trial))
        if new := {name: text for name, text in tags.items() if known.get(name) != text}:
            self._tags[trial.number] = tags
            self._tell("tag", trial.number, new)

    def _end(self) -> None:
        for trial in self._ending:
            self._tell("end", trial)
        self._ending = []


def tags_of(trial: Trial) -> Iterator[tuple[str, str]]:
    """Yield what is said of a trial in words: who gave which orders and why, and what is remembered."""
    for order in trial.orders:
        said = outcome_text(order, order_status(trial, order))
        why = f" ({one_line(order.why)})" if order.why else ""
        yield f"order.{order.number}", f"{order_text(order)} by {giver(order)}{why}: {said}"
    for name, value in trial.attrs.items():
        yield f"attrs.{name}", value if isinstance(value, str) else json_text(value)
