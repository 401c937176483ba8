"""Snapshots: a study file and its checkpoints as they are at one moment, whoever writes meanwhile."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from osetra.core.retention import needed
from osetra.stores.sqlite.database import SQL, patiently
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import connect, reading
from osetra.stores.storage import fold


def snapshot(path: Path, part: Path, to: Path) -> int:
    """Copy a study file into `part`, and the checkpoints that it needs to where they belong beside `to`.

    Returns:
        The bytes of those checkpoints.
    """
    with reading(path) as file, explain_errors(path):
        studies = [name for _, name in file.studies()]
    # A running study deletes what it needs no more: what is needed at the moment of the copy is there
    # either before it or after it.
    for name in studies:
        _link_all(checkpoints_of(path, name), checkpoints_of(to, name))
    copy_file(path, part)
    return _keep_needed(path, part, to)


def copy_file(path: Path, part: Path) -> None:
    """Copy a study file as it is at one moment, and force the copy to the disk."""
    with explain_errors(path):
        source = connect(path)
        target = sqlite3.connect(part, isolation_level=None)
        try:
            # All pages in one step: one moment of the source, whoever writes it meanwhile.
            patiently(lambda: source.backup(target))
            target.execute(SQL["unmark"])  # the copy has what the log had
            target.execute(SQL["use_rollback_journal"]).fetchall()
        finally:
            target.close()
            source.close()
        with part.open("rb+") as file:
            os.fsync(file.fileno())


def _keep_needed(path: Path, part: Path, to: Path) -> int:
    """Complete the copied checkpoints, and delete those that the copied log does not need."""
    size = 0
    with reading(part) as file:
        for number, name in file.studies():
            source, target = checkpoints_of(path, name), checkpoints_of(to, name)
            history = fold(file.log(number)[0])
            names = needed(history, history.sign)
            for file_name in names:
                link(source / Path(file_name).name, target)
            if target.is_dir():
                for there in target.iterdir():
                    if there.name in names:
                        size += there.stat().st_size
                    else:
                        there.unlink()
    return size


def _link_all(source: Path, target: Path) -> None:
    if source.is_dir():
        for file in source.glob("*.npz"):
            link(file, target)


def link(file: Path, folder: Path) -> int:
    """Put a checkpoint, which nobody ever changes, into another folder; return its bytes, 0 if it is gone."""
    copy = folder / file.name
    try:
        if not copy.exists():
            folder.mkdir(parents=True, exist_ok=True)
            try:
                os.link(file, copy)
            except FileNotFoundError:
                raise
            except OSError:
                shutil.copy2(file, copy)
        return copy.stat().st_size
    except FileNotFoundError:
        return 0
