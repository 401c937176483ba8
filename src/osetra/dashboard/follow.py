"""Follow: one study read as it grows, for all who look at it.

A follower reads what is new, never everything again, through a connection that cannot write. It is a plain
object that may be asked from any thread; who asks decides how often.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from osetra.core.edits import problem_of
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.errors import OsetraError, StoreAway
from osetra.stores import open_reader
from osetra.stores.address import Address
from osetra.stores.storage import Reader

AGAIN = 1.0
"""Seconds until a store that cannot be read is tried again."""


@dataclass(frozen=True, slots=True)
class View:
    """A study as it was at one moment."""

    problem: Problem
    history: History
    generation: int = 0
    """Grows when the log is another one than before: nothing of the earlier counts any more."""


@dataclass(slots=True)
class Follower:
    """Reads one study; `view` is the newest that is known."""

    address: Address
    view: View | None = None
    trouble: str = ""
    """Why it cannot be read at the moment, as a sentence; empty while it can."""
    heard: dict[int, float] = field(default_factory=dict)
    """When each running trial was last seen to report; the log keeps no times of reports."""
    _reader: Reader | None = None
    _generation: int = -1
    _tried: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> View | None:
        """Read what is new, and return the study as it is now; None while it was never readable."""
        with self._lock:
            now = time.monotonic()
            if self.trouble and now < self._tried + AGAIN:
                return self.view
            self._tried = now
            try:
                self.view = self._read()
                self.trouble = ""
            except OsetraError as error:
                self.trouble = str(error)
                if not isinstance(error, StoreAway):
                    self._release()
            return self.view

    def close(self) -> None:
        """Release the store."""
        with self._lock:
            self._release()

    def _read(self) -> View:
        if self._reader is None:
            self._reader = open_reader(self.address.url, self.address.study)
        reader, before = self._reader, self.view
        version = reader.version()
        history = History() if before is None else before.history
        if reader.generation != self._generation or version < history.version:
            self._generation, before, history = reader.generation, None, History()
        # Points first: of whose trial the facts are not known yet, no point is.
        points, cursor = reader.read_points(history.curves.cursor)
        entries = reader.read(history.version) if version != history.version or points else []
        if before is not None and not points and not entries and cursor == history.curves.cursor:
            return before
        grown = history.extend(entries, points, cursor)
        if grown.opened is None:
            raise StoreAway(f"{self.address}: the study is being created")
        self._hear(grown, {point.trial for point in points} if before is not None else set())
        if before is not None and grown.edits == before.history.edits:
            return View(before.problem, grown, before.generation)
        return View(problem_of(grown), grown, self.view.generation + 1 if self.view else 0)

    def _hear(self, history: History, reported: set[int]) -> None:
        now = time.time()
        running = {trial.number for trial in history.running}
        self.heard = {number: at for number, at in self.heard.items() if number in running}
        self.heard |= dict.fromkeys(reported & running, now)

    def _release(self) -> None:
        if self._reader is not None:
            self._reader.close()
        # What is opened next may be another log: of a file that was replaced meanwhile.
        self._reader, self._generation = None, -1
