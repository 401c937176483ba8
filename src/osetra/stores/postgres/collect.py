"""Tidying up in a database: checkpoints that nobody needs, there and in this machine's folders for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from osetra.core.history import History
from osetra.core.retention import spare
from osetra.stores.postgres.store import PostgresStore
from osetra.stores.rubbish import SPARE, Cleanup, Rubbish, unneeded


def collect(url: str, names: Sequence[str], *, dry_run: bool = False) -> Cleanup:
    """Delete checkpoints that nobody needs from a database, and from this machine's folders for it.

    Raises:
        StoreError: the server cannot be reached, or a log makes no sense: then nothing of it is deleted.
    """
    rubbish: list[Rubbish] = []
    for name in names:
        with closing(PostgresStore(url, name, patience=0.0)) as store:
            sizes = {} if store.depot is None else store.depot.sizes()
            history = History().extend(store.read())
            unused = sorted(spare(set(sizes), history, history.sign))
            here = list(unneeded(store.checkpoints, history)) if store.checkpoints.is_dir() else []
            if not dry_run:
                if store.depot is not None and unused:
                    store.depot.drop(unused)
                for one in here:
                    one.path.unlink(missing_ok=True)
        rubbish += [Rubbish(Path(file), sizes[file], f"{SPARE}, in the database") for file in unused]
        rubbish += here
    return Cleanup(rubbish, 0, [])
