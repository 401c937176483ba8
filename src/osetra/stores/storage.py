"""Storages: a file or a database that holds the logs of studies, and what only its own kind can do.

A store is the log of one study; a storage is where several of them live. What is the same for every kind
(the checker of facts, copies from one storage into another, the repair of a log) stands above, in upkeep.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Entry
from osetra.core.history import History
from osetra.core.ports import Store
from osetra.errors import StoreError, StudyError, nearest
from osetra.stores.address import mask
from osetra.stores.migrations import Migration
from osetra.stores.rubbish import Cleanup
from osetra.stores.validation import check_study


@dataclass(frozen=True, slots=True)
class Inspection:
    """What there is to check of a study, or of the storage as a whole."""

    study: str | None = None
    """Its name; None for the storage as a whole."""
    faults: Sequence[str] = ()
    """What its kind of storage finds wrong by itself, such as rows that cannot be read."""
    entries: Sequence[Entry] = ()
    points: Sequence[Point] = ()
    leases: Collection[tuple[int, int]] | None = None
    """The attempts that hold one; None when the storage does not tell."""
    expired: Collection[tuple[int, int]] = ()
    checkpoints: Path = Path()
    """The folder for them on this machine."""
    elsewhere: Collection[str] | None = None
    """The checkpoints that a server keeps; then others may be on other machines. None: there are none."""


class Reader(Protocol):
    """The log of one study, to be looked at as it grows."""

    @property
    def generation(self) -> int:
        """How often the log was replaced by another one: what was read before counts no more."""
        ...

    def version(self) -> int:
        """Return the version of the newest fact; StoreAway while the study is not there."""
        ...

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order; StoreAway while it is not there."""
        ...

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from."""
        ...

    def close(self) -> None:
        """Release the store; the next use opens it again."""
        ...


class WholeStore(Store, Protocol):
    """A store that takes a whole log at once."""

    def restore(self, entries: Sequence[Entry], points: Sequence[Point] = (), *, lease: float = 60.0) -> None:
        """Write a whole log, with its versions and times, where there are no facts yet.

        Raises:
            StoreError: there are facts already, or it cannot be written; then nothing was.
        """
        ...


class Storage(Protocol):
    """A file or a database with the logs of studies; `names` left out stands for all of them."""

    def studies(self) -> list[str]:
        """Return the names of the studies, oldest first."""
        ...

    def open(self, study: str, *, patience: float | None = None) -> WholeStore:
        """Open the log of a study; `patience`: seconds for which a server that went away is waited for."""
        ...

    def create(self) -> str:
        """Create the storage that its first study does not create by itself; return its name."""
        ...

    def inspect(self, names: Sequence[str] = ()) -> Iterator[Inspection]:
        """Yield what there is to check of the named studies, and of a file itself, while others write."""
        ...

    def backup_name(self) -> Path:
        """Return how the file of a backup is called unless somebody names it."""
        ...

    def snapshot(self, part: Path, to: Path) -> int | None:
        """Copy everything, as it is at one moment, into the file `part`, which is going to be called `to`.

        Returns:
            The bytes of the checkpoints that lie beside `to` then; None when there is no file to copy: then
            studies are copied one by one.
        """
        ...

    def collect(self, names: Sequence[str] = (), *, dry_run: bool = False) -> Cleanup:
        """Delete what nobody needs any more; with `dry_run` only say what that would be."""
        ...

    def migrate(self) -> Migration:
        """Bring the tables to the present schema, after a backup, in one transaction."""
        ...

    def rename(self, study: str, name: str) -> None:
        """Call a study something else.

        Raises:
            StudyError: there is no such study, one with the new name, or somebody works on it.
        """
        ...

    def delete(self, study: str) -> None:
        """Delete a study with its checkpoints.

        Raises:
            StudyError: there is no such study, or somebody works on it.
        """
        ...

    def recoverable(self) -> Path:
        """Return the file out of which `osetra.upkeep.recover` saves what is readable.

        Raises:
            StudyError: there is no file.
        """
        ...


def present(url: str, names: Sequence[str]) -> Sequence[str]:
    """Return the names of the studies in a storage.

    Raises:
        StudyError: there are none.
    """
    if not names:
        raise StudyError(f"{mask(url)}: there is no study in it yet")
    return names


def find_present(url: str, study: str, names: Sequence[str]) -> None:
    """Make sure that a storage has a study.

    Raises:
        StudyError: it has not; those that it has are listed.
    """
    if study not in names:
        listed = ", ".join(names) or "none"
        raise StudyError(
            f"{mask(url)}: there is no study {study!r} in it; it has: {listed}.{nearest(study, names)}"
        )


def check_new(url: str, name: str, names: Sequence[str]) -> None:
    """Make sure that a study can get a name.

    Raises:
        StudyError: another one has it.
        StoreError: no database can hold it.
    """
    check_study(name)
    if name in names:
        raise StudyError(f"{mask(url)} has a study {name!r} already; choose another name, or delete that one")


def check_idle(study: str, attempts: Sequence[tuple[int, int]]) -> None:
    """Make sure that nobody works on a study.

    Raises:
        StudyError: somebody does.
    """
    if attempts:
        running = ", ".join(str(trial) for trial, _ in attempts[:5])
        raise StudyError(
            f"study {study!r} is at work: trial {running} is running; end its programs and workers first"
        )


def inspection_of(store: Store, log: Callable[[], tuple[list[Entry], list[str]]] | None = None) -> Inspection:
    """Return what there is to check of a study through its port; right while others write, too.

    Args:
        store: the study's log.
        log: reads the facts one by one, with a sentence for each that cannot be read.

    Raises:
        StoreError: it cannot be read.
    """
    before = set(store.expired())
    entries, unread = (store.read(), []) if log is None else log()
    points, _ = store.read_points()
    if not unread:
        points = known_points(points, store.read(len(entries)))
    expired = before & set(store.expired()) if before else before
    elsewhere = None if store.depot is None else store.depot.names()
    return Inspection(store.study, unread, entries, points, None, expired, store.checkpoints, elsewhere)


def known_points(points: list[Point], later: Iterable[Entry]) -> list[Point]:
    """Return points but for those of attempts that were claimed after the log was read."""
    new = {(e.fact.trial, e.fact.attempt) for e in later if isinstance(e.fact, Claimed)}
    return [point for point in points if (point.trial, point.attempt) not in new] if new else points


def fold(entries: Iterable[Entry]) -> History:
    """Return the fold of a log, or an empty one when it cannot be folded: the checker says why."""
    with suppress(LookupError, ValueError, TypeError, StoreError):
        return History().extend(list(entries))
    return History()
