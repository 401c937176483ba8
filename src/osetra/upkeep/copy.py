"""A study in another store: how it moves from a laptop to a server, and back.

The log is written whole, with its versions and times, in one transaction, and read back to prove it. The
checkpoints that somebody may go on from are there before it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Entry
from osetra.core.ports import Store
from osetra.errors import StoreError
from osetra.stores import SqliteStore, open_store
from osetra.stores.address import Address
from osetra.stores.floats import packed
from osetra.stores.postgres import PostgresStore
from osetra.stores.validation import occupied, open_attempts
from osetra.upkeep.backup import Backup, copy_checkpoints, folded, new_file, published
from osetra.upkeep.check import Audit, check_file, check_store


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
        with closing(open_store(source.url, source.study)) as one, closing(_restorable(target)) as two:
            if not one.version():
                raise StoreError(f"{source} has no facts; there is nothing to copy")
            if two.version():
                raise StoreError(f"{occupied(target)}; name another study: '{Address(target.url)}#NAME'")
    made = []
    for source, target in pairs:
        with closing(open_store(source.url, source.study)) as one, closing(_restorable(target)) as two:
            size, entries = _copy(one, two, two.checkpoints)
            running = open_attempts(entry.fact for entry in entries)
            made.append(StudyCopy(source, target, check_store(two), size, running))
    return made


def backup_server(url: str, names: Sequence[str], to: Path | None = None) -> Backup:
    """Copy studies of a database into a new file, each at one moment, while workers write.

    Args:
        url: the database.
        names: the studies in it.
        to: the file; DATABASE-backup-DATE-TIME.db in this folder unless given.

    Raises:
        StoreError: there are no studies, or the file exists already or cannot be written.
    """
    if not names:
        raise StoreError(f"{Address(url)}: there is no study in it yet; nothing to save")
    to = new_file(to or Path(f"{_database(url)}-backup-{time.strftime('%Y%m%d-%H%M%S')}.db"))
    size = 0
    with published(to) as part:
        for name in names:
            folder = SqliteStore(to, name).checkpoints
            with closing(open_store(url, name)) as one, closing(SqliteStore(part, name)) as two:
                size += _copy(one, two, folder)[0]
        audits = check_file(part, beside=to)
    return Backup(to, size + to.stat().st_size, audits)


def _copy(source: Store, target: SqliteStore | PostgresStore, folder: Path) -> tuple[int, list[Entry]]:
    """Copy a study, read it back, and return the bytes of its checkpoints and its facts."""
    entries = source.read()
    points, _ = source.read_points()
    # What was claimed after the log was read is not in the copy, nor are its points.
    later = [entry.fact for entry in source.read(entries[-1].version if entries else 0)]
    new = {(fact.trial, fact.attempt) for fact in later if isinstance(fact, Claimed)}
    points = [point for point in points if (point.trial, point.attempt) not in new]
    size = copy_checkpoints(source.checkpoints, folder, folded(entries), source.depot)
    target.restore(entries, points)
    back, (numbers, _) = target.read(), target.read_points()
    if back[: len(entries)] != entries or _exact(numbers[: len(points)]) != _exact(points):
        raise StoreError(f"{target} is not what was read from {source}; do not use it, and report this")
    return size, entries


def _exact(points: Iterable[Point]) -> list[tuple[object, ...]]:
    """Return what is equal where points are bit by bit: two NaN are no equal floats."""
    return [(*point[:5], *packed(point.value)) for point in points]


def _restorable(target: Address) -> SqliteStore | PostgresStore:
    store = open_store(target.url, target.study)
    if isinstance(store, SqliteStore | PostgresStore):
        return store
    raise StoreError(f"{target} is gone when this program ends; name a file or a server")


def _database(url: str) -> str:
    from psycopg.conninfo import conninfo_to_dict

    return str(conninfo_to_dict(url).get("dbname") or "osetra")
