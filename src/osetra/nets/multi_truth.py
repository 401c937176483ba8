"""Truth of several targets in new data: as far as it is there, written as in the data of the training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from osetra.data.multitarget import flags_of, shown_names, split_labels, target_names
from osetra.data.table import Table, as_texts
from osetra.data.targets import numbers_of
from osetra.errors import DataError
from osetra.nets.prepare import Preparation

Array = NDArray[np.float64]


def truth_of_several(
    preparation: Preparation, table: Table | None, target: str | None, source: str
) -> tuple[Array, list[str]]:
    """Return the truth (n, k), NaN where it is unknown, and notes on what could not be read.

    Raises:
        DataError: a column of the truth is not there.
    """
    multi = preparation.multi
    assert multi is not None
    if table is None:
        raise DataError(f"{source}: without the truth nothing can be judged; give rows with their targets")
    if multi.mark:
        (name,) = target_names(target or preparation.target, table.names, source)[:1]
        texts = as_texts(table[name])
        of_levels, strange = split_labels(texts.levels, multi)
        truth = np.vstack([of_levels, np.full((1, len(multi.names)), np.nan)])[texts.codes]
        return truth, _strange(strange)
    missing = [name for name in multi.names if name not in table.names]
    if missing:
        raise DataError(
            f"{source}: the truth is in the columns {shown_names(multi.names)}, and {missing[0]!r} is not "
            "there; give rows with all of them (empty cells are unknown)"
        )
    if preparation.task == "multioutput":
        units = preparation.target_units or ("",) * len(multi.names)
        read = [numbers_of(table, name, unit) for name, unit in zip(multi.names, units, strict=True)]
        return np.stack(read, axis=1), []
    columns, strange = [], []
    for name, answers in zip(multi.names, multi.answers, strict=True):
        flags, others = flags_of(as_texts(table[name]), answers)
        columns.append(flags)
        strange += [f"{name} {text}" for text in others]
    return np.stack(columns, axis=1), _strange(strange)


def _strange(found: list[str]) -> list[str]:
    if not found:
        return []
    shown = ", ".join(map(repr, found[:3])) + (" …" if len(found) > 3 else "")
    return [f"labels that the model does not know are left out ({shown})"]
