"""Stream: what is new in a study, sent to every open page as it happens (server-sent events).

What changed is worked out once for all pages. A page that cannot keep up, or that was away for long, is told
to start anew (`reset`) instead of holding anything up.

| event   | when              | what                                                       |
|---------|-------------------|------------------------------------------------------------|
| facts   | 4 times a second  | the rows of trials of which more is known, the latest news |
| points  | 4 times a second  | what was reported of the objective and of its partner      |
| cockpit | once a second     | the cockpit                                                |
| gone    | at once           | why the study cannot be read at the moment                 |
| back    | at once           | nothing: it can be read again                              |
| reset   | at once           | nothing: everything is to be fetched again                 |
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from anyio import to_thread

from osetra.core.clean import json_text
from osetra.dashboard.follow import Follower, View
from osetra.views.panels.cockpit import cockpit_panel, recent_panel
from osetra.views.panels.curves import tails_panel
from osetra.views.panels.trials import changed, trials_panel
from osetra.views.series import partner

LOOK = 0.25
"""Seconds between looks at the store while somebody watches."""
COCKPIT = 1.0
"""Seconds between cockpits."""
ALIVE = 15.0
"""Seconds of silence after which a sign of life is sent, so that proxies keep the connection."""
WAITING = 64
"""Events that wait for a slow page at most."""
REMEMBERED = 240
"""Views of which the differences to now can still be told: a minute of them."""
MOST = 200
"""Streams at once."""


@dataclass(slots=True, eq=False)
class Subscriber:
    """One open page."""

    events: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def give(self, event: bytes) -> None:
        """Queue an event; who does not read has to start anew."""
        try:
            self.events.put_nowait(event)
        except asyncio.QueueFull:
            while not self.events.empty():
                self.events.get_nowait()
            self.events.put_nowait(event_of("reset", {}))


@dataclass(slots=True, eq=False)
class StudyChannel:
    """One study and all pages that show it."""

    follower: Follower
    subscribers: set[Subscriber] = field(default_factory=set)
    seen: deque[View] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _task: asyncio.Task[None] | None = None
    _told: float = 0.0
    _shown: View | None = None
    """The view of the last cockpit."""

    async def look(self) -> View | None:
        """Return the study as it is now."""
        view = await to_thread.run_sync(self.follower.look)
        if view is not None and (not self.seen or self.seen[-1] is not view):
            self.seen.append(view)
        return view

    async def events(self, last: str) -> AsyncIterator[bytes]:
        """Yield the events of one page; `last` says what it knows already, see `place_of`."""
        subscriber = Subscriber()
        self.subscribers.add(
            subscriber
        )  # first of all, so that nothing is missed; what comes twice is harmless
        try:
            view = await self.look()
            for event in await to_thread.run_sync(self._catch_up, last, view):
                yield event
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow(view))
            while True:
                try:
                    yield await asyncio.wait_for(subscriber.events.get(), ALIVE)
                except TimeoutError:
                    yield b": alive\n\n"
        finally:
            self.subscribers.discard(subscriber)

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await to_thread.run_sync(self.follower.close)

    async def _follow(self, before: View | None) -> None:
        trouble = self.follower.trouble
        while self.subscribers:
            begun = time.monotonic()
            view = await self.look()
            if self.follower.trouble != trouble:
                trouble = self.follower.trouble
                self._send([event_of("gone", {"text": trouble}) if trouble else event_of("back", {})])
            if view is not None and view is not before:
                self._send(await to_thread.run_sync(list, news(before, view)))
                before = view
            if view is not None and time.monotonic() > self._told + COCKPIT and self._shown is not view:
                self._told, self._shown = time.monotonic(), view
                self._send([await to_thread.run_sync(self._cockpit, view)])
            await asyncio.sleep(max(0.05, LOOK - (time.monotonic() - begun)))

    def _cockpit(self, view: View) -> bytes:
        document = cockpit_panel(view.problem, view.history, time.time(), heard=self.follower.heard)
        return event_of("cockpit", document)

    def _catch_up(self, last: str, view: View | None) -> list[bytes]:
        head = [event_of("gone", {"text": self.follower.trouble})] if self.follower.trouble else []
        if view is None or not last:
            return head
        if last == place_of(view):
            return head
        # A version alone may have been seen with fewer reports than the page knows: those come twice.
        known = next((v for v in self.seen if last in (place_of(v), str(v.history.version))), None)
        return head + ([event_of("reset", {})] if known is None else list(news(known, view)))

    def _send(self, events: list[bytes]) -> None:
        for subscriber in self.subscribers:
            for event in events:
                subscriber.give(event)


def news(before: View | None, view: View) -> Iterator[bytes]:
    """Yield the events that lead from one view of a study to a later one."""
    if before is None or before.generation != view.generation:
        yield event_of("reset", {}, place_of(view))
        return
    problem, history, earlier = view.problem, view.history, before.history
    size = earlier.curves.size
    if history.curves.size > size:
        metric = problem.objective.metric
        for name in filter(None, (metric, partner(metric, history.curves.metrics))):
            tails = tails_panel(history, size, name)
            if tails["curves"]:
                yield event_of("points", tails)
    only = changed(history, earlier)
    document = {
        "version": history.version,
        "trials": trials_panel(problem, history, only=only),
        "recent": recent_panel(problem, history) if history.version != earlier.version else None,
    }
    yield event_of("facts", document, place_of(view))


def place_of(view: View) -> str:
    """Return how a page says what it knows: the number of the log, its version, and how many reports."""
    return f"{view.generation}:{view.history.version}:{view.history.curves.size}"


def event_of(name: str, document: Mapping[str, object], place: str = "") -> bytes:
    """Return an event as it goes over the wire."""
    mark = f"id: {place}\n" if place else ""
    return f"{mark}event: {name}\ndata: {json_text(document)}\n\n".encode("utf-8", "backslashreplace")
