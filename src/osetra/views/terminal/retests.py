"""The history of the setting in use, as a table: its release, and each re-test with its verdict."""

from __future__ import annotations

import datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from osetra.core.clean import one_line
from osetra.core.numbers import number

MOST = 12
"""Lines, the latest."""


def retests_table(panel: dict[str, Any]) -> RenderableType:
    """Return `incumbent_panel` as a table."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for heading in ("date", "verdict", panel["metric"], "95 %", "trainings"):
        table.add_column(heading, justify="left" if heading in ("date", "verdict") else "right")
    points = panel["points"][-MOST:]
    for point in points:
        date = datetime.datetime.fromtimestamp(point["time"], datetime.UTC).date().isoformat()
        ends = f"{_shown(point['low'])} to {_shown(point['high'])}"
        table.add_row(date, point["outcome"], _shown(point["mean"]), ends, str(point["runs"]))
    changes = points[-1]["changes"] if points else []
    lines = [Text(f"then: {one_line(change)}", "dim") for change in changes]
    due = [Text(f"next re-test: {panel['due']}", "dim")] if panel["due"] else []
    return Group(table, *lines, *due)


def _shown(value: float | str | None) -> str:
    return number(None if value is None else float(value))
