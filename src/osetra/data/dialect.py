"""Dialect: how a text file writes a table, guessed from its first lines.

Each delimiter is tried on a sample. The best one cuts the lines into equally many cells, many rather
than few, that look like cells: numbers, dates, words. Source of the score (pattern × type):
van den Burg, Nazábal & Sutton 2019, Wrangling messy CSV files by detecting row and type patterns.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from osetra.data.header import are_names, stands_above_numbers
from osetra.data.options import DataOptions
from osetra.data.table import LONGEST_CELL

CANDIDATES = (",", ";", "\t", "|", " ", "^", "~", "\x01", "\x1f")
SAMPLE_LINES = 200
MOST_TYPED = 20_000
"""Cells of a sample that are looked at."""
COMMENTS = ("#", "%", "//")
NAMES = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "pipes (|)",
    " ": "spaces",
    "\x01": "control characters 01",
    "\x1f": "double colons or unit separators",
}
SEP = re.compile(r"sep=(.)\s*$", re.IGNORECASE)
_DOUBLED = re.compile(r'(?<![\\,;\t|\n])""(?![,;\t|\n]|$)')
_NUMBER = re.compile(r"[+-]?[\d.,' \u00a0\u202f]*\d[\d.,]*([eE][+-]?\d+)?")
_WORD = re.compile(r"[^,;\t|]*")
RULE = re.compile(r"[\s:|+=,;-]*(?:---|===)[\s:|+=,;-]*")
COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|0,\d+|\d{1,3}(\.\d{3})+,\d+)")
POINT = re.compile(r"[+-]?(\d*\.(\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(,\d{3})+\.\d+)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file writes a table."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    comment: str = ""
    """What lines begin with that are no rows."""
    skipped: int = 0
    """Lines before the names or the first row that are no rows: titles."""
    decimal: str = "."
    titles: int = 0
    """How many of them are titles, and neither empty nor the line that follows here."""
    declared: bool = False
    """Whether the first line says what separates cells, as sep=; does."""
    commented: str = ""
    """The last comment above the rows, without its mark: it may hold the names."""
    spaced: bool = False
    """Whether a space stands between a delimiter and the quote behind it."""

    def rows(self, lines: Sequence[str]) -> list[list[str]]:
        """Return the cells of each line that has any."""
        return [row for row in self.reader(lines) if row]

    def reader(self, lines: Iterable[str]):  # type: ignore[no-untyped-def]  # csv's own type is private
        """Return the standard reader of lines in this dialect."""
        csv.field_size_limit(sys.maxsize)  # a cell may be long
        spaces = self.delimiter == " "
        return csv.reader(
            (line.strip(" \r\n") + "\n" for line in lines) if spaces else lines,
            delimiter=self.delimiter, quotechar=self.quote, escapechar=self.escape,
            doublequote=self.escape is None, skipinitialspace=spaces or self.spaced,
        )  # fmt: skip

    def is_comment(self, line: str) -> bool:
        """Whether a line is a comment."""
        return bool(self.comment) and line.startswith(self.comment)


def sniff(text: str, reading: DataOptions, *, tab: bool = False) -> Dialect:
    """Return the dialect of a text, but for what the reading says."""
    lines = text[: 1 << 20].split("\n")[: SAMPLE_LINES + 50]
    skipped = 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    declared = SEP.match(lines[skipped].strip('"')) if skipped < len(lines) else None
    skipped += bool(declared)
    comment = next(
        (mark for mark in COMMENTS if any(x.startswith(mark) for x in lines[skipped : skipped + 1])), ""
    )
    body = [x for x in lines[skipped:] if x.strip() and not (comment and x.startswith(comment))]
    body = [x for x in body if not is_rule(x)][:SAMPLE_LINES]
    sample = text[: 1 << 20]
    escape = "\\" if '\\"' in sample and not _DOUBLED.search(sample) else None
    if reading.separator:
        candidates: Sequence[str] = (reading.separator,)
    elif declared:
        candidates = (declared.group(1),)
    elif tab and any("\t" in line for line in body[:2]):
        candidates = ("\t",)
    else:
        candidates = CANDIDATES
    trials = [
        Dialect(mark, quote, escape, comment, spaced=_is_spaced(body, mark, quote))
        for mark in candidates
        for quote in _quotes(body, mark)
    ]
    best = max(trials, key=lambda dialect: _score(dialect, body))
    titles = int(reading.header) - 1 - skipped if reading.header.isdigit() else _titles(best, lines[skipped:])
    rows = best.rows(body)
    decimal = reading.decimal or _decimal(rows)
    said = _filled(lines[skipped : skipped + titles], best)
    return replace(
        best, skipped=skipped + titles, decimal=decimal, titles=said, declared=bool(declared),
        commented=_last_comment(best, lines[skipped + titles :], at_once=reading.header.isdigit()),
    )  # fmt: skip


def _last_comment(dialect: Dialect, lines: Sequence[str], *, at_once: bool) -> str:
    """Return the last of the comments that lines begin with, or the first one where a person points at it."""
    found = ""
    for line in lines:
        if line.strip() and not dialect.is_comment(line):
            break
        found = line.lstrip(dialect.comment[:1]) if line.strip() else found
        if at_once:
            break
    return found


def _filled(lines: Sequence[str], dialect: Dialect) -> int:
    return sum(bool(line.strip()) and not dialect.is_comment(line) for line in lines)


def is_rule(text: str) -> bool:
    """Whether a line, or a cell, only draws a rule below the names."""
    return len(text) <= LONGEST_CELL and bool(RULE.fullmatch(text))


def _quotes(lines: Sequence[str], delimiter: str) -> tuple[str, ...]:
    single = any(f"{delimiter}'" in line or line.startswith("'") for line in lines)
    return ('"', "'") if single and not any('"' in line for line in lines) else ('"',)


def _is_spaced(lines: Sequence[str], delimiter: str, quote: str) -> bool:
    """Whether quotes stand behind a space, as in a, "b, c"; elsewhere such a quote is one of the text."""
    apart = sum(f"{delimiter} {quote}" in line for line in lines)
    return apart > sum(f"{delimiter}{quote}" in line for line in lines)


def _score(dialect: Dialect, lines: Sequence[str]) -> float:
    try:
        rows = dialect.rows([line + "\n" for line in lines])
    except csv.Error:
        return -1.0
    if not rows:
        return -1.0
    if dialect.delimiter == " " and len(rows[0]) == 1 and _holds_words(rows[1:51]):
        return -1.0  # a column of texts below its name, which are more than a word each
    widths = Counter(map(len, rows))
    pattern = sum(count * (width - 1) / width for width, count in widths.items()) / len(widths)
    cells = [cell.strip() for cell in islice(chain(*rows[:50]), MOST_TYPED)]
    typed = sum(_looks_like_cell(cell) for cell in cells) / len(cells)
    # A single column is a table too, but only when nothing cuts the lines.
    rare = 0.5 if dialect.delimiter in " ^~" else 1.0
    return max(pattern, 1e-3) / len(rows) * (0.05 + typed) * rare


def _holds_words(rows: Sequence[Sequence[str]]) -> bool:
    return any(
        cell and not _NUMBER.fullmatch(cell) for row in rows for cell in row if len(cell) <= LONGEST_CELL
    )


def _looks_like_cell(cell: str) -> float:
    if len(cell) > LONGEST_CELL:
        return 0.5
    if not cell or _NUMBER.fullmatch(cell):
        return 1.0
    if not _WORD.fullmatch(cell):
        return 0.2
    return 0.9 if len(cell) < 60 else 0.5


def _titles(dialect: Dialect, lines: Sequence[str]) -> int:
    """Return how many lines before the table are titles: far narrower than what follows, or above names."""
    cut: list[list[str]] = []
    for line in lines[:SAMPLE_LINES]:
        rows = [] if not line.strip() or dialect.is_comment(line) else dialect.rows([line + "\n"])
        cut.append(rows[0] if rows else [])
    widths = [sum(bool(cell.strip()) for cell in row) for row in cut]
    usual = Counter(width for width in widths if width).most_common(1)
    if not usual or usual[0][0] < 3:
        return 0
    if above := _above_names(cut, widths, usual[0][0]):
        return above
    count = titles = 0
    while count < len(widths) and widths[count] <= max(1, usual[0][0] // 3):
        count += 1
        titles = count if lines[count - 1].strip() and not dialect.is_comment(lines[count - 1]) else titles
    return titles if count < len(widths) else 0


def _above_names(cut: Sequence[Sequence[str]], widths: Sequence[int], usual: int) -> int:
    """Return how many lines stand above one that holds names of numbers; 0 where none is known to.

    The names are in the first line as wide as the table, or in the one behind the first empty line.
    """
    gap = widths.index(0) if 0 in widths else 0
    for begin in (gap, 0):
        place = next((i for i in range(begin, len(widths)) if widths[i] == usual), 0)
        if place and are_names(cut[place]) and stands_above_numbers(cut[place], cut[place + 1 :]):
            return place
    return 0


def _decimal(rows: Sequence[Sequence[str]]) -> str:
    cells = [cell.strip() for row in rows for cell in row if len(cell) <= LONGEST_CELL]
    return (
        ","
        if sum(map(bool, map(COMMA.fullmatch, cells))) > sum(map(bool, map(POINT.fullmatch, cells)))
        else "."
    )
