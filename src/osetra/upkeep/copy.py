"""A study in another store: how it moves from a laptop to a server, and back.

The log is written whole, with its versions and times, in one transaction, and read back to prove it. The
checkpoints that somebody may go on from are there before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Entry
from osetra.core.history import History
from osetra.core.ports import Depot, Store
from osetra.core.retention import needed
from osetra.errors import StoreError
from osetra.stores import open_store, storage_of
from osetra.stores.address import Address
from osetra.stores.floats import pack
from osetra.stores.sqlite.snapshot import link
from osetra.stores.storage import WholeStore, fold, known_points
from osetra.stores.validation import occupied, open_attempts
from osetra.training.checkpoints import intact, receive
from osetra.upkeep.check import Audit, check_store


@dataclass(frozen=True, slots=True)
class StudyCopy:
    """A study in its new place, and what the checker says of it there."""

    source: Address
    target: Address
    audit: Audit
    size: int
    """Bytes of the checkpoints that were copied."""
    running: list[tuple[int, int]]
    """Attempts that are being worked on at the source, and count as lost in the copy."""


def copy(pairs: Sequence[tuple[Address, Address]]) -> list[StudyCopy]:
    """Copy studies, each to an address where there are no facts yet.

    Returns once every copy was read back and compared. Sources may be written meanwhile; what comes
    after a copy began is not in it.

    Raises:
        StoreError: a source has no facts, a target has some, or a store cannot be read or written.
    """
    for source, target in pairs:  # all of them, before the first one is written
        with _both(source, target) as (one, two):
            if not one.version():
                raise StoreError(f"{source} has no facts; there is nothing to copy")
            if two.version():
                raise StoreError(f"{occupied(target)}; name another study: '{Address(target.url)}#NAME'")
    made = []
    for source, target in pairs:
        with _both(source, target) as (one, two):
            size, entries = copy_log(one, two, two.checkpoints)
            running = open_attempts(entry.fact for entry in entries)
            made.append(StudyCopy(source, target, check_store(two), size, running))
    return made


def copy_log(source: Store, target: WholeStore, folder: Path) -> tuple[int, list[Entry]]:
    """Copy a study, read it back, and return the bytes of its checkpoints and its facts."""
    entries = source.read()
    points, _ = source.read_points()
    # What was claimed after the log was read is not in the copy, nor are its points.
    points = known_points(points, source.read(entries[-1].version if entries else 0))
    size = copy_checkpoints(source.checkpoints, folder, fold(entries), source.depot)
    target.restore(entries, points)
    back, (numbers, _) = target.read(), target.read_points()
    if back[: len(entries)] != entries or _exact(numbers[: len(points)]) != _exact(points):
        raise StoreError(f"{target} is not what was read from {source}; do not use it, and report this")
    return size, entries


@contextmanager
def _both(source: Address, target: Address) -> Iterator[tuple[Store, WholeStore]]:
    """Open a study and the store that it is copied to."""
    reading = closing(open_store(source.url, source.study))
    with reading as one, closing(storage_of(target.url).open(target.study)) as two:
        yield one, two


def _exact(points: Iterable[Point]) -> list[tuple[object, ...]]:
    """Return what is equal where points are bit by bit: two NaN are no equal floats."""
    return [(*point[:5], *pack(point.value)) for point in points]


def copy_checkpoints(source: Path, target: Path, history: History, depot: Depot | None = None) -> int:
    """Copy the checkpoints that somebody needs, as far as they are there and whole; return their bytes.

    Args:
        source: the folder where they are.
        target: the folder where they are to be.
        history: what says which are needed.
        depot: where those are that the folder has not.
    """
    names, size = needed(history, history.sign), 0
    for trial in history.trials.values():
        for point in trial.checkpoints:
            if point.file not in names:
                continue
            file = Path(point.file).name
            if not intact(target, point):
                (target / file).unlink(missing_ok=True)  # left over from another study of that name
                if intact(source, point):
                    link(source / file, target)
                elif depot is not None and (data := depot.get(point.file)) is not None:
                    receive(target, file, data)
            if intact(target, point):
                size += point.size
    return size
