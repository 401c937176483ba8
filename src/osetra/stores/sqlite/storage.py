"""A study file as a storage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from osetra.errors import NewerSchema, StudyError
from osetra.stores.migrations import Migration
from osetra.stores.rubbish import Cleanup
from osetra.stores.sqlite.collect import collect
from osetra.stores.sqlite.database import SCHEMA
from osetra.stores.sqlite.errors import explain_errors
from osetra.stores.sqlite.migrate import migrate
from osetra.stores.sqlite.place import checkpoints_of, other_names
from osetra.stores.sqlite.reading import reading
from osetra.stores.sqlite.schema import foreign
from osetra.stores.sqlite.snapshot import snapshot
from osetra.stores.sqlite.store import SqliteStore
from osetra.stores.sqlite.studies import delete, rename
from osetra.stores.storage import Inspection, find_present


@dataclass(frozen=True, slots=True)
class SqliteStorage:
    """A study file: what its kind can do for the studies in it."""

    path: Path
    beside: Path | None = None
    """The file whose checkpoints are meant, when it is another one: a copy that has no name yet."""

    def studies(self) -> list[str]:
        """Return the names of the studies, oldest first."""
        with closing(SqliteStore(self.path)) as store:
            return store.studies()

    def open(self, study: str, *, patience: float | None = None) -> SqliteStore:
        """Open the log of a study; a file is there or not, whatever the patience."""
        return SqliteStore(self.path, study)

    def create(self) -> str:
        """Refuse: there is nothing to create before the first study.

        Raises:
            StudyError: always.
        """
        raise StudyError(
            f"{self.path} is no server; a file is created by its first study: osetra tune --store"
        )

    def inspect(self, names: Sequence[str] = ()) -> Iterator[Inspection]:
        """Yield the file itself first, then the studies in it.

        Raises:
            StudyError: a named one is not there.
            NotAStudy: it is something else.
            NewerSchema: it is from a newer osetra.
            StoreError: it cannot be read at all.
        """
        with reading(self.path, complaining=False) as file:  # it is among the faults
            if file.schema > SCHEMA:
                raise NewerSchema(f"{self.path}: schema {file.schema} is newer than {SCHEMA}; upgrade osetra")
            wrong = foreign(file.connection) or file.integrity()
            lost = [text for text in (file.missing, other_names(self.path)) if text]
            yield Inspection(faults=[*(f"{self.path}: {text}" for text in wrong), *lost])
            if wrong:
                return  # nothing that such a file says about its studies can be relied on
            with explain_errors(self.path):
                studies = file.studies()
                for name in names:
                    find_present(str(self.path), name, [there for _, there in studies])
                for number, name in studies:
                    if names and name not in names:
                        continue
                    (entries, unread), (points, lost) = file.log(number), file.points(number)
                    folder = checkpoints_of(self.beside or self.path, name)
                    leases = file.leases(number)
                    yield Inspection(name, [*unread, *lost], entries, points, leases, checkpoints=folder)

    def backup_name(self) -> Path:
        """Return FILE-backup-DATE-TIME.db beside the file."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        return self.path.with_name(f"{self.path.stem}-backup-{stamp}{self.path.suffix}")

    def snapshot(self, part: Path, to: Path) -> int:
        """Copy the file and its checkpoints as they are at one moment."""
        return snapshot(self.path, part, to)

    def collect(self, names: Sequence[str] = (), *, dry_run: bool = False) -> Cleanup:
        """Delete what nobody needs beside the file, and compact the file while nothing runs."""
        return collect(self.path, dry_run=dry_run)

    def migrate(self) -> Migration:
        """Bring the file to the present schema, after a backup beside it."""
        return migrate(self.path)

    def rename(self, study: str, name: str) -> None:
        """Call a study something else."""
        rename(self.path, study, name)

    def delete(self, study: str) -> None:
        """Delete a study with its checkpoints."""
        delete(self.path, study)

    def recoverable(self) -> Path:
        """Return the file itself."""
        return self.path
