"""Precedent: a later text file is read as an earlier one was, unless it proves otherwise.

A guess needs rows, and a later file may have one. The file itself proves more than a guess: the mark of an
encoding, UTF-8 that fits, and the line that holds the names of the columns that are needed, which tells
what separates cells and where the rows begin.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from osetra.data.dialect import CANDIDATES, NAMES, SEP, Dialect
from osetra.data.encoding import decoded, tells_its_encoding
from osetra.data.header import are_names, stands_above_numbers
from osetra.data.options import DataOptions
from osetra.data.table import Manner, unquoted
from osetra.errors import DataError

LINES = 60
"""Lines among which names are looked for."""
SAMPLE = 1 << 16
"""Characters of them."""
ENOUGH = 0.5
"""Share of the needed names that a line of names holds at least; the others may be misspelt or missing."""
_NUMBERED = re.compile(r"x(\d+)")


@dataclass(frozen=True, slots=True)
class Precedent:
    """How an earlier file was written, and the names of the columns that are needed of this one."""

    manner: Manner
    needed: tuple[str, ...]

    def encoding(self, raw: bytes, source: str) -> str:
        """Return the encoding of the earlier file, where this one may have it; "" where it tells its own."""
        known = self.manner[3]
        if not known or known.startswith("utf") or tells_its_encoding(raw):
            return ""
        try:
            before = decoded(raw, source, known)[0]
        except (DataError, LookupError):
            return ""
        return known if self._found_in(before) >= self._found_in(decoded(raw, source)[0]) else ""

    def settled(self, text: str, reading: DataOptions) -> DataOptions:
        """Return what a person said, with the delimiter and header that names, or the earlier file, tell."""
        lines = text[:SAMPLE].split("\n")[:LINES]
        marks = [mark for mark in dict.fromkeys((self.manner[0], *CANDIDATES)) if len(mark) == 1]
        marks = [reading.separator] if reading.separator else _declared(lines) or marks
        found = {mark: self._names_line(lines, mark) for mark in marks}
        mark = max(found, key=lambda each: found[each][:2])  # of equals the first, as it was before
        count, _, line = found[mark]
        if count and count >= ENOUGH * len(self.needed):
            return replace(reading, delimiter=mark, header=reading.header or str(line))
        rows = [row for _, row in _rows(lines, marks[0]) if row]
        if reading.header in ("", "no") and self.has_header(rows) is False:
            return replace(reading, delimiter=marks[0], header="no")
        return reading

    def has_header(self, rows: Sequence[Sequence[str]]) -> bool | None:
        """Return whether the first row holds names; None where neither they nor the earlier file tell."""
        first = {unquoted(cell) for cell in rows[0]} if rows else set()
        if self.needed and sum(name in first for name in self.needed) >= ENOUGH * len(self.needed):
            return True
        places = [int(found[1]) for name in self.needed if (found := _NUMBERED.fullmatch(name))]
        if self.manner[2] != "no" or not rows or max(map(len, rows)) < max(places, default=1):
            return None
        return None if are_names(rows[0]) and stands_above_numbers(rows[0], rows[1:]) else False

    def differs(self, delimiter: str) -> str:
        """Return a few words on the delimiter of the earlier file, where this one has another."""
        before = self.manner[0]
        return f", where {NAMES.get(before, repr(before))} were learnt" * (before not in ("", delimiter))

    def _found_in(self, text: str) -> int:
        return sum(name in text for name in self.needed)

    def _names_line(self, lines: Sequence[str], mark: str) -> tuple[int, bool, int]:
        """Return how many needed names one line holds, whether rows below are as wide, and its number."""
        rows = [(number, row) for number, row in _rows(lines, mark) if any(map(str.strip, row))]
        best, widest = (0, False, 0), 0
        for place, (number, row) in enumerate(rows):
            names = {unquoted(cell) or f"column {i}" for i, cell in enumerate(row, start=1)}
            count = sum(name in names for name in self.needed)
            filled = sum(bool(cell.strip()) for cell in row)
            # Lines above names are titles, which are narrower; whatever is as wide is a row.
            if count > best[0] and filled > widest:
                best = count, all(len(row) == len(below) for _, below in rows[place + 1 :]), number
            widest = max(widest, filled if not _is_declaration(row, mark) else 0)
        return best


def _declared(lines: Sequence[str]) -> list[str]:
    """Return what the first line declares to separate cells, as sep=; does."""
    first = next((line for line in lines if line.strip()), "")
    found = SEP.match(first.strip('"'))
    return [found[1]] if found else []


def _is_declaration(row: Sequence[str], mark: str) -> bool:
    return bool(SEP.match(mark.join(row).strip('"')))


def _rows(lines: Sequence[str], mark: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the numbers of lines and the rows that begin there, as far as they can be cut."""
    reader = Dialect(mark).reader(line + "\n" for line in lines)
    begin = 1
    try:
        for row in reader:
            yield begin, row
            begin = reader.line_num + 1
    except csv.Error:
        return
