"""Live: a study in a notebook's cell that follows what happens to it, whoever runs it."""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from osetra.errors import MissingExtra, OsetraError

LOOK = 1.0
"""Seconds between looks at the log; each new state travels to the browser."""


@dataclass(eq=False)
class LiveView:
    """A display that is replaced in place while the study changes; `stop()` leaves it as it is."""

    show: Callable[[], tuple[object, str]]
    """Returns what tells one state from another, and the HTML of the present one."""
    every: float = LOOK
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> LiveView:
        """Show the study below the cell, and follow it in a thread of its own.

        Raises:
            MissingExtra: this is no notebook.
        """
        if importlib.util.find_spec("IPython") is None:
            raise MissingExtra(
                "live() shows a study in a notebook, and IPython is not installed; use osetra dashboard"
            )
        display: Any = importlib.import_module("IPython.display")
        state, text = self.show()
        handle = display.display(display.HTML(text), display_id=True)
        if handle is not None:  # outside a notebook it is printed once
            self._thread = threading.Thread(
                target=self._follow, args=(handle, display.HTML, state), daemon=True, name="osetra-live"
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Follow no longer."""
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5.0)

    def _follow(self, handle: Any, html: Callable[[str], object], state: object) -> None:
        while not self._ended.wait(self.every):
            try:
                now, text = self.show()
            except OsetraError:  # its store is away, or the study was closed
                continue
            if now != state:
                state = now
                handle.update(html(text))
