"""A study at work in a notebook: the same block as in a terminal, as HTML that is replaced in place."""

from __future__ import annotations

import importlib
import io
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.text import Text

from osetra.core.clean import printable
from osetra.core.history import History
from osetra.views.events import EventStream
from osetra.views.progress import Progress
from osetra.views.terminal.study_display import StudyDisplay

SIZE = ConsoleDimensions(100, 40)
REDRAW = 0.5
"""Least seconds between two versions: each travels to the browser."""
_PRE = (
    '<pre style="white-space:pre;overflow-x:auto;line-height:1.3;font-family:Menlo,Consolas,'
    "'DejaVu Sans Mono',monospace\">{code}</pre>"
)
log = logging.getLogger("osetra")


@contextmanager
def notebook_display(
    progress: Progress, phase: str, history: History, *, name: str
) -> Iterator[Callable[[History], None]]:
    """Show a study at work below the cell that runs; yield what is to be called with later histories."""
    remarks = _Remarks()
    stream = EventStream(progress.problem)
    recent = stream.new(history)
    handle = importlib.import_module("IPython.display").display(Page(Text(name)), display_id=True)

    def draw(block: RenderableType) -> None:
        handle.update(Page(Group(block, *(Text(text, "yellow") for text in remarks.texts))))

    display = StudyDisplay(name, phase, progress, stream, draw, lambda: SIZE, history, every=REDRAW)
    display.recent.extend(recent)
    if not log.hasHandlers():
        log.addHandler(remarks)
    try:
        yield display
    finally:
        log.removeHandler(remarks)
        draw(display.closing())


@dataclass(frozen=True, slots=True)
class Page:
    """Something drawn with rich, as a notebook asks for it."""

    block: RenderableType

    def __repr__(self) -> str:
        console = _console(record=False)
        with console.capture() as captured:
            console.print(self.block)
        return "\n".join(line.rstrip() for line in captured.get().splitlines())

    def _repr_html_(self) -> str:
        console = _console(record=True)
        console.print(self.block)
        return console.export_html(inline_styles=True, code_format=_PRE)


class _Remarks(logging.Handler):
    """Keeps the latest remarks of the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: deque[str] = deque(maxlen=5)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a remark."""
        self.texts.append(printable(record.getMessage()))


def _console(*, record: bool) -> Console:
    return Console(
        file=io.StringIO(),
        record=record,
        width=SIZE.width,
        force_jupyter=False,
        force_terminal=record,  # kernels ask for colours everywhere, but plain text stays plain
        markup=False,
        highlight=False,
        emoji=False,
    )
