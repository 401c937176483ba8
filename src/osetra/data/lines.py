"""Lines: a text line by line and cut into rows, without a copy of the text.

A cell takes up to fifty times the memory of its characters, so a line that would become more cells than
columns are read is refused before it is cut.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice

from osetra.data.dialect import Dialect
from osetra.data.table import MOST_COLUMNS, too_wide
from osetra.errors import DataError

SAMPLE = 20
"""Rows that say whether a table has one column."""


class TextLines(Iterator[str]):
    """The lines of a text, each with its end; `place` is where the next one begins."""

    def __init__(self, text: str, skipped: int = 0) -> None:
        self.text = text
        self.place = 0
        for _ in range(skipped):
            next(self, None)

    def __next__(self) -> str:
        """Return the next line."""
        begin = self.place
        if begin == len(self.text):
            raise StopIteration
        self.place = self.text.find("\n", begin) + 1 or len(self.text)
        return self.text[begin : self.place]


def gaps_of(text: str, dialect: Dialect, source: str) -> int:
    """Return how many empty lines between the rows of a table of one column are rows without a value.

    In a wider table an empty line holds nothing, and neither do those at the end, nor those of a text in
    which each line is followed by one. polars reads it so; pandas where `skip_blank_lines` is off.
    """
    first = list(islice(rows_of(TextLines(text, dialect.skipped), dialect, source), SAMPLE))
    if any(len(row) > 1 for row in first):
        return 0
    lines = TextLines(text, dialect.skipped)
    body = text[lines.place :].strip("\n").split("\n")
    empty = sum(not line.strip() for line in body)
    return empty if 2 * empty < len(body) - 1 else 0


def rows_of(lines: TextLines, dialect: Dialect, source: str, *, gaps: bool = False) -> Iterator[list[str]]:
    """Cut lines into the cells of rows, one at a time.

    Args:
        lines: of the text.
        dialect: how they are written.
        source: what errors call the text.
        gaps: whether an empty line between rows is a row without a value.

    Raises:
        DataError: a stray quote, or more cells in a line than columns are read.
    """
    begun = False  # whether the next line goes on with a cell of this row

    def checked() -> Iterator[str]:
        nonlocal begun
        for line in lines:
            if dialect.is_comment(line):
                continue
            if line.count(dialect.delimiter) >= MOST_COLUMNS:
                _check_width(line, dialect, source, quoted=begun)
            begun = True
            yield line

    empty = 0
    try:
        for row in dialect.reader(checked()):
            begun = False
            # An empty line has no cells; "" is one, and a row of a table of one column.
            if row and (len(row) > 1 or not row[0] or row[0].strip()):
                yield from ([""] for _ in range(empty))
                empty = 0
                yield row
            else:
                empty += gaps
    except csv.Error as error:
        raise DataError(f"{source}: cannot be cut into cells: {error}; look for a stray quote") from None


def _check_width(line: str, dialect: Dialect, source: str, *, quoted: bool) -> None:
    """Raise DataError where a line has more cells than columns are read; `quoted` if it begins within one."""
    mark, quote = dialect.delimiter, dialect.quote
    if quote not in line and mark != " ":
        raise too_wide(source, str(line.count(mark) + 1))
    runs = "+" if mark == " " else ""
    pieces = re.compile(f"{re.escape(mark)}{runs}|{quote}[^{quote}]*(?:{quote}|$)")
    cells = 1
    for piece in pieces.finditer(line, line.find(quote) + 1 if quoted else 0):
        cells += not piece[0].startswith(quote)
        if cells > MOST_COLUMNS:
            raise too_wide(source, f"more than {MOST_COLUMNS}")
