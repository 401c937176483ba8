"""Registry: what can be asked for by name, what each does in a line, and how it is built.

Modules are imported when something of theirs is built, since some need SciPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from osetra.core.arguments import given
from osetra.errors import StudyError, nearest

T = TypeVar("T")


class Registry(Mapping[str, str], Generic[T]):
    """A mapping from names to one line each about what they do; builds what they name."""

    __slots__ = ("_about", "_kind", "_paths")

    def __init__(self, kind: str, package: str, entries: Mapping[str, tuple[str, str]]) -> None:
        """Name a kind, such as "searcher", and give ("module:Class", about) of a package by name."""
        self._kind = kind
        self._paths = {name: f"{package}.{path}" for name, (path, _) in entries.items()}
        self._about = {name: about for name, (_, about) in entries.items()}

    def build(self, name: str, *args: object) -> T:
        """Return a new object of a name, by default with its default settings.

        Raises:
            StudyError: nothing has that name; the nearest one is suggested.
        """
        check_name(self._kind, name, self)
        module, _, kind = self._paths[name].partition(":")
        built: T = getattr(import_module(module), kind)(*args)
        return built

    def __getitem__(self, name: str) -> str:
        return self._about[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._about)

    def __len__(self) -> int:
        return len(self._about)


def check_name(kind: str, name: object, known: Mapping[str, object]) -> None:
    """Check that a name is known.

    Raises:
        StudyError: it is not; the nearest one is suggested.
    """
    hint = nearest(name, known) if isinstance(name, str) else ""
    if not isinstance(name, str) or name not in known:
        raise StudyError(f"{given(name)}: no such {kind}; known: {', '.join(known)}.{hint}")
