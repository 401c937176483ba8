"""Values: what a hyperparameter can be in the log, and what an option can stand for.

A log holds numbers, text, booleans and none. An option may be a tuple of such, as the size of a kernel
is; the log then holds its name, `(3, 3)` or the one that it was given, and the training gets the tuple.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from osetra.errors import SpaceError

Value: TypeAlias = bool | int | float | str | None
Option: TypeAlias = "Value | tuple[Option, ...]"
"""What an option stands for."""
Config: TypeAlias = dict[str, Value]
Meanings: TypeAlias = Mapping[str, Mapping[str, Option]]
"""What named options stand for, by hyperparameter and name."""

_LARGEST = 10**300
_DEEPEST = 8


def as_value(value: object) -> Value:
    """Return a NumPy or framework scalar as the Python value it holds.

    Raises:
        SpaceError: it is none that can be stored.
    """
    found = _scalar(value)
    if isinstance(found, int) and not -(2**63) <= found < 2**63:
        raise SpaceError(f"{excerpt(value)} is a whole number beyond 64 bits, and cannot be stored")
    return found


def _scalar(value: object) -> Value:
    """Return the same, of whole numbers also those that a float may stand for."""
    found = value
    if not isinstance(value, (bool, int, float, str)) and callable(getattr(value, "item", None)):
        try:
            found = value if value.ndim else value.item()  # type: ignore[attr-defined]  # else it is none
        except Exception:
            found = value
    match found:
        case None | bool():
            return found
        case str() if _encodes(found):
            return str.__str__(found)
        case int() if abs(found) < _LARGEST:
            return int(found)
        case float() if math.isfinite(found):
            return float(found)
    raise SpaceError(f"{excerpt(value)} is not a value that can be stored; use numbers, text or booleans")


def as_option(value: object, depth: int = 0) -> Option:
    """Return an option as it is kept: sequences as tuples, scalars as Python's.

    Raises:
        SpaceError: something in it cannot be stored.
    """
    items = sequence(value)
    if items is None:
        return as_value(value)
    if not items or depth >= _DEEPEST:
        raise SpaceError(
            f"{excerpt(value)}: an option holds at least one value, at most {_DEEPEST} levels deep"
        )
    return tuple(as_option(item, depth + 1) for item in items)


def deeper(tree: object, levels: int) -> bool:
    """Whether mappings and sequences stand within each other more than so many times, or hold themselves."""
    if isinstance(tree, Mapping):
        inner: Iterable[object] = tree.values()
    elif isinstance(tree, (list, tuple)):
        inner = tree
    else:
        return False
    return levels == 0 or any(deeper(item, levels - 1) for item in inner)


def sequence(value: object) -> tuple[object, ...] | None:
    """Return the items of a list, a tuple, a range or an array; None for anything else."""
    if isinstance(value, (list, tuple, range)):
        return tuple(value)
    if getattr(value, "ndim", 0) and callable(getattr(value, "tolist", None)):
        listed = value.tolist()  # type: ignore[attr-defined]  # looked for in the line above
        return tuple(listed) if isinstance(listed, list) else None
    return None


def option_name(option: Option) -> Value:
    """Return what stands in the log for an option that was given no name."""
    return option_text(option) if isinstance(option, tuple) else option


def option_text(option: Option) -> str:
    """Return an option as text: `(3, 3)`, `relu`, `"two words"`."""
    if isinstance(option, tuple):
        comma = "," if len(option) == 1 else ""
        return f"({', '.join(map(option_text, option))}{comma})"
    if isinstance(option, str):
        return option if _BARE.fullmatch(option) and option.lower() not in _QUOTED else json.dumps(option)
    return str(option).lower() if option is None or isinstance(option, bool) else repr(option)


def number(value: object) -> float:
    """Return a number as a float.

    Raises:
        SpaceError: it is none, or a whole number that no float holds.
    """
    found = _scalar(value)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise SpaceError(f"{excerpt(value)} is not a number")
    if isinstance(found, int) and int(float(found)) != found:
        raise SpaceError(f"{excerpt(value)} has more digits than a float holds; write {float(found)!r}")
    return float(found)


def whole(value: object) -> int:
    """Return a whole number as an int, exactly.

    Raises:
        SpaceError: it is none.
    """
    found = _scalar(value)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise SpaceError(f"{excerpt(value)} is not a number")
    if found != int(found):
        raise SpaceError(f"{excerpt(value)} is not a whole number")
    if abs(found) >= _LARGEST:
        raise SpaceError(f"{excerpt(value)} is too large")
    return int(found)


def identity(value: Value) -> tuple[str, Value]:
    """Return what tells a value from others: 1, 1.0 and True are equal in Python and different options."""
    return type(value).__name__, value


def excerpt(value: object) -> str:
    """Return a value of any kind for a message, short."""
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= 80 else f"{text[:79]}…"


_BARE = re.compile(r"[A-Za-z_][\w.\-+/:]*")
"""Text that is written without quotes."""
_QUOTED = ("true", "false", "none", "null", "nil", "undefined", "nan", "inf", "infinity")
"""Words that are written in quotes when they are text."""


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
