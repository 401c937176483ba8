"""Construction: a class called with wrong arguments answers as to other wrong input: with what is right."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from osetra.core.arguments import expected, is_number, is_whole, plain
from osetra.errors import OsetraError, StudyError, nearest

Kind = TypeVar("Kind", bound=type)


def arguments_checked(error: type[OsetraError]) -> Callable[[Kind], Kind]:
    """Return a decorator of classes, whose construction then raises `error` instead of TypeError."""

    def decorate(kind: Kind) -> Kind:
        construct: Callable[..., None] = kind.__init__  # type: ignore[misc]  # of this very class
        signature = inspect.signature(construct)

        @wraps(construct)
        def __init__(self: Any, /, *args: Any, **named: Any) -> None:
            try:
                signature.bind(self, *args, **named)
            except TypeError as wrong:
                raise error(_explained(kind.__name__, signature, str(wrong))) from None
            construct(self, *args, **named)

        kind.__init__ = __init__  # type: ignore[misc]
        return kind

    return decorate


def settings_checked(kind: Kind) -> Kind:
    """Decorate a dataclass of settings: numbers are looked at before anything compares them.

    What a field may be is read from its annotation. NumPy's numbers become Python's.
    """
    construct: Callable[..., None] = kind.__init__  # type: ignore[misc]  # of this very class
    signature = inspect.signature(construct)
    annotations = {name: str(one.annotation) for name, one in signature.parameters.items()}

    @wraps(construct)
    def __init__(self: Any, /, *args: Any, **named: Any) -> None:
        bound = signature.bind(self, *args, **named)
        for name, value in bound.arguments.items():
            form = re.sub(r"^Literal\[.*\]$", "str", annotations[name].removesuffix(" | None"))
            accepted, wanted = _SETTINGS.get(form, (None, ""))
            if accepted is None or (value is None and annotations[name].endswith(" | None")):
                continue
            found = plain(value)
            if not accepted(found):
                raise expected(f"{kind.__name__}: {name}", value, wanted)
            bound.arguments[name] = found
        construct(*bound.args, **bound.kwargs)

    kind.__init__ = __init__  # type: ignore[misc]
    return arguments_checked(StudyError)(kind)


def _chances(value: object) -> bool:
    return isinstance(value, tuple) and all(is_number(one) for one in value)


_SETTINGS: dict[str, tuple[Callable[[object], bool], str]] = {
    "int": (lambda v: is_whole(v, least=-(2**53)) and v <= 2**53, "a whole number is needed"),
    "float": (lambda v: is_number(v) and not 2**1000 <= abs(v) < math.inf, "a number is needed"),
    "bool": (lambda v: isinstance(v, bool), "True or False is needed"),
    "tuple[str, ...]": (
        lambda v: isinstance(v, tuple) and all(isinstance(one, str) for one in v),
        "a tuple of names is needed",
    ),
    "str": (lambda v: isinstance(v, str), "a text is needed"),
    "tuple[float, ...]": (_chances, "a tuple of numbers is needed"),
}
"""What each kind of setting may be, and what is said of anything else."""


def _explained(name: str, signature: inspect.Signature, wrong: str) -> str:
    """Return what is wrong with a call, how it is written, and the nearest known argument."""
    known = [parameter for parameter in signature.parameters if parameter not in ("self", "_")]
    found = re.search(r"unexpected keyword argument '(.*)'", wrong)
    return f"{name}: {wrong}; it takes {', '.join(known)}.{nearest(found[1], known) if found else ''}"
