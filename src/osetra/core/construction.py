"""Construction: a class called with wrong arguments answers as to other wrong input: with what is right."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from osetra.errors import OsetraError, nearest

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


def _explained(name: str, signature: inspect.Signature, wrong: str) -> str:
    """Return what is wrong with a call, how it is written, and the nearest known argument."""
    known = [parameter for parameter in signature.parameters if parameter not in ("self", "_")]
    found = re.search(r"unexpected keyword argument '(.*)'", wrong)
    return f"{name}: {wrong}; it takes {', '.join(known)}.{nearest(found[1], known) if found else ''}"
