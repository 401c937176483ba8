"""Several targets: columns of numbers or of yes and no that one network predicts, or labels in one column.

A row without any target is left out; where some are missing, those cells alone count for nothing. What no
row tells from another is no target, and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import Column, MultiTarget, NumberColumn, Target, TaskKind
from osetra.data.options import DataOptions
from osetra.data.table import MISSING_MARKS, Table, Texts, as_texts, note, written
from osetra.data.targets import Labelled, read_as, target_column, with_target, without_totals
from osetra.errors import DataError, nearest

Cells32 = NDArray[np.float32]
MARKS = (";", "|", ",")
"""What stands between labels, and is recognised."""
_LESS_CLEAR = ("/", " ")
"""What else may, where a person says that a column holds labels."""
FEWEST = 3
"""Rows that a label must be in, and not be in: one to learn from, one to choose by, one to test on."""
MOST_LABELS = 5000
MOST_CELLS = 400_000_000
_SEVERAL = 0.3
"""Share of the distinct cells that hold several labels, from which on a column is one of labels."""
_NONE = frozenset({"none", "(none)", "-", "no", "nothing"})
"""What a cell without any label says."""
_YES = frozenset({"yes", "y", "true", "t", "1", "ja", "oui", "si", "sí", "sim", "on", "positive", "present"})


def target_names(target: str | Sequence[str] | None, names: Sequence[str], source: str) -> tuple[str, ...]:
    """Return the columns that are to be predicted: of "a,b" both, unless a column is called so.

    Raises:
        DataError: one is no column, or is named twice.
    """
    if target is None:
        return ()
    found: list[str] = []
    for word in (target,) if isinstance(target, str) else target:
        parts = [part.strip() for part in word.split(",")]
        several = word not in names and len(parts) > 1
        found += [part for part in parts if part] if several else [word]
    for place, name in enumerate(found):
        if name not in names:
            alone = "; say what separates the cells with --delimiter" if len(names) == 1 else ""
            if all(each == f"x{i}" for i, each in enumerate(names, start=1)):
                alone += "; no line of names was found, so they are numbered: --header N says where it is"
            raise DataError(
                f"{name!r}: no such column in {source}.{nearest(name, names)} Columns: "
                f"{shown_names(names)}{alone}"
            )
        if name in found[:place]:
            raise DataError(f"{name!r}: named twice among the targets; name each column once")
    return tuple(found)


def split_labels(levels: Sequence[str], multi: MultiTarget) -> tuple[NDArray[np.float64], list[str]]:
    """Return which labels each text holds (n, k), NaN where it is missing, and labels that are others."""
    place = {name: number for number, name in enumerate(multi.names)}
    folded = {name.casefold(): number for name, number in place.items()}
    found, strange = np.zeros((len(levels), len(place))), []
    for row, level in enumerate(levels):
        if level.lower() in MISSING_MARKS - _NONE:
            found[row] = np.nan
            continue
        for label in _labels(level, multi.mark):
            number = place.get(label, folded.get(label.casefold()))
            if number is not None:
                found[row, number] = 1.0
            elif label.lower() not in _NONE:
                strange.append(label)
    return found, list(dict.fromkeys(strange))


def flags_of(cells: Texts, answers: tuple[str, str]) -> tuple[NDArray[np.float64], list[str]]:
    """Return which rows say yes (n,), NaN where it is unknown, and texts that are neither yes nor no."""
    no, yes = (answer.casefold() for answer in answers)
    known = {no: 0.0, yes: 1.0}
    values = [known.get(level.casefold(), _number_flag(level, no, yes)) for level in cells.levels]
    strange = [
        level
        for level, value in zip(cells.levels, values, strict=True)
        if np.isnan(value) and level.lower() not in MISSING_MARKS
    ]
    return np.array([*values, np.nan])[cells.codes], strange


def _number_flag(text: str, no: str, yes: str) -> float:
    """Return the flag of a number that is written in another way, such as 1.0 for 1."""
    try:
        return {float(no): 0.0, float(yes): 1.0}.get(float(text), np.nan)
    except ValueError:
        return np.nan


LONGEST_NAME = 80
"""Characters of a column's name that a message shows."""


def shown_names(names: Sequence[str]) -> str:
    """Return the names of columns for a message, the first of very many."""
    short = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names[:60]]
    return ", ".join(short) + (f" … {len(names)} in all" if len(names) > 60 else "")


def mark_of(table: Table, name: str, task: TaskKind | None, reading: DataOptions) -> str:
    """Return what stands between the labels of a column; empty where it does not hold several a row.

    Raises:
        DataError: a person said that it holds labels, and no row has more than one.
    """
    cells = table[name]
    if reading.labels == name:
        texts = as_texts(cells)
        found = [m for m in (*MARKS, *_LESS_CLEAR) if any(m in level for level in texts.levels)]
        if not found:
            raise DataError(
                f"{name}: no row has several labels, with one of {' '.join(MARKS)} between them; predict it "
                "as classes with --target, without --labels"
            )
        return found[0]
    if not isinstance(cells, Texts) or task is not None or name in (*reading.category, *reading.text):
        return ""
    for mark in MARKS:
        parts = [
            _labels(level, mark) for level in cells.levels if mark in level or level.lower() not in _NONE
        ]
        if sum(len(each) > 1 for each in parts) < max(2, _SEVERAL * len(parts)):
            continue
        counts: dict[str, int] = {}
        for each in parts:
            for label in each:
                counts[label] = counts.get(label, 0) + 1
        # Labels come in many combinations; places such as "Paris, TX" do not.
        if 2 <= len(counts) < len(parts) and np.median(list(counts.values())) >= 2:
            return mark
    return ""


def labelled_tags(table: Table, name: str, mark: str, reading: DataOptions) -> Labelled:
    """Return the rows of a table that have labels in a column, and which labels each has.

    Raises:
        DataError: no row has a label, or too many labels.
    """
    table, kept = without_totals(table, np.arange(len(table)))
    notes: tuple[Finding, ...] = ()
    texts = as_texts(table[name])
    missing = (MISSING_MARKS - _NONE) | reading.missing(name)
    gone = np.array([*(level.lower() in missing for level in texts.levels), True])
    absent: NDArray[np.bool_] = gone[texts.codes]
    if np.all(absent):
        raise DataError(f"{name}: no row has a label; predict another column, with --target")
    if np.any(absent):
        table, kept, left_out = with_target(table, kept, absent, repr(name))
        notes, texts = (left_out,), as_texts(table[name])
    several = [_labels(level, mark, fold=reading.ignore_case) for level in texts.levels]
    single = sorted({label for each in several for label in each})
    # A word for nothing is a label where it stands beside others.
    nothing = {label for label in single if label.lower() in _NONE} - {
        label for each in several if len(each) > 1 for label in each
    }
    labels = [label for label in single if label not in nothing]
    _check_size(name, len(labels), len(table))
    place = {label: number for number, label in enumerate(labels)}
    of_levels = np.zeros((len(several), len(labels)), dtype=np.float32)
    for row, each in enumerate(several):
        of_levels[row, [place[label] for label in each if label in place]] = 1.0
    values, names, spare = _worth_learning(of_levels[texts.codes], labels, name)
    action = "" if reading.labels == name else "--task multiclass learns each combination as a class"
    text = f"{name}: several labels a row, {mark!r} between them: each of {len(names)} is answered by itself"
    notes += (*spare, Finding(rule="several-labels", level="info", text=text, action=action))
    return Labelled(table, Target(values, "multilabel", (), MultiTarget(tuple(names), (), mark)), kept, notes)


def labelled_columns(
    table: Table, names: Sequence[str], task: TaskKind | None, reading: DataOptions
) -> Labelled:
    """Return the rows of a table that have one of several targets, and all of these.

    Raises:
        DataError: a target that cannot be predicted beside others, or targets of two kinds.
    """
    if task == "multiclass":
        raise DataError(
            f"{', '.join(names)}: several targets are all numbers, or all yes/no columns; predict one column "
            "of classes at a time"
        )
    table, kept = without_totals(table, np.arange(len(table)))
    read = [target_column(table, name, reading) for name in names]
    notes = read_as([meaning for _, meaning in read])
    columns = {name: column for name, (column, _) in zip(names, read, strict=True)}
    absent = np.stack([_absent(column) for column in columns.values()], axis=1)
    nowhere: NDArray[np.bool_] = np.asarray(absent.all(axis=1))
    if np.all(nowhere):
        raise DataError(f"{', '.join(names)}: no row has a target; predict other columns, with --target")
    if np.any(nowhere):
        table, kept, left_out = with_target(table, kept, nowhere, " or ".join(map(repr, names[:5])))
        notes += (left_out,)
    rows = ~nowhere
    if np.any(absent[rows]):
        notes += (_partly(names, absent[rows]),)
    kinds = {name: _kind(column, task) for name, column in columns.items()}
    constant = [name for name, kind in kinds.items() if kind == "constant"]
    if len(constant) == len(names):
        raise DataError(f"{', '.join(names)}: every row is the same in each; there is nothing to predict")
    used = [name for name in names if name not in constant]
    found = _one_kind(used, kinds, task, columns)
    if found == "multilabel":
        answers = {name: _yes_last(columns[name]) for name in used}
        stacked = np.stack([_flags(columns[name], answers[name]) for name in used], axis=1)[rows]
        flags, kept_names, spare = _worth_learning(stacked, used, "")
        target = Target(
            flags, "multilabel", (), MultiTarget(tuple(kept_names), tuple(answers[n] for n in kept_names))
        )
    else:
        numbers = np.stack([_numbers(columns[name]) for name in used], axis=1)[rows]
        _check_log(numbers, used, table, reading)
        units = {name: meaning.unit for name, (_, meaning) in zip(names, read, strict=True)}
        said = tuple(units[name] for name in used) if any(units[name] for name in used) else ()
        spare, target = (), Target(numbers, "multioutput", (), MultiTarget(tuple(used)), said)
    notes += tuple(_left_out(name, "every row is the same") for name in constant) + spare
    return Labelled(table, target, kept, notes)


def _labels(text: str, mark: str, *, fold: bool = False) -> list[str]:
    parts = [part.strip() for part in text.split(mark)]
    return [part.casefold() if fold else part for part in dict.fromkeys(parts) if part]


def _check_size(name: str, labels: int, rows: int) -> None:
    if not labels:
        raise DataError(f"{name}: no row has a label; predict another column, with --target")
    if labels > MOST_LABELS or labels * rows > MOST_CELLS:
        raise DataError(
            f"{name}: {labels} different labels in {rows} rows; at most {MOST_LABELS} labels and "
            f"{MOST_CELLS:,} labels times rows are learnt. Predict coarser labels"
        )


def _worth_learning(
    values: Cells32, names: Sequence[str], column: str
) -> tuple[Cells32, list[str], tuple[Finding, ...]]:
    """Return the labels that enough rows have, and have not, and a word on the others."""
    there, known = np.nansum(values, axis=0), np.sum(~np.isnan(values), axis=0)
    enough = (there >= FEWEST) & (known - there >= FEWEST)
    if not np.any(enough):
        raise DataError(
            f"{column or ', '.join(names)}: no label is in at least {FEWEST} rows and missing in {FEWEST} "
            "others; more rows, or coarser labels, are needed"
        )
    rare = [name for name, kept in zip(names, enough, strict=True) if not kept]
    kept = [name for name, kept in zip(names, enough, strict=True) if kept]
    if not rare:
        return values, kept, ()
    shown = ", ".join(map(repr, rare[:5])) + (" …" if len(rare) > 5 else "")
    what = "label is" if len(rare) == 1 else "labels are"
    text = f"{len(rare)} {what} not predicted: {shown}, in fewer than {FEWEST} rows or in nearly all"
    finding = Finding(rule="labels-left-out", level="warning", text=text)
    return np.ascontiguousarray(values[:, enough]), kept, (finding,)


def _absent(column: Column) -> NDArray[np.bool_]:
    found: NDArray[np.bool_]
    found = np.isnan(column.values) if isinstance(column, NumberColumn) else column.codes < 0
    return found


def _kind(column: Column, task: TaskKind | None) -> str:
    """Return number, label, classes or constant."""
    if isinstance(column, NumberColumn):
        different = np.unique(column.values[~np.isnan(column.values)])
        if len(different) < 2:
            return "constant"
        whole = len(different) == 2 and bool(np.all(different == np.rint(different)))
        two = task == "binary" and len(different) == 2
        return "label" if two or (task is None and whole) else "number"
    different = np.unique(column.codes[column.codes >= 0])
    return "constant" if len(different) < 2 else "label" if len(different) == 2 else "classes"


def _one_kind(
    names: Sequence[str], kinds: dict[str, str], task: TaskKind | None, columns: dict[str, Column]
) -> TaskKind:
    for name in names:
        column = columns[name]
        if kinds[name] == "classes" and not isinstance(column, NumberColumn):
            raise DataError(
                f"{name}: {len(column.levels)} classes, such as {column.levels[0]!r}; several targets are "
                "all numbers, or all yes/no columns. Predict it alone, or make a yes/no column of each class"
            )
    labels = [name for name in names if kinds[name] == "label"]
    numbers = [name for name in names if kinds[name] == "number"]
    if labels and task == "regression":
        raise DataError(f"{labels[0]}: a regression needs numbers, and this column holds text")
    if labels and numbers:
        texts = [name for name in labels if not isinstance(columns[name], NumberColumn)]
        hint = "" if texts else " (--task regression reads all as numbers)"
        raise DataError(
            f"{numbers[0]} holds numbers and {labels[0]} two classes; several targets are all numbers, or "
            f"all yes/no columns. Tune for the numbers and for the classes apart{hint}"
        )
    if numbers and task == "binary":
        raise DataError(f"{numbers[0]}: more than two different values; a binary target has two")
    return "multilabel" if labels else "multioutput"


def _yes_last(column: Column) -> tuple[str, str]:
    """Return how no and yes are written: yes is a word for it, the larger number, or the later text."""
    if isinstance(column, NumberColumn):
        known = column.values[~np.isnan(column.values)]
        return written(float(known.min())), written(float(known.max()))
    first, second = (column.levels[code] for code in np.unique(column.codes[column.codes >= 0]))
    if first.lower() in _YES and second.lower() not in _YES:
        return second, first
    return first, second


def _flags(column: Column, answers: tuple[str, str]) -> Cells32:
    if isinstance(column, NumberColumn):
        yes = column.values == np.nanmax(column.values)
    else:
        yes = column.codes == column.levels.index(answers[1])
    return np.where(_absent(column), np.float32(np.nan), yes.astype(np.float32))


def _numbers(column: Column) -> NDArray[np.float64]:
    assert isinstance(column, NumberColumn)
    return column.values


def _check_log(values: NDArray[np.float64], names: Sequence[str], table: Table, reading: DataOptions) -> None:
    if reading.log_target and np.any(values <= 0):
        row, place = np.argwhere(values <= 0)[0].tolist()
        raise DataError(
            f"{names[place]}: --log-target needs numbers above 0, and row {table.row(row)} holds none"
        )


def _partly(names: Sequence[str], absent: NDArray[np.bool_]) -> Finding:
    counts = {name: int(count) for name, count in zip(names, absent.sum(axis=0), strict=True) if count}
    shown = ", ".join(f"{name} {count}" for name, count in list(counts.items())[:5])
    more = " …" if len(counts) > 5 else ""
    text = f"targets are missing in some rows ({shown}{more}): the others of those rows are learnt from"
    return note("targets-missing", text)


def _left_out(name: str, why: str) -> Finding:
    return Finding(rule="labels-left-out", level="warning", text=f"{name!r} is not predicted: {why}")
