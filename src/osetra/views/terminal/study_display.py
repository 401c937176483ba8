"""Watching: shows a study at work on stderr, as a live block in a terminal and as plain lines elsewhere."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from osetra.core.clean import printable
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.views.lines import event_text, fresh_events, summary_text
from osetra.views.progress import Budget
from osetra.views.terminal.block import Frame, live_block

REDRAW = 0.25
"""Least seconds between two redraws of the live block."""
SUMMARY = 60.0
"""Seconds between two summaries where there is no terminal."""


@dataclass(slots=True)
class Watcher:
    """Called with the history while a study runs; use it as a context manager."""

    problem: Problem
    console: Console
    name: str
    phase: str
    budget: Budget
    _live: Live | None = None
    _told: set[str] = field(default_factory=set)
    _drawn: float = 0.0
    _summed: float = 0.0
    _handler: logging.Handler | None = None

    def start(self, history: History) -> Self:
        """Begin: what the history holds already is not told again."""
        self._told = {event.key for event in fresh_events(self.problem, history, ())}
        self._summed = time.monotonic()
        return self

    def __enter__(self) -> Self:
        self._handler = ToConsole(self.console)
        logging.getLogger("osetra").addHandler(self._handler)
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        if self._handler is not None:
            logging.getLogger("osetra").removeHandler(self._handler)

    def __call__(self, history: History) -> None:
        """Show what is new."""
        if self._live is None:
            self._tell(history)
            return
        now = time.monotonic()
        if now - self._drawn >= REDRAW:
            self._drawn = now
            self._live.update(live_block(self.problem, history, self._frame()), refresh=True)

    def _frame(self) -> Frame:
        size = self.console.size
        frame = Frame(name=self.name, phase=self.phase, budget=self.budget, now=time.time(), width=size.width)
        low = size.height < 20
        return replace(frame, running=3, events=3) if low else frame

    def _tell(self, history: History) -> None:
        for event in fresh_events(self.problem, history, self._told):
            self._told.add(event.key)
            self.console.print(event_text(event), soft_wrap=True)
        now = time.monotonic()
        if now - self._summed >= SUMMARY:
            self._summed = now
            self.console.print(summary_text(self.problem, history, self.budget, time.time()), soft_wrap=True)


class ToConsole(logging.Handler):
    """Prints the study's own remarks above the live block."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a remark."""
        self._console.print(Text(printable(record.getMessage()), "yellow"))
