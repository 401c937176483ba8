"""Description: what a person sees of data before anything is trained on it, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.data.dataset import CategoryColumn, Dataset, Floats, MultiTarget
from osetra.data.loading import Loaded
from osetra.data.moments import EPOCH, LENGTHS
from osetra.data.schema import Category, Date, Number, days_of, to_categories, to_numbers
from osetra.data.semantics import Meaning
from osetra.data.table import Table, as_texts, written
from osetra.data.words import numbered

BINS = 12


@dataclass(frozen=True, slots=True)
class ColumnView:
    """What a person sees of one column."""

    name: str
    kind: str
    """number, category, date, time, duration, text, or left out."""
    missing: float
    """Share of cells without a value."""
    values: str
    """Range or levels in a few words, or why it is left out."""
    bins: tuple[int, ...] = ()
    """How many rows are in each of equal ranges, or have each of the commonest levels."""
    remark: str = ""


def views(loaded: Loaded) -> tuple[ColumnView, ...]:
    """Return what there is to see of each input column of a table."""
    if loaded.table is None:
        return ()
    return column_views(loaded.table, loaded.meanings, loaded.dataset.notes)


def column_views(
    table: Table, meanings: Sequence[Meaning], notes: Sequence[Finding]
) -> tuple[ColumnView, ...]:
    """Return what there is to see of each column that was understood; notes say which are left out."""
    reasons = {
        note.text.partition(" left out: ")[0].strip("'"): note.text.partition(" left out: ")[2]
        for note in notes
        if note.rule == "column-left-out"
    }
    return tuple(_view(meaning, table, reasons.get(meaning.name, "")) for meaning in meanings)


def target_view(loaded: Loaded) -> ColumnView:
    """Return what there is to see of the target."""
    dataset = loaded.dataset
    if dataset.multi is not None:
        return _several_view(dataset, dataset.multi)
    if dataset.task == "regression":
        values = dataset.target.astype(np.float64)
        unit = f" {dataset.target_units[0]}" if dataset.target_units else ""
        return ColumnView(dataset.target_name, "number", 0.0, _range(values) + unit, histogram(values))
    counts = np.bincount(dataset.target.astype(np.int64), minlength=len(dataset.classes))
    return ColumnView(dataset.target_name, dataset.task, 0.0, _levels(dataset.classes, counts), _top(counts))


def _several_view(dataset: Dataset, multi: MultiTarget) -> ColumnView:
    missing = float(np.isnan(dataset.target).mean())
    if dataset.task == "multilabel":
        counts = np.nansum(dataset.target, axis=0).astype(np.int64)
        return ColumnView(dataset.target_name, "labels", missing, _levels(multi.names, counts), _top(counts))
    ranges = [f"{name} {_range(dataset.target[:, i])}" for i, name in enumerate(multi.names[:4])]
    more = " …" if len(multi.names) > 4 else ""
    return ColumnView(dataset.target_name, "numbers", missing, ", ".join(ranges) + more)


def histogram(values: Floats, bins: int = BINS) -> tuple[int, ...]:
    """Return how many values are in each of equal ranges between the first and the last hundredth."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ()
    low, high = np.percentile(known, [1, 99])
    if low == high:
        low, high = float(known.min()), float(known.max())
    if low == high:
        return (len(known),)
    counts, _ = np.histogram(np.clip(known, low, high), bins=bins, range=(float(low), float(high)))
    return tuple(map(int, counts))


def _view(meaning: Meaning, table: Table, reason: str) -> ColumnView:
    cells, recipe = table[meaning.name], meaning.recipe
    if recipe is None or reason:
        absent = float(np.mean(as_texts(cells).codes < 0)) if recipe is None else 0.0
        return ColumnView(meaning.name, "left out", absent, reason or meaning.warning)
    if isinstance(recipe, Number):
        values = to_numbers(recipe, cells, table.row)
        text = _range(values) + (f" {recipe.unit}" if recipe.unit else "")
        remark = ", ".join(filter(None, (meaning.remark, *meaning.among)))
        return ColumnView(meaning.name, "number", _absent(values), text, histogram(values), remark)
    if isinstance(recipe, Category):
        column = to_categories(recipe, as_texts(cells))
        return _category_view(meaning, column)
    if isinstance(recipe, Date):
        values = days_of(recipe, cells)
        kind = "time" if recipe.order == "clock" else "duration" if recipe.order in LENGTHS else "date"
        return ColumnView(
            meaning.name, kind, _absent(values), _span(recipe, values), histogram(values), meaning.remark
        )
    texts = as_texts(cells)
    found = numbered(texts.levels)
    lengths = found.lengths.astype(np.float64) if len(texts.levels) else np.zeros(1)
    said = f"{len(texts.levels)} texts of {np.median(lengths):.0f} words, {len(found.lexicon)} different"
    absent = float(np.mean(texts.codes < 0))
    return ColumnView(meaning.name, "text", absent, said, histogram(lengths), meaning.remark)


def _category_view(meaning: Meaning, column: CategoryColumn) -> ColumnView:
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    absent = float(np.mean(column.codes < 0))
    text = _levels(column.levels, counts)
    return ColumnView(meaning.name, "category", absent, text, _top(counts), meaning.remark)


def _absent(values: Floats) -> float:
    return float(np.mean(np.isnan(values)))


def _range(values: Floats) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    return f"{_short(known.min())} … {_short(known.max())}"


def _short(value: float) -> str:
    text = written(float(value))
    return text if len(text) <= 9 else f"{value:.4g}"


def _span(recipe: Date, values: Floats) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return ""
    if recipe.order in ("clock", *LENGTHS):
        return f"{_short(known.min())} … {_short(known.max())} hours"
    first, last = (
        str(np.datetime64(EPOCH, "D") + int(np.floor(value))) for value in (known.min(), known.max())
    )
    return f"{first} … {last}"


def _levels(levels: Sequence[str], counts: NDArray[np.int64]) -> str:
    order = np.argsort(-counts, kind="stable")[:6]
    shown = ", ".join(levels[i] for i in order)
    return f"{len(levels)}: {shown}" + (" …" if len(levels) > len(order) else "")


def _top(counts: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(map(int, np.sort(counts)[::-1][:BINS]))
