"""Tables: CSV, TSV and Parquet files as named columns of raw cells.

A cell is text, a number or None; nothing is interpreted here beyond what counts as missing.
`columns.py` decides what is a number, a category or a date.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from osetra.data.dataset import Floats
from osetra.errors import DataError, MissingExtra
from osetra.files import read_regular

Cells: TypeAlias = Sequence[str | None] | Floats

SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".parquet", ".npz")
MISSING_MARKS = frozenset({"", "na", "n/a", "nan", "null", "none", ".", "?", "<null>", "#n/a"})

_COMMA_DECIMAL = re.compile(r"^[+-]?\d+,\d+$")


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Named columns of raw cells, all of one length; numbers are arrays, everything else text."""

    source: str
    names: tuple[str, ...]
    cells: tuple[Cells, ...]

    def __len__(self) -> int:
        return len(self.cells[0]) if self.cells else 0

    def __getitem__(self, name: str) -> Cells:
        return self.cells[self.names.index(name)]


def read_table(path: Path) -> Table:
    """Read a .csv, .tsv, .txt (also gzipped) or .parquet file.

    Raises:
        DataError: no such file, no rows, ragged lines, repeated or missing column names.
        MissingExtra: a Parquet file without pyarrow.
    """
    if path.name.endswith(".parquet"):
        return _read_parquet(path)
    return parse_text(_text(path), str(path), tab=".tsv" in path.suffixes)


def parse_text(text: str, source: str, *, tab: bool = False, names: Sequence[str] = ()) -> Table:
    """Parse delimited text; the delimiter is the commonest of , ; tab | in the first line.

    `names` are for text without a header line.
    """
    delimiter = "\t" if tab else _delimiter(text)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows = [row for row in lines if row]
    if not rows:
        raise DataError(f"{source}: the file is empty; it needs a line of column names and rows")
    header = list(names) or [_unquoted(cell) for cell in rows.pop(0)]
    _check_header(header, source)
    if rows and len(rows[0]) == len(header) + 1:
        # R's write.table leaves the name of its row-name column out.
        header = ["", *header]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise DataError(
                f"{source}: row {number} has {len(row)} cells and the header has {len(header)}; "
                "look for a stray separator or quote in that row"
            )
    if not rows:
        raise DataError(f"{source}: the file has column names and no rows; nothing to learn from")
    read = _cell_with_comma if delimiter == ";" else _cell
    columns = tuple(tuple(map(read, column)) for column in zip(*rows, strict=True))
    return Table(source, tuple(header), columns)


def _text(path: Path) -> str:
    try:
        raw = read_regular(path)
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if b"\0" in raw[:4096]:
        raise DataError(f"{path}: this is not a text file; give one of {', '.join(SUFFIXES)}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # what spreadsheets in Europe still write


def _delimiter(text: str) -> str:
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t|", key=first.count)


def _check_header(header: list[str], source: str) -> None:
    if all(_is_number(name) for name in header):
        raise DataError(
            f"{source}: the first line holds only numbers ({', '.join(header[:3])} …), so the columns "
            "have no names; add a first line with names"
        )
    for name in header:
        if header.count(name) > 1:
            raise DataError(f"{source}: two columns are called {name!r}; rename one of them")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unquoted(text: str) -> str:
    # The csv module knows double quotes; some programs write single ones.
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1].strip() if quoted else text


def _cell(text: str) -> str | None:
    text = _unquoted(text)
    return None if text.lower() in MISSING_MARKS else text


def _cell_with_comma(text: str) -> str | None:
    # Files separated by semicolons come from places where 3,14 is a number.
    cell = _cell(text)
    return cell.replace(",", ".") if cell and _COMMA_DECIMAL.match(cell) else cell


def _read_parquet(path: Path) -> Table:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra(f"{path}: Parquet files need pyarrow: pip install pyarrow") from None
    try:
        table = pyarrow.parquet.read_table(path)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}") from None
    cells = tuple(_settled(column.to_pylist()) for column in table.columns)
    if not cells or not len(cells[0]):
        raise DataError(f"{path}: the file has no rows; nothing to learn from")
    return Table(str(path), tuple(table.column_names), cells)


def _settled(values: list[object]) -> Cells:
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return tuple(None if value is None else _written(value) for value in values)


def _written(value: object) -> str | None:
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return _cell(str(value))
