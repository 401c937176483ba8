"""Weights & Biases: the CSV that the table of a project's runs exports.

It holds settings and summaries side by side, so parameters are named: --params lr,units.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from osetra.core.problem import Direction
from osetra.errors import DataError
from osetra.importers.table import TrialColumns, column, rows_of, taken
from osetra.importers.writing import Taken


def read(
    path: Path, metric: str | None, direction: Direction = "minimize", params: Collection[str] = ()
) -> Taken:
    """Return the runs of an export.

    Raises:
        DataError: metric or parameters are not named, or a column is missing.
    """
    rows = rows_of(path)
    column(path, rows, "State")
    if metric is None or not params:
        raise DataError(
            f"{path}: settings and results stand side by side; say which is which: "
            f"--metric NAME --params A,B; its columns are {', '.join(rows[0])}"
        )
    chosen = {column(path, rows, name): name for name in params}
    value = column(path, rows, metric)
    columns = TrialColumns(chosen, value, metric, "State", "Created", "", "Runtime")
    return taken(path, rows, columns, direction)
