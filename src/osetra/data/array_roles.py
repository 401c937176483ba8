"""Array roles: arrays beside inputs and target that say how rows belong together; others are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from osetra.data.arrays import Raw, as_table
from osetra.data.options import DataOptions
from osetra.data.table import Table, note

_USUAL = {
    "group": ("group", "groups"),
    "weight": ("weight", "weights", "sample_weight", "sample_weights"),
    "split": ("split", "splits", "part", "subset"),
}


def with_roles(
    table: Table, arrays: Mapping[str, Raw], reading: DataOptions, *, given_split: bool
) -> tuple[Table, DataOptions]:
    """Return a table with the columns of other arrays that have a role, and options that name them.

    Args:
        table: inputs and target.
        arrays: those that are neither.
        reading: what a person says; a role is taken by name where nobody says which array has it.
        given_split: whether the arrays came in the parts of a split.
    """
    lower = {name.lower(): name for name in arrays}
    told: dict[str, str] = {}
    for role, usual in _USUAL.items():
        found = next((lower[name] for name in usual if name in lower), None)
        if found and not getattr(reading, role) and _is_column(arrays[found], len(table)):
            told |= {} if role == "split" and given_split else {role: found}
    reading = replace(reading, **told)  # type: ignore[arg-type]  # each is the name of a column
    said = {reading.group, reading.weight, reading.split, reading.time}
    used = {name: array for name, array in arrays.items() if name in said and _is_column(array, len(table))}
    rest = [f"{name} {array.shape}" for name, array in arrays.items() if name not in used]
    if used:
        others = as_table({name: array.reshape(-1) for name, array in used.items()}, table.source)
        table = replace(table, names=table.names + others.names, cells=table.cells + others.cells)
    if not rest:
        return table, reading
    shown = ", ".join(rest[:6]) + (f" and {len(rest) - 6} more" if len(rest) > 6 else "")
    text = f"arrays that are left out: {shown}"
    action = "--group, --weight, --split or --time NAME says what an array of one value a row is"
    return replace(table, notes=(*table.notes, note("arrays-left-out", text, action))), reading


def _is_column(array: Raw, rows: int) -> bool:
    return array.ndim in (1, 2) and np.size(array) == rows == len(array)
