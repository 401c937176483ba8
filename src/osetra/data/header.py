"""Header: whether a row holds the names of columns, and where they hide: behind a mark of comments."""

from __future__ import annotations

from collections.abc import Sequence

from osetra.data.options import DataOptions
from osetra.data.table import MISSING_MARKS, PLAIN, unquoted


def has_header(first: Sequence[str], rows: Sequence[Sequence[str]], reading: DataOptions) -> bool:
    """Return whether the first row holds names: text above numbers, or text that is nowhere below."""
    if reading.header:
        return reading.header != "no"
    if all(PLAIN.fullmatch(cell) for cell in map(unquoted, first) if cell):
        return False
    if stands_above_numbers(first, rows):
        return True
    for_names, against = _votes(first, rows)
    return for_names >= against


def surely_has_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row cannot well be one of the others."""
    for_names, against = _votes(first, rows)
    return stands_above_numbers(first, rows) or (for_names > 0 and not against)


def _votes(first: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[int, int]:
    for_names = against = 0
    for cell, below in _columns(first, rows):
        if _are_numbers(below) or cell in below:
            against += 1
        elif len(set(below)) <= len(below) // 2:
            for_names += 1
    return for_names, against


def stands_above_numbers(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether a row has a text above a column of numbers."""
    return any(_are_numbers(below) and not _is_number(cell) for cell, below in _columns(first, rows))


def are_names(cells: Sequence[str]) -> bool:
    """Return whether cells can be the names of columns: different texts, of which none is a number."""
    named = [unquoted(cell) for cell in cells]
    return len(named) > 1 and len(set(named)) == len(named) and not any(map(_is_number, named))


def _columns(first: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, list[str]]]:
    """Return the cells of a row that say something, each with those below it that do."""
    found = []
    for i, cell in enumerate(map(unquoted, first)):
        below = [text for text in (unquoted(row[i]) for row in rows if i < len(row)) if _says(text)]
        if _says(cell) and below:
            found.append((cell, below))
    return found


def _are_numbers(texts: Sequence[str]) -> bool:
    return sum(map(_is_number, texts)) > 0.9 * len(texts)


def _says(text: str) -> bool:
    return text.lower() not in MISSING_MARKS


def _is_number(text: str) -> bool:
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text.replace("e", "")))
