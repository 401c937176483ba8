"""Opening: what is about to happen to a data set, in a few lines, before anything takes time."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from osetra.core.clean import one_line


def labelled(rows: Sequence[tuple[str, str]]) -> Table:
    """Return short lines, each behind its label."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column()
    for label, text in rows:
        grid.add_row(Text(label, "dim"), Text(one_line(text), "bold green" if label == "verdict" else ""))
    return grid
