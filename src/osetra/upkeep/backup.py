"""A copy of a study file, made while others write it, and proven to be sound."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from osetra.core.history import History
from osetra.core.ports import Depot
from osetra.core.retention import needed
from osetra.errors import StoreError
from osetra.stores.sqlite.database import SQL, patiently
from osetra.stores.sqlite.errors import explained
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.reading import connect, reading
from osetra.training.checkpoints import intact, receive
from osetra.upkeep.check import Audit, check_file


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy, and what the checker says of it."""

    file: Path
    size: int
    """Bytes, checkpoints included."""
    audits: list[Audit]

    @property
    def sound(self) -> bool:
        """Whether the copy passes the checker."""
        return all(audit.sound for audit in self.audits)


def backup(path: Path, to: Path | None = None) -> Backup:
    """Copy a study file with the checkpoints that it needs, at one moment, while workers write.

    Args:
        path: the study file.
        to: the copy; FILE-backup-DATE-TIME.db beside it unless given.

    Raises:
        NotAStudy: the file is something else.
        StoreError: it is damaged, or the copy exists already or cannot be written.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    to = new_file(to or path.with_name(f"{path.stem}-backup-{stamp}{path.suffix}"))
    with published(to) as part:
        with reading(path) as file, explained(path):
            studies = [name for _, name in file.studies()]
        # A running study deletes what it needs no more: what is needed at the moment of the copy is there
        # either before it or after it.
        for name in studies:
            _link_all(checkpoints_of(path, name), checkpoints_of(to, name))
        copy_file(path, part)
        size = _keep_needed(path, part, to)
        audits = check_file(part, beside=to)
        if not audits[0].sound:
            raise StoreError(f"{path} is damaged and was not copied: {audits[0].violations[0].text}")
    return Backup(to, size + to.stat().st_size, audits)


@contextmanager
def published(to: Path) -> Iterator[Path]:
    """Give a file to write to, which gets its name once it is whole; else it goes, and its checkpoints."""
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        yield part
        _publish(part, to)
    except BaseException:
        shutil.rmtree(to.with_suffix(".checkpoints"), ignore_errors=True)
        raise
    finally:
        for rest in (part, *part.parent.glob(f"{part.name}-*")):
            rest.unlink(missing_ok=True)


def new_file(path: Path) -> Path:
    """Return where a copy may be made; a folder stands for no file.

    Raises:
        StoreError: something is there already, or there is no such folder.
    """
    for there in (path, path.with_suffix(".checkpoints")):
        if there.exists() or there.is_symlink():
            raise StoreError(f"{there} exists and is not overwritten; name another file, or move it away")
    if not path.parent.is_dir():
        raise StoreError(
            f"{path}: the folder {path.parent} does not exist; create it: mkdir -p {path.parent}"
        )
    return path


def copy_checkpoints(source: Path, target: Path, history: History, depot: Depot | None = None) -> int:
    """Copy the checkpoints that somebody needs, as far as they are there and whole; return their bytes.

    Args:
        source: the folder where they are.
        target: the folder where they are to be.
        history: what says which are needed.
        depot: where those are that the folder has not.
    """
    names, size = needed(history, sign_of(history)), 0
    for trial in history.trials.values():
        for point in trial.checkpoints:
            if point.file not in names:
                continue
            file = Path(point.file).name
            if not intact(target, point):
                (target / file).unlink(missing_ok=True)  # left over from another study of that name
                if intact(source, point):
                    _link(source / file, target)
                elif depot is not None and (data := depot.get(point.file)) is not None:
                    receive(target, file, data)
            if intact(target, point):
                size += point.size
    return size


def copy_file(path: Path, part: Path) -> None:
    """Copy a study file as it is at one moment, and force the copy to the disk."""
    with explained(path):
        source = connect(path)
        target = sqlite3.connect(part, isolation_level=None)
        try:
            # All pages in one step: one moment of the source, whoever writes it meanwhile.
            patiently(lambda: source.backup(target))
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
            history = folded(file.log(number)[0])
            names = needed(history, sign_of(history))
            for file_name in names:
                _link(source / Path(file_name).name, target)
            if target.is_dir():
                for there in target.iterdir():
                    if there.name in names:
                        size += there.stat().st_size
                    else:
                        there.unlink()
    return size


def folded(entries: Iterable[object]) -> History:
    """Return the fold of a log, or an empty one when it cannot be folded: the checker says why."""
    with suppress(LookupError, ValueError, TypeError, StoreError):
        return History().extend(list(entries))  # type: ignore[arg-type]
    return History()


def sign_of(history: History) -> float:
    """Return 1 for a study that minimises and -1 for one that maximises."""
    return -1.0 if history.opened is not None and history.opened.direction == "maximize" else 1.0


def _link_all(source: Path, target: Path) -> None:
    if source.is_dir():
        for file in source.glob("*.npz"):
            _link(file, target)


def _link(file: Path, folder: Path) -> int:
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


def _publish(part: Path, to: Path) -> None:
    """Give the copy its name, unless somebody took the name meanwhile."""
    try:
        os.link(part, to)
    except FileExistsError:
        raise StoreError(f"{to} exists and is not overwritten; name another file") from None
    except OSError:
        part.rename(to)  # a file system without links
