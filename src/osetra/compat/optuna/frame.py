"""Frame: the trials of a study as a table of pandas, with Optuna's names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osetra.compat.optuna.records import FrozenTrial, TrialState
from osetra.errors import MissingExtra

if TYPE_CHECKING:
    from osetra.compat.optuna.study import OptunaStudy

_ORDERED = ("value", "values")
"""Whose parts keep their order; those of others stand by name."""


def trials_dataframe(study: OptunaStudy, attrs: tuple[str, ...], multi_index: bool) -> Any:
    """Return one row for each trial, and for each attribute a column, or one for each of its parts.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise MissingExtra(
            "trials_dataframe needs pandas, which is not installed; run: pip install pandas"
        ) from None
    trials = study.trials
    if not trials:
        return pandas.DataFrame()
    names: list[Any] = list(study.metric_names or []) or (
        [""] if len(study.directions) == 1 else list(range(len(study.directions)))
    )
    if len(study.directions) > 1:
        attrs = tuple("values" if attr == "value" else attr for attr in attrs)
    rows = [{(attr, part): v for attr in attrs for part, v in _parts(t, attr, names)} for t in trials]
    columns = []
    for attr in attrs:
        parts = list(dict.fromkeys(column for row in rows for column in row if column[0] == attr))
        columns += parts if attr in _ORDERED else sorted(parts)
    shown = [(attr.removeprefix("_"), part) for attr, part in columns]
    table = pandas.DataFrame([[row.get(column) for column in columns] for row in rows])
    flat = ["_".join(str(part) for part in column if part != "") for column in shown]
    table.columns = pandas.MultiIndex.from_tuples(shown) if multi_index else pandas.Index(flat)
    return table


def _parts(trial: FrozenTrial, attr: str, names: list[Any]) -> list[tuple[Any, Any]]:
    """Return an attribute of a trial in its parts, each with its name; "" where it has none."""
    value = getattr(trial, attr)
    if attr in _ORDERED:
        values: list[Any] = list(trial.values or []) or [None] * len(names)
        return list(zip(names, values, strict=False))
    if isinstance(value, dict):
        return list(value.items())
    return [("", value.name if isinstance(value, TrialState) else value)]
