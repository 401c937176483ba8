"""Consoles: what is printed for people, whatever a stranger has written into it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from osetra.core.clean import printable


class CalmConsole(Console):
    """A console on which no text makes the terminal do anything, or turns the direction of what is shown."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is to be written."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            own = control is not None or text.isprintable()
            yield segment if own else Segment(printable(text), style)


def console(*, stderr: bool = False, file: IO[str] | None = None) -> CalmConsole:
    """Return a console that prints text as it is: nothing in it is markup."""
    return CalmConsole(stderr=stderr, file=file, markup=False, highlight=False, emoji=False)
