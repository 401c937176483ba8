"""A PostgreSQL database as a storage."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from osetra.errors import StudyError
from osetra.stores.address import mask
from osetra.stores.migrations import Migration
from osetra.stores.postgres.collect import collect
from osetra.stores.postgres.migrate import migrate
from osetra.stores.postgres.server import create_database
from osetra.stores.postgres.store import PATIENCE, PostgresStore, studies
from osetra.stores.postgres.studies import delete, rename
from osetra.stores.rubbish import Cleanup
from osetra.stores.storage import Inspection, find_present, inspection_of, present


@dataclass(frozen=True, slots=True)
class PostgresStorage:
    """A database: what its kind can do for the studies in it."""

    url: str

    def __repr__(self) -> str:
        return f"<PostgresStorage {mask(self.url)}>"

    def studies(self) -> list[str]:
        """Return the names of the studies, oldest first."""
        return studies(self.url)

    def open(self, study: str, *, patience: float | None = None) -> PostgresStore:
        """Open the log of a study; left out, an hour is waited for a server that went away."""
        return PostgresStore(self.url, study, patience=PATIENCE if patience is None else patience)

    def create(self) -> str:
        """Create the database that the URL names."""
        return create_database(self.url)

    def inspect(self, names: Sequence[str] = ()) -> Iterator[Inspection]:
        """Yield one study after the other, each through its store.

        Raises:
            StudyError: there is none, or a named one is not there.
            StoreError: one cannot be read.
        """
        there = present(self.url, self.studies())
        for name in names:
            find_present(self.url, name, there)
        for name in names or there:
            with closing(self.open(name)) as store:
                yield inspection_of(store, store.read_whole)

    def backup_name(self) -> Path:
        """Return DATABASE-backup-DATE-TIME.db in the folder where the program runs."""
        from osetra.stores.postgres.connection import parameters

        database = parameters(self.url).get("dbname") or "osetra"
        return Path(f"{database}-backup-{time.strftime('%Y%m%d-%H%M%S')}.db")

    def snapshot(self, part: Path, to: Path) -> None:
        """Return None: a server has no file of the study to copy."""

    def collect(self, names: Sequence[str] = (), *, dry_run: bool = False) -> Cleanup:
        """Delete checkpoints that nobody needs from the database, and from this machine's folders for it."""
        return collect(self.url, present(self.url, names or self.studies()), dry_run=dry_run)

    def migrate(self) -> Migration:
        """Bring the tables to the present schema, after copying them into another namespace."""
        return migrate(self.url)

    def rename(self, study: str, name: str) -> None:
        """Call a study something else; checkpoints on other machines are found no more."""
        rename(self.url, study, name, (self._folder(study), self._folder(name)))

    def delete(self, study: str) -> None:
        """Delete a study with its checkpoints, those in the database and on this machine."""
        delete(self.url, study, self._folder(study))

    def _folder(self, study: str) -> Path:
        with closing(self.open(study, patience=0.0)) as store:
            return store.checkpoints

    def recoverable(self) -> Path:
        """Refuse.

        Raises:
            StudyError: always.
        """
        raise StudyError(
            f"{mask(self.url)} is no file but a server: PostgreSQL recovers its databases itself"
        )
