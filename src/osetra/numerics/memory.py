"""Memory: answers of a pure function by a digest of its arguments.

It saves time and changes no answer, whatever it holds and whoever shares it; so settings stay records
that hold nothing but settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """Keeps the latest `most` answers."""

    __slots__ = ("_answers", "_most")

    def __init__(self, most: int) -> None:
        self._answers: dict[bytes, T] = {}
        self._most = most

    def recall(self, digest: bytes, compute: Callable[[], T]) -> T:
        """Return the answer with this digest, computed if it is not there."""
        try:
            return self._answers[digest]
        except KeyError:
            answer = compute()
        # Threads may get here together: list() and pop() are one step each, and losing an answer costs time.
        for oldest in list(self._answers)[: len(self._answers) - self._most + 1]:
            self._answers.pop(oldest, None)
        return self._answers.setdefault(digest, answer)

    def __len__(self) -> int:
        return len(self._answers)
