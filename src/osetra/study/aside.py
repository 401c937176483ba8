"""Aside: a thread in which other people's functions are called one after another, out of everybody's way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Aside:
    """Calls what it is given in order, each call after the one before; nobody waits longer than they want to.

    Its thread begins with the first call. A call that never returns keeps no program from ending.
    """

    name: str
    _calls: deque[Callable[[], object]] = field(default_factory=deque)
    """What is to be called; the first is being called."""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _thread: threading.Thread | None = None

    def call(self, function: Callable[[], object]) -> None:
        """Have a function called behind all others; what it raises is its own affair, and is swallowed."""
        with self._changed:
            self._calls.append(function)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
                self._thread.start()

    @property
    def waiting(self) -> int:
        """How many calls have not returned yet."""
        return len(self._calls)

    def wait(self, seconds: float, most: int = 0) -> bool:
        """Wait until at most so many calls have not returned; False when that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._calls) <= most, seconds)

    def drop(self) -> int:
        """Forget all calls that have not begun, and return how many they were."""
        with self._changed:
            dropped = max(0, len(self._calls) - 1)
            while len(self._calls) > 1:
                self._calls.pop()
            return dropped

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._calls)
                function = self._calls[0]
            with suppress(BaseException):  # SystemExit, too: it would end this thread and nothing else
                function()
            with self._changed:
                self._calls.popleft()
                self._changed.notify_all()
