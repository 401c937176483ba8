"""HTML for notebooks, of text that is escaped here and nowhere else: no script, no style."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def table(heads: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a table."""
    return f"<table>{_row('th', heads)}{''.join(_row('td', row) for row in rows)}</table>"


def items(lines: Iterable[tuple[str, str]]) -> str:
    """Return a list of lines, each with what belongs to it in a second one; empty for none."""
    parts = (f"<li>{escape(text)}{f'<br><i>{escape(more)}</i>' if more else ''}</li>" for text, more in lines)
    return f"<ul>{''.join(parts)}</ul>"


def _row(tag: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"
