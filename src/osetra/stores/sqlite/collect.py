"""Tidying up: checkpoints that nobody needs, logs of workers that are gone, leftovers, empty pages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from osetra.core.history import History
from osetra.core.retention import needed, spare
from osetra.errors import StoreError
from osetra.stores.postgres import PostgresStore
from osetra.stores.sqlite.database import SQL, patiently
from osetra.stores.sqlite.errors import explained
from osetra.stores.sqlite.guard import AVAILABLE, Guard
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import UPKEEP, reading
from osetra.stores.sqlite.schema import foreign
from osetra.upkeep.backup import sign_of

FRESH = 3600.0
"""Seconds during which what nobody knows of is left alone: somebody may be about to tell."""
SPARE = "a checkpoint that nobody needs"
PATIENCE = 1.0
"""Seconds that compacting waits for others to leave the file alone."""


@dataclass(frozen=True, slots=True)
class Rubbish:
    """A file that nobody needs."""

    path: Path
    size: int
    """Bytes."""
    what: str


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was deleted, or would be."""

    rubbish: list[Rubbish]
    compacted: int
    """Bytes by which the study file shrank; 0 when something runs, or for a database."""
    running: list[str]
    """Attempts that were being worked on, so that the file itself was left alone."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(one.size for one in self.rubbish) + self.compacted


def collect(path: Path, *, dry_run: bool = False) -> Tidied:
    """Delete what nobody needs beside a study file, and compact the file while nothing runs.

    Raises:
        NotAStudy: the file is something else.
        StoreError: it cannot be read, or its log makes no sense: then nothing is deleted.
    """
    with reading(path) as file, explained(path):
        if strange := foreign(file.connection):
            raise StoreError(f"{path}: {strange[0]}; nothing was deleted, look with osetra db check {path}")
        histories, running = {}, []
        for number, name in file.studies():
            entries, wrong = file.log(number)
            if wrong:
                raise StoreError(f"{path}: {wrong[0]}; nothing was deleted, see osetra db check {path}")
            histories[name] = History().extend(entries)
            running += [f"{name}: trial {t}, attempt {a}" for t, a in file.leases(number)]
        free = file.free
    rubbish = [*_checkpoints(path, histories), *([] if running else _logs(path))]
    if not dry_run:
        for one in rubbish:
            one.path.unlink(missing_ok=True)
        for folder in {one.path.parent for one in rubbish if one.path.parent != path.parent}:
            with suppress(OSError):  # something else is in it, or somebody was faster
                folder.rmdir()
    if running:
        return Tidied(rubbish, 0, running)
    return Tidied(rubbish, free if dry_run else _compact(path), [])


def collect_server(url: str, names: Sequence[str], *, dry_run: bool = False) -> Tidied:
    """Delete checkpoints that nobody needs from a database, and from this machine's folders for it.

    Raises:
        StoreError: the server cannot be reached, or a log makes no sense: then nothing of it is deleted.
    """
    rubbish: list[Rubbish] = []
    for name in names:
        with closing(PostgresStore(url, name, patience=0.0)) as store:
            sizes = {} if store.depot is None else store.depot.sizes()
            history = History().extend(store.read())
            unused = sorted(spare(set(sizes), history, sign_of(history)))
            here = list(_unneeded(store.checkpoints, history)) if store.checkpoints.is_dir() else []
            if not dry_run:
                if store.depot is not None and unused:
                    store.depot.drop(unused)
                for one in here:
                    one.path.unlink(missing_ok=True)
        rubbish += [Rubbish(Path(file), sizes[file], f"{SPARE}, in the database") for file in unused]
        rubbish += here
    return Tidied(rubbish, 0, [])


def _checkpoints(path: Path, histories: dict[str, History]) -> Iterator[Rubbish]:
    folders = {checkpoints_of(path, name): history for name, history in histories.items()}
    root = path.with_suffix(".checkpoints")
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_symlink() or not folder.is_dir():
            continue
        yield from _unneeded(folder, folders.get(folder, History()))


def _unneeded(folder: Path, history: History) -> Iterator[Rubbish]:
    keep = needed(history, sign_of(history))
    known = {point.file for trial in history.trials.values() for point in trial.checkpoints}
    for file in sorted(folder.iterdir()):
        if file.name in keep or not file.is_file() or file.suffix not in (".npz", ".part"):
            continue
        with suppress(FileNotFoundError):  # a running study tidies up, too
            size, part = file.stat().st_size, file.suffix == ".part"
            if file.name in known:
                yield Rubbish(file, size, SPARE)
            elif _old(file):
                yield Rubbish(
                    file, size, "left over from a write" if part else "a checkpoint of no known trial"
                )


def _logs(path: Path) -> Iterator[Rubbish]:
    folder = path.with_suffix(".logs")
    for file in sorted(folder.glob("*.log")) if folder.is_dir() else ():
        if file.is_file() and not file.is_symlink() and _old(file):
            yield Rubbish(file, file.stat().st_size, "output of a worker that is gone")


def _old(file: Path) -> bool:
    return time.time() - file.lstat().st_mtime > FRESH


def _compact(path: Path) -> int:
    """Write the file anew without empty pages and empty its log; return how many bytes that freed."""
    before = _size(path)
    guard = Guard(Path(f"{path}-lock")) if AVAILABLE else None
    try:
        if guard is not None and not guard.take_exclusively(PATIENCE):
            return 0  # somebody writes
        with explained(path):
            connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                for statement in (SQL["no_autocheckpoint"], SQL["distrust"], UPKEEP["vacuum"]):
                    connection.execute(statement)
                patiently(lambda: connection.execute(SQL["checkpoint"]).fetchall())
            finally:
                connection.close()
    finally:
        if guard is not None:
            guard.close()
    return max(0, before - _size(path))


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in (path, Path(f"{path}-wal")) if file.exists())
