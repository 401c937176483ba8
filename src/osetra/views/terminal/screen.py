"""The screen: the part of a terminal that is redrawn in place, and the remarks of the log above it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from osetra.core.clean import printable

log = logging.getLogger("osetra")


@contextmanager
def live_screen(console: Console, *, remarks: bool = True) -> Iterator[Live | None]:
    """Yield what redraws the end of a terminal; None where the console is no terminal.

    Args:
        console: where everything goes.
        remarks: whether the log goes there too where the program has set up logging itself.
    """
    with ExitStack() as stack:
        live = None
        if console.is_terminal and not console.is_dumb_terminal:
            live = stack.enter_context(Live(console=console, auto_refresh=False, transient=True))
        if remarks or not log.hasHandlers():
            handler = RemarkHandler(console)
            log.addHandler(handler)
            stack.callback(log.removeHandler, handler)
        elif live is not None:
            stack.enter_context(_above())
        yield live


@contextmanager
def _above() -> Iterator[None]:
    """Send what the program's own handlers write to the terminal through the live screen, above its block."""
    real = {sys.__stderr__, sys.__stdout__}
    handlers = [*log.handlers, *logging.getLogger().handlers]
    moved = [h for h in handlers if isinstance(h, logging.StreamHandler) and h.stream in real]
    before = [(handler, handler.setStream(sys.stderr)) for handler in moved]
    try:
        yield
    finally:
        for handler, stream in before:
            handler.setStream(stream)


class RemarkHandler(logging.Handler):
    """Prints what the log says on a console."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Print a remark."""
        self._console.print(Text(printable(record.getMessage()), "yellow"))
