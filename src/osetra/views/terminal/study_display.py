"""A study at work on stderr: a live block in a terminal, plain lines where there is none."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rich.console import Console, ConsoleDimensions, RenderableType

from osetra.core.history import History
from osetra.core.numbers import duration
from osetra.views.events import Event, EventStream
from osetra.views.lines import StudyLines
from osetra.views.progress import Progress
from osetra.views.terminal.block import BlockLayout, live_block
from osetra.views.terminal.console import console as calm_console
from osetra.views.terminal.screen import live_screen

REDRAW = 0.25
"""Least seconds between two redraws of the live block."""
LOW = 20
"""Lines of a terminal below which the block leaves things out."""


@contextmanager
def study_display(
    progress: Progress,
    phase: str,
    history: History,
    *,
    name: str,
    console: Console | None = None,
    closing: bool = True,
) -> Iterator[Callable[[History], None]]:
    """Show a study at work, from a history on; yield what is to be called with the later ones.

    Args:
        progress: what the run may cost.
        phase: what is being done, in a word.
        history: what is known already, and not shown as new.
        name: of the study.
        console: where; left out, stderr, and the log joins in unless the program has set up logging.
        closing: whether the result stays on the screen.
    """
    own = console is None
    console = console or calm_console(stderr=True)
    stream = EventStream(progress.problem)
    recent = stream.new(history)
    with live_screen(console, remarks=not own) as live:
        if live is None:
            yield StudyLines(progress, lambda line: console.print(line, soft_wrap=True), stream)
            return
        draw = live.update
        display = StudyDisplay(
            name,
            phase,
            progress,
            stream,
            lambda block: draw(block, refresh=True),
            lambda: console.size,
            history,
        )
        display.recent.extend(recent)
        try:
            yield display
        finally:
            if closing:
                console.print(display.closing())


@dataclass(slots=True)
class StudyDisplay:
    """Called with the history while a study runs; draws the live block a few times a second."""

    name: str
    phase: str
    progress: Progress
    stream: EventStream
    draw: Callable[[RenderableType], None]
    size: Callable[[], ConsoleDimensions]
    history: History
    """The latest one."""
    every: float = REDRAW
    recent: deque[Event] = field(default_factory=lambda: deque(maxlen=16))
    _drawn: float = 0.0

    def __call__(self, history: History) -> None:
        """Draw what is new."""
        self.history = history
        now = time.monotonic()
        if now - self._drawn >= self.every:
            self._drawn = now
            self.draw(self.block())

    def block(self) -> RenderableType:
        """Return the block for this moment."""
        self.recent.extend(self.stream.new(self.history))
        layout = self._layout()
        if self.size().height < LOW:
            layout = replace(layout, running=3, events=3)
        return live_block(self.history, list(self.recent), layout)

    def closing(self) -> RenderableType:
        """Return what stays when the run is over."""
        layout = self._layout()
        over = self.progress.share(self.history, layout.now) >= 1.0
        took = duration(layout.now - self.progress.started)
        layout = replace(layout, phase=f"done in {took}" if over else f"stopped after {took}", running=0)
        return live_block(self.history, (), layout)

    def _layout(self) -> BlockLayout:
        width = self.size().width
        return BlockLayout(
            name=self.name, phase=self.phase, progress=self.progress, now=time.time(), width=width
        )
