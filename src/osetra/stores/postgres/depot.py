"""Checkpoints on their way to other machines, in a table beside the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from osetra.files import read_regular
from osetra.stores.postgres.server import SQL, Server

log = logging.getLogger("osetra")

LARGEST = 256 * 2**20
"""Bytes of the largest checkpoint that travels through the database."""


class PostgresDepot:
    """Keeps the checkpoints of one study in its database."""

    def __init__(self, server: Server, study: str) -> None:
        self._server = server
        self._study = study
        self._warned = False

    def put(self, file: Path) -> None:
        """Take a copy of a file, unless it is too large for a database, which is said once.

        Raises:
            StoreAway: the server is away.
        """
        row = self.row(file)
        if row is not None:
            self._server.write(lambda c, _: c.execute(SQL["put_checkpoint"], row))

    def row(self, file: Path) -> tuple[str, str, bytes] | None:
        """Return what is written of a file; None when it is gone or too large, which is said once."""
        try:
            data = read_regular(file)
        except OSError:
            return None  # nobody needs it any more
        if len(data) <= LARGEST:
            return self._study, file.name, data
        if not self._warned:
            self._warned = True
            log.warning(
                "%s: %.0f MB are too much to travel through the database, so only this machine can go on "
                "from there; let OSETRA_CHECKPOINTS name a folder that all machines share",
                file,
                len(data) / 1e6,
            )
        return None

    def get(self, name: str) -> bytes | None:
        """Return what was put under a name; None when it is not there."""
        rows = self._select("get_checkpoint", name)
        return bytes(rows[0][0]) if rows else None

    def names(self) -> list[str]:
        """Return the names of what is there."""
        return list(self.sizes())

    def sizes(self) -> dict[str, int]:
        """Return the names of what is there, and how many bytes each takes."""
        return dict(self._select("checkpoints"))

    def drop(self, names: Sequence[str]) -> None:
        """Forget files."""
        values = (self._study, list(names))
        self._server.write(lambda c, _: c.execute(SQL["drop_checkpoints"], values))

    def _select(self, statement: str, *arguments: str) -> list[tuple[Any, ...]]:
        none: list[tuple[Any, ...]] = []
        values = (self._study, *arguments)
        return self._server.read(lambda c: c.execute(SQL[statement], values).fetchall(), none)
