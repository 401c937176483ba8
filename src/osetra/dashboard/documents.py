"""Documents: what the page fetches, made of a study's views and kept while nothing has changed."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from osetra.dashboard.follow import View
from osetra.dashboard.wire import on_the_wire

Document = Mapping[str, object]
Make = Callable[[View], Document]

KEPT = 256
"""Documents in memory at most."""
REST = 3.0
"""Seconds for which a document that takes long is good although more is known: at least, and …"""
SHARE = 10.0
"""… for so many times what it took to make, so that nobody's page keeps a core busy."""


@dataclass(slots=True)
class Kept:
    """A document as it goes over the wire."""

    body: bytes
    place: tuple[int, int, int]
    until: float
    """Until when it is good although more is known."""


@dataclass(slots=True)
class Documents:
    """Makes each document once for all who ask; safe to use from several threads."""

    _kept: OrderedDict[tuple[str, ...], Kept] = field(default_factory=OrderedDict)
    _making: dict[tuple[str, ...], threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: tuple[str, ...], view: View, make: Make, *, exact: bool = False) -> bytes:
        """Return a document of a view, or one that is nearly as new where it takes long to make.

        Args:
            key: its name.
            view: what it is made of.
            make: makes it.
            exact: whether nothing but the newest will do, such as where orders are given and taken back.
        """
        with self._lock:
            own = self._making.setdefault(key, threading.Lock())
        with own:
            place = (view.generation, view.history.version, view.history.curves.size)
            kept = self._kept.get(key)
            same_log = kept is not None and kept.place[0] == place[0]
            if kept is not None and same_log and (kept.place == place or time.monotonic() < kept.until):
                return kept.body
            begun = time.thread_time()  # of this core: others may keep the machine busy
            body = on_the_wire(make(view))
            took = time.thread_time() - begun
            rest = max(REST, SHARE * took) if took > 0.1 and not exact else 0.0
            with self._lock:
                self._kept[key] = Kept(body, place, time.monotonic() + rest)
                self._kept.move_to_end(key)
                while len(self._kept) > KEPT:
                    old, _ = self._kept.popitem(last=False)
                    self._making.pop(old, None)
            return body
