"""MLflow: a CSV of runs, as `mlflow.search_runs().to_csv()` or the page of an experiment writes it.

The first marks its columns, `params.lr` and `metrics.val_loss`; the second does not, so parameters are named.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from osetra.core.problem import Direction
from osetra.errors import DataError
from osetra.importers.table import TrialColumns, column, rows_of, taken
from osetra.importers.writing import Taken

PARAMS, METRICS = "params.", "metrics."


def read(
    path: Path, metric: str | None, direction: Direction = "minimize", params: Collection[str] = ()
) -> Taken:
    """Return the runs of an export.

    Raises:
        DataError: the metric is not named and not the only one, or a column is missing.
    """
    rows = rows_of(path)
    marked = any(name.startswith(METRICS) for name in rows[0])
    column(path, rows, "status" if marked else "Status")
    if not marked:
        if metric is None or not params:
            raise DataError(
                f"{path}: its columns are not marked; say which is which: --metric NAME --params A,B; they "
                f"are {', '.join(rows[0])}"
            )
        chosen = {column(path, rows, name): name for name in params}
        columns = TrialColumns(chosen, column(path, rows, metric), metric, "Status", "Start Time")
        return taken(path, rows, columns, direction)
    metrics = [name.removeprefix(METRICS) for name in rows[0] if name.startswith(METRICS)]
    if metric is None and len(metrics) != 1:
        raise DataError(f"{path}: say which metric is the value: --metric NAME; it has {', '.join(metrics)}")
    chosen_metric = metric or metrics[0]
    names = params or [name.removeprefix(PARAMS) for name in rows[0] if name.startswith(PARAMS)]
    chosen = {column(path, rows, PARAMS + name): name for name in names}
    value = column(path, rows, METRICS + chosen_metric)
    columns = TrialColumns(chosen, value, chosen_metric, "status", "start_time", "end_time")
    return taken(path, rows, columns, direction)
