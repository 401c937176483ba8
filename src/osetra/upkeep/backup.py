"""A copy of the studies in a file or a database, made while others write them, and proven to be sound."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from osetra.errors import StoreError
from osetra.stores import SqliteStore, storage_of
from osetra.stores.sqlite.place import checkpoints_of
from osetra.stores.sqlite.publish import new_file, publish
from osetra.stores.sqlite.storage import SqliteStorage
from osetra.stores.storage import present
from osetra.upkeep.check import Audit, check_storage
from osetra.upkeep.copy import copy_log


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


def backup(url: str | Path, to: Path | None = None, *, names: Sequence[str] = ()) -> Backup:
    """Copy studies with the checkpoints that they need into a new file, each at one moment.

    Args:
        url: the study file, or the URL of the database.
        to: the copy; FILE-backup-DATE-TIME.db beside the file, or DATABASE-backup-DATE-TIME.db in this
            folder, unless given.
        names: the studies in the database; all of them when left out. A file is copied whole.

    Raises:
        NotAStudy: the file is something else.
        StudyError: there are no studies.
        StoreError: it is damaged, or the copy exists already or cannot be written.
    """
    storage = storage_of(str(url))
    to = new_file(to or storage.backup_name())
    with publish(to) as part:
        size = storage.snapshot(part, to)
        if size is None:
            size = 0
            for name in present(str(url), names or storage.studies()):
                with closing(storage.open(name)) as one, closing(SqliteStore(part, name)) as two:
                    size += copy_log(one, two, checkpoints_of(to, name))[0]
        audits = check_storage(SqliteStorage(part, beside=to))
        if not audits[0].sound:
            raise StoreError(f"{url} is damaged and was not copied: {audits[0].violations[0].text}")
    return Backup(to, size + to.stat().st_size, audits)
