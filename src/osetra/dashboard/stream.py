"""Stream: what is new in a study, sent to every open page as it happens (server-sent events).

A page that cannot keep up, or that was away for long, is told to start anew (`reset`) instead of holding
anything up.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from anyio import to_thread

from osetra.core.clean import one_line
from osetra.dashboard.follow import Follower, View
from osetra.dashboard.news import REST, Advice, Newsroom, event_of, news, place_of

log = logging.getLogger("osetra")

LOOK = 0.25
"""Seconds between looks at the store while somebody watches."""
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
    reference: str = "STUDY"
    """What a person types to name the study."""
    subscribers: set[Subscriber] = field(default_factory=set)
    seen: deque[View] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    advice: Advice = field(default_factory=Advice)
    _task: asyncio.Task[None] | None = None

    async def look(self) -> View | None:
        """Return the study as it is now."""
        view = await to_thread.run_sync(self.follower.look)
        self._remember(view)
        return view

    def _remember(self, view: View | None) -> None:
        if view is not None and (not self.seen or self.seen[-1] is not view):
            self.seen.append(view)

    async def events(self, last: str) -> AsyncIterator[bytes]:
        """Yield the events of one page; `last` says what it knows already, see `place_of`."""
        subscriber = Subscriber()
        # First of all, so that nothing is missed; what comes twice is harmless.
        self.subscribers.add(subscriber)
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
        room = Newsroom(self.follower, self.advice, before, before, trouble, self.reference)
        while self.subscribers:
            begun = time.monotonic()
            try:
                # A curve does not wait for what takes longer and is told once a second.
                self._send(await to_thread.run_sync(room.latest))
                events = await to_thread.run_sync(room.standing)
            except Exception as error:  # who watches has to know that nothing more comes
                log.exception("%s", self.reference)
                text = one_line(f"a mistake of the page's own: {type(error).__name__}: {error}")
                self._send([event_of("gone", {"text": text})])
                return
            self._remember(self.follower.view)
            self._send(events)
            await asyncio.sleep(max(0.05, LOOK - (time.monotonic() - begun), REST * room.busy))

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
