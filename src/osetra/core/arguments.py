"""Arguments: what a caller gave, returned as what was expected, or refused by name before anything is built.

NumPy's numbers and truth values are numbers and truth values everywhere. The sentence names the
argument, shows what was given, and says what would do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from typing import TypeGuard, TypeVar

import numpy as np

from osetra.errors import OsetraError, StudyError, nearest

T = TypeVar("T")

SHOWN = 60
"""Characters of a wrong argument that a message repeats."""


def is_number(value: object, *, least: float = -math.inf) -> TypeGuard[int | float]:
    """Whether a value is a number of at least `least`; NaN is one where any will do."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    return real and (least == -math.inf or value >= least)  # type: ignore[operator]  # it is a number here


def is_above_zero(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number above 0; it may be infinite."""
    return is_number(value) and value > 0


def is_whole(value: object, *, least: float = -math.inf) -> TypeGuard[int]:
    """Whether a value is a whole number of at least `least`, and written as one."""
    return isinstance(value, int) and is_number(value, least=least)


def plain(value: object) -> object:
    """Return a NumPy scalar as the Python value that it holds; anything else as it is."""
    single = isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0)
    return value.item() if single else value  # type: ignore[attr-defined]  # both have it


def given(value: object) -> str:
    """Return a wrong argument as a message repeats it: short, harmless, whatever its repr does."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = f"<{type(value).__name__}>"
    text = text if text.isprintable() else text.encode("unicode_escape").decode()
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def expected(name: str, value: object, wanted: str, error: type[OsetraError] = StudyError) -> OsetraError:
    """Return the error for an argument that is something else than what is wanted."""
    return error(f"{name}={given(value)}: {wanted}")


def whole(name: str, value: object, *, least: int = 0, most: int = 2**63 - 1) -> int:
    """Return a whole number.

    Raises:
        StudyError: it is none, or out of bounds.
    """
    number = plain(value)
    if not is_whole(number, least=least) or number > most:
        upper = f" and at most {most}" if is_whole(number) and number > most < 2**63 - 1 else ""
        raise expected(name, value, f"a whole number of at least {least}{upper} is needed")
    return number


def number(name: str, value: object, wanted: str, *, above: float = -math.inf) -> float:
    """Return a number above a limit; infinite ones only where there is no limit.

    Raises:
        StudyError: it is none, or out of bounds.
    """
    found = plain(value)
    if not is_number(found) or not found > above or found == math.inf:
        raise expected(name, value, wanted)
    return found


def text(name: str, value: object, wanted: str = "a text is needed") -> str:
    """Return a text that every store can hold.

    Raises:
        StudyError: it is no text, or holds what no store can.
    """
    if not isinstance(value, str):
        raise expected(name, value, wanted)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise expected(name, value, "the text holds half a character (a stray surrogate)") from None
    if "\0" in value:
        raise expected(name, value, "the text holds the character NUL; leave it out")
    return str(value)


LONGEST_PART, LONGEST_PATH = 255, 4000
"""Bytes of a file's name, and of a path, that every file system takes."""


def path(name: str, value: object, wanted: str = "a path is needed") -> str:
    """Return a path as text, one that a file system can hold.

    Raises:
        StudyError: it is no text or path, an empty one, or one that no file can have.
    """
    try:
        found = fspath(value) if isinstance(value, (str, PathLike)) else None
    except Exception:  # of an object that pretends to be a path
        found = None
    if not isinstance(found, str) or not found:
        raise expected(name, value, wanted)
    parts = text(name, found).encode().split(b"/")
    if max(map(len, parts)) > LONGEST_PART or len(found) > LONGEST_PATH:
        raise expected(name, value, f"a file's name has at most {LONGEST_PART} letters; give a shorter one")
    return found


def option(name: str, value: T, known: Iterable[T]) -> T:
    """Return one of several options.

    Raises:
        StudyError: it is none of them; the nearest one is suggested.
    """
    listed = list(known)
    if not isinstance(value, str) or value not in listed:
        hint = nearest(value, map(str, listed)) if isinstance(value, str) else ""
        raise expected(name, value, f"give one of {', '.join(map(str, listed))}.{hint}")
    return value


def truth(name: str, value: object) -> bool:
    """Return True or False.

    Raises:
        StudyError: it is neither.
    """
    found = plain(value)
    if not isinstance(found, bool):
        raise expected(name, value, "True or False is needed")
    return found


def instance(name: str, value: object, kind: type[T]) -> T:
    """Return an object of one of our classes.

    Raises:
        StudyError: it is none.
    """
    if not issubclass(type(value), kind):
        raise expected(name, value, f"a {kind.__name__} is needed")
    return value  # type: ignore[return-value]  # whatever it says of its class


def mapping(name: str, value: object, wanted: str) -> Mapping[str, object]:
    """Return a mapping from texts.

    Raises:
        StudyError: it is none, or one of its keys is no text.
    """
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise expected(name, value, wanted)
    return value
