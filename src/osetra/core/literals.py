"""Literals: what a run of signs without quotes, or a text within quotes, stands for."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from osetra.core.values import Value

WORDS: dict[str, Value] = {"true": True, "false": False, "none": None}
NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9]\d*(?:_\d+)*)|(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?)", re.ASCII
)
BARE = re.compile(r"(?:[^\W\d]|[/~]|\.\.?/)[\w.\-+/:@~]*")
"""Text that needs no quotes."""
DOUBTFUL = ("nan", "inf", "infinity", "null", "nil", "undefined")
"""Words that mean something else in most languages, so that as text they stand in quotes."""

_SIZE = re.compile(r"[1-9]\d*(?:x\d+)+", re.ASCII)
"""Like 3x3: text that begins with a digit and can be nothing else."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a run of signs is no value."""

    why: str
    text: bool = True
    """Whether it would be one in quotes."""


def literal(chunk: str, *, stored: bool = False) -> Value | Doubt:
    """Return the value that a run of signs without quotes is, or why it is none."""
    word = chunk.lower()
    if word in WORDS:
        return WORDS[word]
    number = number_in(chunk)
    if number is not None:
        return number
    if (BARE.fullmatch(chunk) and (stored or word not in DOUBTFUL)) or _SIZE.fullmatch(chunk):
        return chunk
    if word.lstrip("+-") in DOUBTFUL:
        meant = "none" if word in ("null", "nil", "undefined") else "a finite number"
        return Doubt(f"{chunk} is no value; write {meant}")
    if NUMBER.fullmatch(chunk):
        return Doubt(f"{chunk:.40} is too large or too small to be held", text=False)
    if re.match(r"[+-]?\.?\d", chunk):
        return Doubt(f"{chunk!r} begins like a number and is none")
    return Doubt(f"{chunk!r} needs quotes")


def number_in(chunk: str) -> int | float | None:
    """Return the number that a chunk is; None when it is none, or none that can be held."""
    if not NUMBER.fullmatch(chunk) or len(chunk) > 1000:
        return None
    plain = chunk.replace("_", "")
    if re.fullmatch(r"[+-]?\d+", plain):
        return int(plain)
    number = float(plain)
    lost = number == 0 and re.search(r"[1-9]", re.split("[eE]", plain)[0])
    return number if math.isfinite(number) and not lost else None


def unescaped(inside: str, mark: str) -> str | None:
    """Return what stands within quotes, with the escapes of JSON read; None when they are none."""
    if mark == "'":
        ours = {"'": "'", None: r"\""}
        inside = re.sub(r'\\(.)|"', lambda m: ours.get(m[1], m[0]), inside, flags=re.DOTALL)
    try:
        text: str = json.loads(f'"{inside}"', strict=False)
        text.encode()
    except ValueError:
        return None
    return text


def in_quotes(text: str) -> str:
    """Return text as it is written in quotes."""
    return json.dumps(text, ensure_ascii=False)
