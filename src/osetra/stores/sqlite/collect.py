"""Tidying up beside a study file: checkpoints nobody needs, logs of workers that are gone, empty pages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from osetra.core.history import History
from osetra.errors import StoreError
from osetra.stores.rubbish import Cleanup, Rubbish, is_old, unneeded
from osetra.stores.sqlite.database import SQL, patiently
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.guard import AVAILABLE, Guard
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import UPKEEP, reading
from osetra.stores.sqlite.schema import foreign

PATIENCE = 1.0
"""Seconds that compacting waits for others to leave the file alone."""


def collect(path: Path, *, dry_run: bool = False) -> Cleanup:
    """Delete what nobody needs beside a study file, and compact the file while nothing runs.

    Raises:
        NotAStudy: the file is something else.
        StoreError: it cannot be read, or its log makes no sense: then nothing is deleted.
    """
    with reading(path) as file, explain_errors(path):
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
        return Cleanup(rubbish, 0, running)
    return Cleanup(rubbish, free if dry_run else _compact(path), [])


def _checkpoints(path: Path, histories: dict[str, History]) -> Iterator[Rubbish]:
    folders = {checkpoints_of(path, name): history for name, history in histories.items()}
    root = path.with_suffix(".checkpoints")
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_symlink() or not folder.is_dir():
            continue
        yield from unneeded(folder, folders.get(folder, History()))


def _logs(path: Path) -> Iterator[Rubbish]:
    folder = path.with_suffix(".logs")
    for file in sorted(folder.glob("*.log")) if folder.is_dir() else ():
        if file.is_file() and not file.is_symlink() and is_old(file):
            yield Rubbish(file, file.stat().st_size, "output of a worker that is gone")


def _compact(path: Path) -> int:
    """Write the file anew without empty pages and empty its log; return how many bytes that freed."""
    before = _size(path)
    guard = Guard(Path(f"{path}-lock")) if AVAILABLE else None
    try:
        if guard is not None and not guard.take_exclusively(PATIENCE):
            return 0  # somebody writes
        with explain_errors(path):
            connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                for statement in (SQL["no_autocheckpoint"], SQL["distrust"], SQL["unmark"], UPKEEP["vacuum"]):
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
