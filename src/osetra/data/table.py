"""Table: named columns of raw cells, all of one length; nothing is interpreted here.

A column of text keeps what the file holds. Its distinct texts are found once, so that what a text
means is asked once per distinct text and not once per row.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from osetra.core.finding import Finding
from osetra.errors import DataError

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Moments: TypeAlias = NDArray[np.datetime64]
Spans: TypeAlias = NDArray[np.timedelta64]

Manner: TypeAlias = tuple[str, str, str, str]
"""How a text file was written: its delimiter, decimal mark, header (yes, no), encoding; "" is unknown."""

EXACT = 2**53
"""Whole numbers beyond are kept as text: floats would mix them up."""
MISSING_MARKS = frozenset(
    {
        "",
        "na",
        "n/a",
        "nan",
        "null",
        "none",
        ".",
        "?",
        "<null>",
        "<na>",
        "nat",
        "#n/a",
        "#value!",
        "#div/0!",
        "\\n",
    }
)
"""What counts as missing in every column, in any case."""

MOST_COLUMNS = 50_000
"""Columns that a table may have."""
LONGEST_CELL = 1000
"""Characters from which on a cell is text: no number but a plain one, and no moment, is so long."""
PLAIN = re.compile(r"[+-]?(?:(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?|inf|Inf|INF|[iI]nfinity)")
"""A number as programs write it; infinity is one, and refused later."""


class Texts(Sequence[str | None]):
    """A column of text; an empty cell is None. `levels` are its distinct texts, `codes` who has which."""

    def __init__(self, cells: Any) -> None:
        self._cells = cells
        """A sequence of text or None, or an Arrow array of text: a tenth of the memory."""

    def __len__(self) -> int:
        return len(self._cells)

    def __getitem__(self, row: Any) -> Any:
        code = self.codes[row]
        return self.levels[code] if code >= 0 else None

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """The distinct texts, sorted, without spaces or single quotes around them."""
        return self._encoded[0]

    @cached_property
    def codes(self) -> Codes:
        """(n,) places in `levels`; -1 where the cell is empty."""
        return self._encoded[1]

    @cached_property
    def counts(self) -> Codes:
        """How many rows have each level."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.levels)).astype(np.int64)

    def numbers(self) -> Floats | None:
        """Return the cells as numbers, NaN where missing; None when one of them is no plain number."""
        if hasattr(self._cells, "type"):
            return _arrow_numbers(self._cells)
        missing = [level.lower() in MISSING_MARKS for level in self.levels]
        if not all(gone or PLAIN.fullmatch(level) for level, gone in zip(self.levels, missing, strict=True)):
            return None
        values = [np.nan if gone else float(level) for level, gone in zip(self.levels, missing, strict=True)]
        return np.array([*values, np.nan], dtype=np.float64)[self.codes]

    def take(self, rows: Codes) -> Texts:
        """Return the column of some rows."""
        if hasattr(self._cells, "type"):
            return Texts(self._cells.take(rows))
        return Texts([self._cells[row] for row in rows.tolist()])

    @cached_property
    def _encoded(self) -> tuple[tuple[str, ...], Codes]:
        if hasattr(self._cells, "type"):
            found = self._cells.dictionary_encode()
            raw, places = found.dictionary.to_pylist(), found.indices.fill_null(-1).to_numpy()
        else:
            book: dict[str | None, int] = {}
            places = np.fromiter((book.setdefault(cell, len(book)) for cell in self._cells), np.int64)
            raw = list(book)
        cleaned = [unquoted(text) if text else "" for text in raw]
        levels = sorted({text for text in cleaned if text})
        place = {text: code for code, text in enumerate(levels)}
        # The last entry serves -1, which is missing.
        recoded = np.array([*(place.get(text, -1) for text in cleaned), -1], dtype=np.int64)
        return tuple(levels), recoded[places]


Cells: TypeAlias = Texts | Floats | Moments | Spans


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Named columns of raw cells, all of one length: text, numbers, moments in time or durations."""

    source: str
    names: tuple[str, ...]
    cells: tuple[Cells, ...]
    notes: tuple[Finding, ...] = ()
    """What was assumed in reading."""
    decimal: str = "."
    """What most numbers of the file have before their decimals."""
    categories: tuple[str, ...] = ()
    """Columns that the file itself declares as categories."""
    rows: Codes | None = None
    """Numbers of the rows in the file, from 1, where some were left out."""
    manner: Manner = ("", "", "", "")
    """How the file was written, where it is a text."""

    def __len__(self) -> int:
        return len(self.cells[0]) if self.cells else 0

    def __getitem__(self, name: str) -> Cells:
        return self.cells[self.names.index(name)]

    def row(self, index: int) -> int:
        """Return the number of a row in the file, from 1."""
        return index + 1 if self.rows is None else int(self.rows[index])

    def without(self, dropped: Sequence[str]) -> Table:
        """Return the other columns."""
        rest = [i for i, name in enumerate(self.names) if name not in dropped]
        return replace(
            self, names=tuple(self.names[i] for i in rest), cells=tuple(self.cells[i] for i in rest)
        )

    def take(self, kept: Codes, *notes: Finding) -> Table:
        """Return some of the rows, with a word on it."""
        cells = tuple(c.take(kept) if isinstance(c, Texts) else c[kept] for c in self.cells)
        rows = kept + 1 if self.rows is None else self.rows[kept]
        return replace(self, cells=cells, rows=rows, notes=self.notes + notes)


def unquoted(text: str) -> str:
    """Return a text without spaces around it, and without the single quotes that some programs write."""
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1].strip() if quoted else text


def written(value: float) -> str:
    """Return a number as the text of a label: whole numbers with all their digits."""
    return f"{value:.0f}" if value == np.rint(value) and abs(value) < 1e16 else f"{value:.12g}"


def text_of(value: object) -> str | None:
    """Return what any value of a file is as the text of a cell; None where it is missing."""
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return str(value) if isinstance(value, int) or not value.is_integer() else written(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ";".join(str(text_of(item) or "") for item in value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def as_texts(cells: Cells) -> Texts:
    """Return cells of any kind as text."""
    if isinstance(cells, Texts):
        return cells
    if cells.dtype.kind == "M":
        return Texts(
            [
                None if cell == "NaT" else cell
                for cell in np.datetime_as_string(cells.astype("datetime64[s]")).tolist()
            ]
        )
    if cells.dtype.kind == "m":
        spans = cells.astype("timedelta64[us]").tolist()
        return Texts([None if span is None else str(span) for span in spans])
    different, codes = np.unique(cells, return_inverse=True)
    names = [None if np.isnan(value) else written(float(value)) for value in different]
    return Texts([names[code] for code in codes.tolist()])


def check_names(names: Iterable[str], source: str) -> None:
    """Raise DataError where two columns have one name."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"{source}: two columns are called {name!r}; rename one of them")
        seen.add(name)


def too_wide(source: str, columns: str) -> DataError:
    """Return what to raise for more columns than are read; `columns` says how many there are."""
    return DataError(
        f"{source}: {columns} columns; at most {MOST_COLUMNS} are read, so choose those that can matter, or "
        "summarise them"
    )


def note(rule: str, text: str, action: str = "") -> Finding:
    """Return a note on what was assumed."""
    return Finding(rule=rule, level="info", text=text, action=action)


def _arrow_numbers(cells: Any) -> Floats | None:
    import pyarrow
    import pyarrow.compute

    try:
        return _as_floats(pyarrow.compute.cast(cells, pyarrow.float64()))
    except pyarrow.ArrowInvalid:
        pass
    some = cells.slice(0, 1000).drop_null().to_pylist()
    if some and not any(
        any(map(str.isdigit, text)) or text.strip().lower() in MISSING_MARKS for text in some
    ):
        return None
    trimmed = pyarrow.compute.utf8_trim_whitespace(cells)
    lower = pyarrow.compute.utf8_lower(trimmed)
    gone = pyarrow.compute.is_in(lower, value_set=pyarrow.array(sorted(MISSING_MARKS), lower.type))
    kept = pyarrow.compute.if_else(gone, pyarrow.scalar(None, trimmed.type), trimmed)
    try:
        values = pyarrow.compute.cast(kept, pyarrow.float64())
    except pyarrow.ArrowInvalid:
        return None
    return _as_floats(values)


def _as_floats(values: Any) -> Floats:
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)
