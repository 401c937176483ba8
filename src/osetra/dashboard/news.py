"""News: what is new in a study, as the events that all open pages are sent.

| event   | when              | what                                                                |
|---------|-------------------|---------------------------------------------------------------------|
| points  | 4 times a second  | what was reported of the objective and of its partner               |
| facts   | 4 times a second  | the rows of trials that began, ended, were steered …                |
| facts   | once a second     | those, and the rows of trials that reported                         |
| cockpit | once a second     | how the study stands, and what happened where anything did          |
| cockpit | when it is there  | how the study stands, with advice that took long to work out        |
| gone    | at once           | why the study cannot be read at the moment                          |
| back    | at once           | nothing: it can be read again                                       |
| reset   | at once           | nothing: everything is to be fetched again                          |

Each is made once for all pages, and none so often that making them takes more than a small share of a core.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from osetra.advice import findings
from osetra.core.finding import Finding
from osetra.dashboard.follow import Follower, View
from osetra.dashboard.wire import on_the_wire
from osetra.views.panels.cockpit import cockpit_panel, standing_panel
from osetra.views.panels.curves import tails_panel
from osetra.views.panels.trials import changed, trials_panel, with_new_facts
from osetra.views.series import partner

log = logging.getLogger("osetra")

WHOLE = 1.0
"""Seconds between cockpits, and between the rows of trials that only reported."""
PATIENCE = 0.15
"""Seconds that the first answer waits for advice, which few trials need less for."""
REST = 20.0
"""What takes long is made again after so many times what it took, so that no page keeps a core busy."""


@dataclass(slots=True)
class Advice:
    """What the results suggest, worked out beside everything else; safe to use from several threads.

    A page does not wait for it: it gets what is known, and is told as soon as there is more.
    """

    place: tuple[int, int] = (-1, -1)
    """Of which log and version it is."""
    _found: Sequence[Finding] = ()
    _until: float = 0.0
    _work: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, view: View) -> Sequence[Finding]:
        """Return the advice on a study, or on what it was a moment ago while the new one is worked out."""
        place = (view.generation, view.history.version)
        with self._lock:
            first = place[0] != self.place[0]
            idle = self._work is None or not self._work.is_alive()
            begins = idle and (first or (place != self.place and time.monotonic() >= self._until))
            if begins:
                self._work = threading.Thread(
                    target=self._find, args=(view, place), name="osetra-advice", daemon=True
                )
                self._work.start()
            work = self._work
        if begins and first and work is not None:
            work.join(PATIENCE)
        with self._lock:
            return self._found if self.place[0] == place[0] else ()

    def _find(self, view: View, place: tuple[int, int]) -> None:
        begun = time.thread_time()
        try:
            found = findings(view.problem, view.history)
        except Exception:
            log.exception("the advice on this study cannot be worked out")
            found = []
        with self._lock:
            self._found, self.place = found, place
            self._until = time.monotonic() + REST * (time.thread_time() - begun)


@dataclass(slots=True)
class Newsroom:
    """What open pages know of a study, and what they are told next; one thread at a time asks."""

    follower: Follower
    advice: Advice
    told: View | None
    """Of this view they have the curves and the facts."""
    whole: View | None
    """Of this one also the rows of trials that only reported: here a page goes on that was away."""
    trouble: str
    reference: str = "STUDY"
    """What a person types to name the study."""
    _due: float = 0.0
    _advised: tuple[int, int] = (-1, -1)
    """The place of the advice that was told last."""
    busy: float = 0.0
    """Seconds of a core that the latest look took, without what is made once a second."""

    def look(self) -> list[bytes]:
        """Read what is new and return what there is to tell of it."""
        return [*self.latest(), *self.standing()]

    def latest(self) -> list[bytes]:
        """Read what is new and return what cannot wait: reports, and trials that began or ended."""
        begun, events = time.thread_time(), []
        view = self.follower.look()
        if self.follower.trouble != self.trouble:
            self.trouble = self.follower.trouble
            events.append(event_of("gone", {"text": self.trouble}) if self.trouble else event_of("back", {}))
        known, self.told = self.told, view
        if view is not None and view is not known:
            events += self._growth(known, view)
        self.busy = time.thread_time() - begun
        return events

    def standing(self) -> list[bytes]:
        """Return what is told once a second, where it is time for it: how the study stands."""
        view = self.told
        if view is None or time.monotonic() < self._due:
            return []
        if view is not self.whole:
            return self._everything(view)
        self.advice.of(view)  # begins what has had to wait
        if self.advice.place != self._advised and self.advice.place[0] == view.generation:
            return [self._cockpit(view, view)]
        return []

    def _growth(self, known: View | None, view: View) -> list[bytes]:
        if known is None or known.generation != view.generation:
            self.whole = view
            return [event_of("reset", {}, place_of(view))]
        numbers = with_new_facts(view.history, known.history)
        return [*points(known, view), *([facts(view, numbers)] if numbers else ())]

    def _everything(self, view: View) -> list[bytes]:
        begun = time.thread_time()
        known, self.whole = self.whole, view
        assert known is not None  # a first view is a reset
        events = [
            facts(view, changed(view.history, known.history), place_of(view)),
            self._cockpit(known, view),
        ]
        self._due = time.monotonic() + max(WHOLE, REST * (time.thread_time() - begun))
        return events

    def _cockpit(self, before: View, view: View) -> bytes:
        panel = standing_panel if before.history.version == view.history.version else cockpit_panel
        advice, heard = self.advice.of(view), self.follower.heard
        self._advised = self.advice.place
        now, named = time.time(), self.reference
        document = panel(view.problem, view.history, now, advice=advice, heard=heard, reference=named)
        return event_of("cockpit", document)


def news(before: View, view: View) -> Iterator[bytes]:
    """Yield the events that lead from one view of a study to a later one."""
    if before.generation != view.generation:
        yield event_of("reset", {}, place_of(view))
        return
    yield from points(before, view)
    yield facts(view, changed(view.history, before.history), place_of(view))


def points(before: View, view: View) -> Iterator[bytes]:
    """Yield what was reported of trainings that run, or ran at the earlier view."""
    history, size = view.history, before.history.curves.size
    if history.curves.size <= size:
        return
    running = {trial.number for trial in (*before.history.running, *history.running)}
    metric = view.problem.objective.metric
    for name in filter(None, (metric, partner(metric, history.curves.metrics))):
        tails = tails_panel(history, size, name, only=running)
        if tails["curves"]:
            yield event_of("points", tails)


def facts(view: View, numbers: set[int], place: str = "") -> bytes:
    """Return the rows of some trials."""
    rows = trials_panel(view.problem, view.history, only=numbers)
    return event_of("facts", {"version": view.history.version, "trials": rows}, place)


def place_of(view: View) -> str:
    """Return how a page says what it knows: the number of the log, its version, and how many reports."""
    return f"{view.generation}:{view.history.version}:{view.history.curves.size}"


def event_of(name: str, document: Mapping[str, object], place: str = "") -> bytes:
    """Return an event as it goes over the wire."""
    mark = f"id: {place}\n" if place else ""
    return b"".join((f"{mark}event: {name}\ndata: ".encode(), on_the_wire(document), b"\n\n"))
