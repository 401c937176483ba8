"""Migrations: numbered statements that bring older tables up to date, for any database.

Where the statements come from, what executes them and who is locked out meanwhile is the database's
business; which of them are due, and in which order, is told here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from osetra.errors import StoreError

Steps = Mapping[int, Sequence[str]]
"""What each migration executes, by the schema version that it leads to."""


@dataclass(frozen=True, slots=True)
class Migration:
    """What was done to a file or a database."""

    before: int
    after: int
    """Versions of the tables."""
    backup: Path | str | None
    """The file as it was, or the namespace with a database's tables; None when nothing was to do."""


def due(current: int, wanted: int, steps: Steps) -> list[int]:
    """Return the numbers of the migrations between two schema versions, in order.

    Raises:
        StoreError: one of them is not known.
    """
    numbers = list(range(current + 1, wanted + 1))
    missing = [number for number in numbers if number not in steps]
    if missing:
        raise StoreError(
            f"no way leads from schema {current} to {wanted}: migration {missing[0]} is not part of this "
            "osetra; open the study with an osetra that lies between, or export it with its own"
        )
    return numbers


def run(current: int, wanted: int, steps: Steps, execute: Callable[[str], object]) -> list[int]:
    """Execute what leads from one schema version to another; return the numbers of the migrations.

    The caller holds the write lock, in one transaction that also records the new version.

    Raises:
        StoreError: a migration is not known; nothing was executed.
    """
    numbers = due(current, wanted, steps)
    for number in numbers:
        for statement in steps[number]:
            execute(statement)
    return numbers
