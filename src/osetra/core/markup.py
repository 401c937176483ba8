"""HTML for notebooks, of text that is escaped here and nowhere else: no script, no style but alignment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from osetra.core.clean import name_text

_FIGURE = re.compile(r"[-+−]?[\d.,]+(e[-+]?\d+)?( ?%)?|nan|-?inf|[-–]?")
"""What is written as a number, or stands for none."""


_HEAD, _LONGEST = 28, 120
"""Characters of a head and of a cell."""


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; figures stand at the right of their column and words at the left.

    Long heads are cut, and whole as their titles; very long cells are cut as well.
    """
    cells = [[name_text(str(cell), _LONGEST) for cell in row] for row in rows]
    words = [any(not _FIGURE.fullmatch(row[i]) for row in cells) for i in range(len(heads))]
    top = "".join(
        f"<th{_left(left)}{_title(head)}>{_short(head)}</th>" for head, left in zip(heads, words, strict=True)
    )
    body = (
        "".join(f"<td{_left(left)}>{escape(cell)}</td>" for cell, left in zip(row, words, strict=True))
        for row in cells
    )
    return f"<table><tr>{top}</tr>{''.join(f'<tr>{row}</tr>' for row in body)}</table>"


def note(text: str) -> str:
    """Return a remark below a table; empty for none."""
    return f"<p><i>{escape(text)}</i></p>" if text else ""


def items(lines: Iterable[tuple[str, str]]) -> str:
    """Return a list of lines, each with what belongs to it in a second one; empty for none."""
    parts = (f"<li>{escape(text)}{f'<br><i>{escape(more)}</i>' if more else ''}</li>" for text, more in lines)
    return f"<ul>{''.join(parts)}</ul>"


def _left(words: bool) -> str:
    return ' style="text-align:left"' if words else ' style="text-align:right"'


def _short(head: object) -> str:
    return escape(name_text(str(head), _HEAD))


def _title(head: object) -> str:
    return f' title="{escape(str(head)[:1000])}"' if len(str(head)) > _HEAD else ""
