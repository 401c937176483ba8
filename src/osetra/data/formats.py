"""Formats: Parquet, Feather, Excel, JSON lines and ARFF files as tables."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from osetra.core.finding import Finding
from osetra.data.delimited import finished, from_rows, parse_bytes
from osetra.data.encoding import decoded
from osetra.data.files import SUFFIXES, Content, Kind, read_bytes
from osetra.data.header import has_header
from osetra.data.options import DataOptions
from osetra.data.precedent import Precedent
from osetra.data.records import parse_records, width_of
from osetra.data.table import EXACT, Cells, Table, Texts, as_texts, check_names, note, text_of, unquoted
from osetra.errors import DataError, MissingExtra

_FORMULA = re.compile(rb"<f[ >]")
_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"[^\"]*\"|\S+)\s+(.+)", re.IGNORECASE)


def read_table(path: Path, reading: DataOptions | None = None) -> Table:
    """Read a table from a file of any kind but .npz, which `arrays` reads.

    Raises:
        DataError: no such file, no rows, ragged lines, repeated column names, a foreign or damaged file.
        MissingExtra: Parquet or Feather without pyarrow, Excel without openpyxl.
    """
    reading = reading or DataOptions()
    return parse(read_bytes(path), path, reading)


def parse(content: Content, path: Path, reading: DataOptions, precedent: Precedent | None = None) -> Table:
    """Return the table in a file's bytes; `precedent` is how an earlier file was written."""
    table = _parse(content.kind, content.raw, path, reading, precedent)
    return replace(table, notes=(*content.notes, *table.notes)) if content.notes else table


def _parse(kind: Kind, raw: bytes, path: Path, reading: DataOptions, precedent: Precedent | None) -> Table:
    source = str(path)
    if kind in ("parquet", "feather"):
        return _columnar(raw, source, kind)
    if kind == "xlsx":
        return _workbook(raw, source, reading, precedent)
    if kind == "json":
        return parse_records(raw, source)
    if kind == "arff":
        return _arff(raw, source)
    if kind == "npz":
        raise DataError(f"{source}: arrays, where a table is needed; give one of {', '.join(SUFFIXES)}")
    tab = ".tsv" in (s.lower() for s in path.suffixes)
    return parse_bytes(raw, source, reading, tab=tab, precedent=precedent)


def _columnar(raw: bytes, source: str, kind: Kind) -> Table:
    try:
        import pyarrow
        import pyarrow.feather
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra(f"{source}: {kind.title()} files need pyarrow: pip install pyarrow") from None
    try:
        if kind == "parquet":
            file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(raw))
            check_names(file.schema_arrow.names, source)
            table = file.read()
        else:
            buffer = pyarrow.BufferReader(raw)
            stream = raw.startswith(b"\xff\xff\xff\xff")
            table = (
                pyarrow.ipc.open_stream(buffer).read_all() if stream else pyarrow.feather.read_table(buffer)
            )
            check_names(table.column_names, source)
    except (OSError, pyarrow.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{source}: not a readable {kind.title()} file: {reason}") from None
    if not table.num_columns or not table.num_rows:
        raise DataError(f"{source}: the file has no rows; nothing to learn from")
    while any(pyarrow.types.is_struct(column.type) for column in table.columns):
        table = table.flatten()
    made = [
        one
        for name, column in zip(table.column_names, table.columns, strict=True)
        for one in _expanded(_column_name(name), column)
    ]
    return finished(source, [name for name, _ in made], [column for _, column in made], ())


def _expanded(name: str, column: Any) -> list[tuple[str, Cells]]:
    """Return a column, or one for each place of lists of equally many numbers."""
    import pyarrow

    kind, types = column.type, pyarrow.types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    values = column.to_pylist() if lists else []
    width = width_of(values, name)
    if not width:
        return [(name, from_arrow(column))]
    whole = [[np.nan] * width if value is None else value for value in values]
    table = np.array(whole, dtype=np.float64)
    return [(f"{name}.{i}", table[:, i]) for i in range(width)]


def _column_name(name: str) -> str:
    return "" if name == "__index_level_0__" else name


def from_arrow(column: Any) -> Cells:
    """Return an Arrow column as cells."""
    import pyarrow
    import pyarrow.compute as compute

    kind, types = column.type, pyarrow.types
    if types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if types.is_duration(kind):
        spans = compute.cast(column, pyarrow.duration("us"), safe=False)
        return np.asarray(spans.to_numpy(), dtype="timedelta64[us]")
    if types.is_timestamp(kind) or types.is_date(kind):
        if types.is_timestamp(kind) and kind.tz:
            column = _local(column)
        return np.asarray(
            compute.cast(column, pyarrow.timestamp("us"), safe=False).to_numpy(), dtype="datetime64[us]"
        )
    if types.is_integer(kind) and column.null_count < len(column):
        ends = compute.min_max(column).as_py()
        if max(-ends["min"], ends["max"]) <= EXACT:
            return _floats(column)
        return Texts(column.cast(pyarrow.string()).combine_chunks())
    if types.is_floating(kind) or types.is_decimal(kind):
        return _floats(column)
    if types.is_string(kind) or types.is_large_string(kind):
        return Texts(column.combine_chunks())
    if types.is_null(kind):
        return Texts([None] * len(column))
    return Texts([text_of(value) for value in column.to_pylist()])


def _local(column: Any) -> Any:
    import pyarrow
    import pyarrow.compute

    try:
        return pyarrow.compute.local_timestamp(column)
    except pyarrow.ArrowInvalid:
        return column  # the machine knows no time zones; the hour is that of Greenwich


def _floats(column: Any) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    import pyarrow

    return np.array(column.cast(pyarrow.float64()).to_numpy(), dtype=np.float64)


def _workbook(raw: bytes, source: str, reading: DataOptions, precedent: Precedent | None = None) -> Table:
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra(f"{source}: Excel files need openpyxl: pip install openpyxl") from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = [
            (
                sheet.title,
                [[text_of(cell) or "" for cell in row] for row in sheet.iter_rows(values_only=True)],
            )
            for sheet in book.worksheets
        ]
    except Exception as error:  # openpyxl raises whatever its parsers raise
        raise DataError(f"{source}: not a readable Excel file ({error}); save it again, or as .csv") from None
    filled = [(title, [row for row in rows if any(row)]) for title, rows in sheets]
    filled = [(title, rows) for title, rows in filled if rows]
    if not filled:
        raise DataError(f"{source}: the workbook is empty; it needs a line of column names and rows")
    title, rows = filled[0]
    _check_formulas(raw, source, title, rows)
    notes: tuple[Finding, ...] = ()
    if len(filled) > 1:
        others = ", ".join(name for name, _ in filled[1:])
        notes = (
            note("sheet", f"read from sheet {title!r}; save {others} as files of their own to use them"),
        )
    width = max(map(len, rows))
    left = min(next(i for i, cell in enumerate(row) if cell) for row in rows[:50])
    skipped = int(reading.header) - 1 if reading.header.isdigit() else _narrow(rows, width - left)
    rows = [row[left:] for row in rows[skipped:]]
    told = precedent.has_header(rows) if precedent and not reading.header else None
    if not (has_header(rows[0], rows[1:101], reading) if told is None else told):
        return replace(from_rows(rows, source, [], notes), manner=("", "", "no", ""))
    labels = [unquoted(label) for label in rows[0]]
    return replace(from_rows(rows[1:], source, labels, notes), manner=("", "", "yes", ""))


def _check_formulas(raw: bytes, source: str, title: str, rows: Sequence[Sequence[str]]) -> None:
    """Raise DataError where a sheet holds formulas and none of their values.

    Programs that only write workbooks leave them out, and whoever opens one calculates them. Where some are
    there, those that are not are empty texts.
    """
    import openpyxl

    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        sheets = [name for name in packed.namelist() if name.startswith("xl/worksheets/sheet")]
        if not any(_FORMULA.search(packed.read(name)) for name in sheets):
            return
    sheet = openpyxl.load_workbook(io.BytesIO(raw), read_only=True)[title]
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value not in (None, "")]
    formulas = [cell for cell in cells if cell.data_type == "f"]
    known = sum(bool(cell) for row in rows for cell in row)
    if formulas and known <= len(cells) - len(formulas):
        first = formulas[0]
        raise DataError(
            f"{source}: {len(formulas)} cells of sheet {title!r} hold formulas without their values, such "
            f"as {first.coordinate} {first.value!r}; open the workbook in Excel or LibreOffice and save it "
            "there, or save it as .csv"
        )


def _narrow(rows: list[list[str]], width: int) -> int:
    """Return how many rows at the top are titles."""
    count = 0
    while width >= 3 and count < len(rows) - 1 and sum(map(bool, rows[count])) <= max(1, width // 3):
        count += 1
    return count


def _arff(raw: bytes, source: str) -> Table:
    text, _ = decoded(raw, source)
    names: list[str] = []
    nominal: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        line = line.strip()
        if line.lower().startswith("@data"):
            break
        found = _ATTRIBUTE.match(line)
        if found:
            names.append(found.group(1).strip("'\"").replace("\\'", "'"))
            if found.group(2).lstrip().startswith("{"):
                nominal[names[-1]] = found.group(2).strip()
    body = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("%")]
    if not names or not body:
        raise DataError(f"{source}: no @attribute lines or no rows after @data; this is no usable ARFF file")
    if body[0].startswith("{"):
        raise DataError(f"{source}: sparse ARFF rows are not read; save the table as .csv")
    mark = '"' if not any("'" in line for line in body[:200]) else "'"
    delimiter = "\t" if "\t" in body[0] and "," not in body[0] else ","
    rows = [
        ["" if cell.strip() == "?" else cell for cell in row]
        for row in csv.reader(
            body, quotechar=mark, delimiter=delimiter, skipinitialspace=True, escapechar="\\"
        )
    ]
    _check_rows(rows, names, source)
    table = from_rows(rows, source, names)
    notes = (*table.notes, *_undeclared(table, nominal))
    return Table(source, table.names, table.cells, notes, ".", tuple(nominal))


def _undeclared(table: Table, nominal: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return a warning on cells that are none of the values that their attribute declares."""
    found = []
    for name, listed in nominal.items():
        inner = listed.strip("{} ")
        mark = "'" if "'" in inner else '"'
        (values,) = csv.reader([inner], quotechar=mark, skipinitialspace=True, escapechar="\\")
        known, cells = {unquoted(value) for value in values}, as_texts(table[name])
        strange = [place for place, level in enumerate(cells.levels) if level not in known]
        if strange:
            odd = np.isin(cells.codes, strange)
            row = int(np.flatnonzero(cells.codes == strange[0])[0])
            first = f"{table.row(row)} {cells.levels[strange[0]]!r}"
            found.append(f"{name!r} {int(odd.sum())}, first row {first}")
    if not found:
        return ()
    text = f"cells that are none of the values that their attribute declares: {', '.join(found[:3])}"
    action = "correct them, or declare them in the line of @attribute; they are read as they are"
    return (Finding(rule="undeclared", level="warning", text=text, action=action),)


def _check_rows(rows: Sequence[Sequence[str]], names: Sequence[str], source: str) -> None:
    """Raise DataError for a row that has not a cell for each declared attribute."""
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            weighted = len(row) == len(names) + 1 and row[-1].strip().startswith("{")
            why = (
                "weights of rows are not read from ARFF; make them a column, for --weight"
                if weighted
                else ("look for a stray separator or quote in that row")
            )
            raise DataError(
                f"{source}: row {number} has {len(row)} cells and {len(names)} attributes are declared; {why}"
            )
