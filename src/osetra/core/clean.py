"""Clean: text that came from data, trainings or other people, made harmless for a terminal or a store."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from math import isfinite

_class_name: Callable[[type], str] = vars(type)["__name__"].__get__
LONGEST = 2000
"""Characters of a reason that are kept."""
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]"
)
"""Control characters, marks that turn the direction of what is shown, and halves of characters."""
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""What is not seen, or changes how the rest is seen: JSON can spell it in letters."""
_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\u2212",
    "\ufe66",
    "\ufe62",
    "\ufe63",
    "\ufe6b",
)
"""What begins a formula in some spreadsheet: the signs, and their wide and small forms."""
_NOTHING = "\u200b\u200c\u200d\u2060\ufeff\xad"
"""What a spreadsheet may pass over before a sign: characters without a width."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])?")


def printable(text: str) -> str:
    """Return text without escape sequences and control characters; line ends and tabs stay."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def one_line(text: str) -> str:
    """Return text on one line, without control characters."""
    return " ".join(printable(text).split())


def name_text(name: str, most: int = 40) -> str:
    """Return a name where there is little room for it: the ends tell names apart, so the middle goes."""
    line = one_line(name)
    if len(line) <= most:
        return line
    tail = (most - 1) // 2
    return f"{line[: most - 1 - tail]}…{line[-tail:]}"


def error_text(error: BaseException) -> str:
    """Return an exception as a sentence: its name and its own words, whatever its `__str__` does."""
    kind, words = kind_of(error), described(error)
    text = printable((f"{kind}: {words}" if words else kind).encode("utf-8", "replace").decode())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def storable(text: str, most: int) -> str:
    """Return text that every store takes: no NUL, no half a pair, of a long one the ends."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\0")
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters left out ...] {text[-half:]}"


def described(error: BaseException) -> str:
    """Return what an exception says of itself, which may be anything, and anything may go wrong."""
    try:
        return "".join((str(error),))  # text itself, for it may be a class of text with a mind of its own
    except BaseException:
        return "its text cannot be shown"


def kind_of(error: BaseException) -> str:
    """Return the name of an exception's class, whatever a class of that class says of it."""
    return _class_name(type(error))


def cell(value: object) -> object:
    """Return a value as the cell of a CSV, with an apostrophe where a spreadsheet would run a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = one_line(value)
    seen = text.lstrip(_NOTHING)
    return f"'{text}" if seen.startswith(_FORMULA) and not _is_number(text) else text


def json_text(value: object, indent: int | None = None) -> str:
    """Return plain data as JSON on whose characters no terminal acts; it is read back as the same.

    Raises:
        ValueError: a number is not finite.
    """
    return spelled_out(json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False))


def spelled_out(text: str) -> str:
    """Return JSON in which what is not seen, or changes how the rest is seen, stands in letters."""
    if text.isascii() and "\x7f" not in text:
        return text
    return _UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
