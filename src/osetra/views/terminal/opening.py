"""Opening: what is about to happen to a data set, in a few lines, before anything takes time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from osetra.core.clean import one_line
from osetra.core.numbers import number


def labelled(rows: Sequence[tuple[str, str]]) -> Table:
    """Return short lines, each behind its label."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column()
    for label, text in rows:
        grid.add_row(Text(label, "dim"), Text(one_line(text), "bold green" if label == "verdict" else ""))
    return grid


def scores_text(scores: Mapping[str, float]) -> str:
    """Return `error 4.2 %, loss 0.1420` or `rmse 54.12, R² 0.48`: what a person compares first."""
    parts = []
    if "error" in scores:
        parts.append(f"error {percent(scores['error'])}")
    if "rmse" in scores:
        parts.append(f"rmse {number(scores['rmse'])}")
    if "r2" in scores:
        parts.append(f"R² {number(scores['r2'], 3)}")
    if "rmse" not in scores and "loss" in scores:
        parts.append(f"loss {number(scores['loss'])}")
    return ", ".join(parts)


def percent(share: float) -> str:
    """Return a share as a percentage with two or three digits."""
    return f"{100 * share:.1f} %" if share < 0.995 else f"{100 * share:.0f} %"
