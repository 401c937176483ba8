"""Clean: text that came from data, trainings or other people, made harmless for a terminal."""

from __future__ import annotations

import re
from math import isfinite

LONGEST = 2000
"""Characters of a reason that are kept."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])?")


def printable(text: str) -> str:
    """Return text without escape sequences and control characters; line ends and tabs stay."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def one_line(text: str) -> str:
    """Return text on one line, without control characters."""
    return " ".join(printable(text).split())


def error_text(error: BaseException) -> str:
    """Return an exception as a sentence: its name and its own words, whatever its `__str__` does."""
    try:
        words = str(error)
    except Exception:
        words = "its text cannot be read"
    kind = type(error).__name__
    text = printable((f"{kind}: {words}" if words else kind).encode("utf-8", "replace").decode())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def cell(value: object) -> object:
    """Return a value as the cell of a CSV, with an apostrophe where a spreadsheet would run a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = one_line(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
