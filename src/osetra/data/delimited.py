"""Delimited text: CSV and its many relatives, as a table.

The standard reader reads any dialect and knows the row of a mistake. Files beyond a few megabytes go
through Arrow, where it is installed and the file is regular: an eighth of the time, a third of the memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

import numpy as np

from osetra.core.clean import one_line
from osetra.core.finding import Finding
from osetra.data.dialect import NAMES, Dialect, is_rule, sniff
from osetra.data.encoding import decoded
from osetra.data.header import are_names, has_header, surely_has_header
from osetra.data.lines import TextLines, gaps_of, rows_of
from osetra.data.options import DataOptions
from osetra.data.precedent import Precedent
from osetra.data.table import Table, Texts, check_names, note, unquoted
from osetra.errors import DataError

LARGE = 4 << 20
"""Characters from which Arrow reads."""
BLOCK = 4 << 20
"""Bytes that Arrow looks at together."""
HEAD = 100
MOST_SHORT = 0.1
"""Share of rows that may lack cells at their end; beyond, something else is wrong."""
OPEN_QUOTE = 5
"""Line ends in a cell of the last row from which on its quote is taken for one that nobody closed."""
FEWEST_FOREIGN = 3
"""Words that no Western text has from which on its encoding is doubted."""
_FOREIGN = {"cp1252": re.compile("[À-ÿ]{4,}"), "latin-1": re.compile("\\S*[\x80-\x9f]\\S*")}
_SPARSE = re.compile(r"[+-]?[\d.]+(\s+\d+:\S+)+\s*(#.*)?")


def parse_bytes(
    raw: bytes, source: str, reading: DataOptions, *, tab: bool = False, precedent: Precedent | None = None
) -> Table:
    """Return the table in a text file's bytes; `precedent` is how an earlier file of its kind was written.

    Raises:
        DataError: no text, no rows, rows with too many cells, or a column name twice.
    """
    known = precedent.encoding(raw, source) if precedent and not reading.encoding else ""
    text, encoding = decoded(raw, source, reading.encoding or known)
    same = encoding == "utf-8" and b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf")
    return parse_text(
        text,
        source,
        reading=reading,
        tab=tab,
        encoding=encoding,
        raw=raw if same else None,
        precedent=precedent,
    )


def parse_text(
    text: str,
    source: str,
    *,
    reading: DataOptions | None = None,
    tab: bool = False,
    names: Sequence[str] = (),
    encoding: str = "utf-8",
    raw: bytes | None = None,
    precedent: Precedent | None = None,
) -> Table:
    """Return the table in a delimited text.

    Args:
        text: all of it.
        source: what errors call it.
        reading: what a person said about it.
        tab: whether tabs are expected between cells.
        names: for a text without a line of names.
        encoding: what it was decoded from.
        raw: the text in UTF-8, where it is at hand anyway.
        precedent: how an earlier file of its kind was written.
    """
    said = reading or DataOptions()
    _check_text(text, source)
    reading = said
    if not said.separator and _doubled_colons(text):
        text, raw = text.replace("::", "\x1f"), None
    elif precedent:
        reading = precedent.settled(text, said)
    dialect = sniff(text, reading, tab=tab)
    lines = TextLines(text, dialect.skipped)
    top = lines.place
    gaps = gaps_of(text, dialect, source)
    rows = rows_of(lines, dialect, source, gaps=bool(gaps))
    first = next(rows, None)
    if first is None:
        raise _empty(source)
    begin = lines.place
    head = list(islice(rows, HEAD))
    ruled = bool(head) and _is_rule(head[0])
    head = head[1:] if ruled else head
    names = names or _commented_names(dialect, first, head, reading)
    header = not names and has_header(first, head, reading)
    labels = [unquoted(cell) for cell in first] if header else list(names)
    assumed = _assumed(dialect, encoding, said, labels, precedent)
    assumed += (() if said.encoding else _doubtful(text, encoding)) + _of_gaps(gaps)
    manner = (dialect.delimiter, dialect.decimal, "yes" if labels else "no", encoding)
    odd = bool(dialect.comment) or dialect.spaced or ruled or dialect.delimiter == " "
    if len(text) > LARGE and not odd and not gaps and (header or not names):
        width = Counter(map(len, head)).most_common(1)[0][0] if head else len(first)
        start = begin if header else top
        whole = text[start:].encode() if raw is None else memoryview(raw)[len(text[:start].encode()) :]
        columns = _arrow(whole, dialect, width)
        if columns is not None:
            labels = _aligned(labels, columns)
            return replace(finished(source, labels, columns, assumed, dialect.decimal), manner=manner)
    rest = chain(head, rows) if header else chain([first], head, rows)
    return replace(from_rows(list(rest), source, labels, assumed, decimal=dialect.decimal), manner=manner)


def _of_gaps(count: int) -> tuple[Finding, ...]:
    """Return what is said of empty lines that are rows."""
    if not count:
        return ()
    many = (
        f"{count} empty lines between rows are rows" if count > 1 else "an empty line between rows is a row"
    )
    return (note("gaps", f"{many} without a value, as the file has one column"),)


def _check_text(text: str, source: str) -> None:
    """Raise DataError for a text that holds nothing, or sparse rows."""
    if not text.strip():
        raise _empty(source)
    if _is_sparse(text):
        raise DataError(
            f"{source}: sparse rows as LIBSVM writes them; read them with "
            "sklearn.datasets.load_svmlight_file and save them with numpy.savez(path, x=x.toarray(), y=y)"
        )


def _empty(source: str) -> DataError:
    return DataError(f"{source}: the file is empty; it needs a line of column names and rows")


def _commented_names(
    dialect: Dialect, first: Sequence[str], head: Sequence[Sequence[str]], reading: DataOptions
) -> list[str]:
    """Return the names in the last comment above rows that have as many cells and no names of their own."""
    said = reading.header.isdigit()
    if not dialect.commented.strip() or (reading.header and not said):
        return []
    for text in (dialect.commented, dialect.commented.strip()):
        (cells,) = dialect.rows([text + "\n"]) or [[]]
        if len(cells) == len(first) and are_names(cells) and (said or not surely_has_header(first, head)):
            return [unquoted(cell) or dialect.comment for cell in cells]
    return []


def from_rows(
    rows: list[list[str]],
    source: str,
    labels: list[str],
    notes: tuple[Finding, ...] = (),
    *,
    decimal: str = ".",
) -> Table:
    """Return rows of cells as a table; labels may be missing.

    Raises:
        DataError: no rows, or rows with too many cells or too few.
    """
    if not rows:
        raise DataError(f"{source}: the file has column names and no rows; nothing to learn from")
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    width = len(labels) or usual
    if labels and usual == len(labels) + 1:
        empty = not any(row[-1].strip() for row in rows if len(row) == usual)
        # R's write.table leaves the name of its row-name column out; others end each row with a comma.
        labels, width = (labels, usual) if empty else (["", *labels], usual)
        labels = [*labels, ""] if empty else labels
    notes += _filled(rows, width, source, notes)
    kept, again = _without_names(rows, labels, source)
    rows, notes = [rows[number - 1] for number in kept], notes + again
    swallowed = max((cell.rstrip("\n").count("\n") for cell in rows[-1]), default=0)
    if swallowed >= OPEN_QUOTE:
        text = (
            f"a quote that is opened in row {len(rows)} is never closed: the {swallowed} lines behind it are "
            "taken as one cell; close the quote, or delete it"
        )
        notes += (Finding(rule="open-quote", level="warning", text=text),)
    columns = [Texts(column) for column in zip(*rows, strict=True)]
    table = finished(source, labels, columns, notes, decimal)
    return table if len(kept) == kept[-1] else replace(table, rows=np.array(kept, dtype=np.int64))


def _filled(
    rows: list[list[str]], width: int, source: str, notes: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Cut and fill up rows to a width where that changes no cell, and return what was done."""
    short = 0
    for number, row in enumerate(rows, start=1):
        if len(row) == width:
            continue
        if any(cell.strip() for cell in row[width:]):
            raise DataError(
                f"{source}: row {number} has {len(row)} cells and the header has {width}; look for a stray "
                f"separator or quote in that row{_read_as(notes)}"
            )
        short += len(row) < width
        row[:] = [*row[:width], *[""] * (width - len(row))]
    if short > max(1, MOST_SHORT * len(rows)):
        raise DataError(
            f"{source}: {short} of {len(rows)} rows have fewer cells than the header has names; "
            "say what separates the cells with --delimiter, or which line holds the names with --header"
        )
    if not short:
        return ()
    many = f"{short} rows have too few cells: the rest of them is missing"
    return (note("short-rows", many if short > 1 else "1 row has too few cells: the rest of it is missing"),)


def _without_names(
    rows: list[list[str]], labels: Sequence[str], source: str
) -> tuple[list[int], tuple[Finding, ...]]:
    """Return the numbers of the rows that are not the line of names once more, and a note on the others."""
    again = [number for number, row in enumerate(rows, start=1) if _repeats(row, labels)]
    if not again:
        return list(range(1, len(rows) + 1)), ()
    if len(again) == len(rows):
        raise DataError(f"{source}: the file has column names and no rows; nothing to learn from")
    gone = set(again)
    shown = ", ".join(map(str, again[:5])) + (" …" if len(again) > 5 else "")
    said = note("names-again", f"the line of names stands again in the file and is left out: row {shown}")
    return [number for number in range(1, len(rows) + 1) if number not in gone], (said,)


def _repeats(row: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether a row is the line of names once more, as in files that were put together."""
    return (
        len(labels) > 1 and row[0].strip() == labels[0] and [unquoted(cell) for cell in row] == list(labels)
    )


def _doubled_colons(text: str) -> bool:
    """Whether each line is cut by equally many double colons, as in the files of MovieLens."""
    counts = {line.count("::") for line in text[: 1 << 16].split("\n")[:HEAD][:-1] if line.strip()}
    return len(counts) == 1 and 0 not in counts


def _is_sparse(text: str) -> bool:
    lines = [line for line in text[: 1 << 16].split("\n")[:HEAD][:-1] if line.strip()]
    return len(lines) > 1 and all(map(_SPARSE.fullmatch, lines))


def _doubtful(text: str, encoding: str) -> tuple[Finding, ...]:
    """Return a warning where a text that is no UTF-8 does not look like a Western one either."""
    foreign = _FOREIGN["latin-1" if encoding == "latin-1" else "cp1252"].findall(text[: 1 << 20])
    few = 1 if encoding == "latin-1" else FEWEST_FOREIGN
    if encoding not in ("cp1252", "latin-1") or len(foreign) < few:
        return ()
    said = f"the text is no UTF-8, and as {encoding} it holds words such as {one_line(foreign[0])!r}"
    action = "--encoding names what it is written in, such as cp1251, shift_jis, gb18030 or big5"
    return (Finding(rule="encoding", level="warning", text=said, action=action),)


def _read_as(notes: tuple[Finding, ...]) -> str:
    """Return what was assumed of the file, which may be what is wrong."""
    return "".join(f"; it was {one.text}" for one in notes if one.rule == "dialect")


def finished(
    source: str, labels: list[str], columns: Sequence[Any], notes: tuple[Finding, ...], decimal: str = "."
) -> Table:
    """Return named columns as a table: empty columns without a name are none, others get one."""
    if not labels:
        empty = [isinstance(column, Texts) and not len(column.levels) for column in columns]
        labels = ["" if gone else f"x{i}" for i, gone in enumerate(empty, start=1)]
    kept = [
        (name if name or not i else f"column {i + 1}", column)
        for i, (name, column) in enumerate(zip(labels, columns, strict=True))
        if name or not isinstance(column, Texts) or len(column.levels)
    ]
    check_names([name for name, _ in kept], source)
    lengths = {name: len(column) for name, column in kept}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:6])
        raise DataError(f"{source}: columns of different lengths: {shown}; each needs a value for every row")
    if not kept or not len(kept[0][1]):
        raise DataError(f"{source}: the file has column names and no rows; nothing to learn from")
    return Table(source, tuple(n for n, _ in kept), tuple(c for _, c in kept), notes, decimal)


def _is_rule(row: Sequence[str]) -> bool:
    """Whether a row only draws a line, as below the names of a table for people."""
    return any(map(str.strip, row)) and all(is_rule(cell) for cell in row if cell.strip())


def _arrow(raw: bytes | memoryview, dialect: Dialect, width: int) -> list[Texts] | None:
    try:
        import pyarrow
    except ImportError:
        return None
    for block in (BLOCK, len(raw)):  # a row must fit into a block
        try:
            table = _read_csv(raw, dialect, [str(i) for i in range(width)], block)
            columns = list(reversed(table.columns))
            del table
            return [Texts(columns.pop().combine_chunks()) for _ in range(width)]
        except pyarrow.ArrowInvalid as error:
            if "straddling" not in str(error):
                return None  # irregular: the standard reader knows better, or says where
    return None


def _read_csv(raw: bytes | memoryview, dialect: Dialect, names: list[str], block: int) -> Any:
    import pyarrow
    import pyarrow.csv

    kind = pyarrow.string() if len(raw) < 2**31 else pyarrow.large_string()
    return pyarrow.csv.read_csv(
        pyarrow.BufferReader(raw),
        read_options=pyarrow.csv.ReadOptions(column_names=names, block_size=min(block, 2**31 - 1)),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=dialect.delimiter, quote_char=dialect.quote, newlines_in_values=True,
            escape_char=dialect.escape or False, double_quote=dialect.escape is None,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, kind),
            null_values=[""], strings_can_be_null=True,
        ),
    )  # fmt: skip


def _aligned(labels: list[str], columns: list[Texts]) -> list[str]:
    if not labels or len(labels) == len(columns):
        return labels
    if len(columns) == len(labels) + 1:
        return [*labels, ""] if not len(columns[-1].levels) else ["", *labels]
    return labels


def _assumed(
    dialect: Dialect, encoding: str, reading: DataOptions, labels: Sequence[str], precedent: Precedent | None
) -> tuple[Finding, ...]:
    """Return one line on everything that is not as usual, or not as in an earlier file."""
    parts = []
    other = precedent.differs(dialect.delimiter) if precedent and not reading.delimiter else ""
    if encoding != "utf-8" and not reading.encoding:
        parts.append(f"{encoding} text")
    if other or (dialect.delimiter not in ",\t" and not reading.delimiter):
        who = ", as its first line says" if dialect.declared else ""
        parts.append(f"{NAMES.get(dialect.delimiter, repr(dialect.delimiter))} between cells{who}{other}")
    if dialect.decimal == "," and not reading.decimal:
        parts.append("a comma before decimals")
    if dialect.titles and not reading.header.isdigit():
        parts.append(f"{dialect.titles} title line{'s' if dialect.titles > 1 else ''} left out")
    if dialect.comment:
        parts.append(f"lines that begin with {dialect.comment} are comments")
    if not labels and not reading.header:
        parts.append("no line of names: the columns are x1, x2, …")
    if not parts:
        return ()
    return (
        note(
            "dialect",
            f"read as: {'; '.join(parts)} (--delimiter, --decimal, --header, --encoding say otherwise)",
        ),
    )
