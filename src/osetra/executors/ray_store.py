"""The driver's study file for a whole Ray cluster: one actor opens it, and others ask that actor.

The actor is bound to the driver's node, so the driver itself uses the file as always: an SQLite file is
safe for many processes of one machine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Entry, Fact
from osetra.core.ports import Store
from osetra.errors import Conflict, StoreAway, StoreError
from osetra.stores import open_store
from osetra.stores.address import Address

PATIENCE = 60.0
"""Seconds for which a worker waits while the actor is started again."""


class StoreHolder:
    """The actor that opens the driver's store, so that actors on other nodes reach it."""

    def __init__(self, url: str, study: str) -> None:
        self._store = open_store(url, study)

    def call(
        self, method: str, *arguments: object, **options: object
    ) -> tuple[Any, tuple[type[StoreError], str] | None]:
        """Return what a method of the store returns, or kind and text of the error that it raises."""
        try:
            return getattr(self._store, method)(*arguments, **options), None
        except Conflict as error:
            return None, (Conflict, error.key)
        except StoreError as error:
            return None, (type(error), str(error))


@dataclass(frozen=True, slots=True)
class RemoteStore:
    """The driver's store, reached through its actor; a Store like every other.

    When the actor dies it is started again by Ray, and what it may or may not have done is asked for
    once more. Repeating is harmless, but for one thing: a claim that is refused because it had gone
    through is recognised as our own by the log.
    """

    actor: Any
    url: str
    study: str
    checkpoints: Path
    depot: None = None

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = (), *, lease: float = 60.0) -> int:
        """Write facts and points; see `Store.append`."""
        return int(self._ask("append", list(facts), list(points), lease=lease))

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order."""
        return list(self._ask("read", after))

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from."""
        points, cursor = self._ask("read_points", after)
        return points, cursor

    def version(self) -> int:
        """Return the version of the newest fact; 0 for an empty log."""
        return int(self._ask("version"))

    def renew(self, trial: int, attempt: int, *, lease: float = 60.0) -> bool:
        """Extend a lease; False when the attempt is over."""
        return bool(self._ask("renew", trial, attempt, lease=lease))

    def expired(self) -> list[tuple[int, int]]:
        """Return (trial, attempt) of the leases that ran out by the store's clock."""
        return list(self._ask("expired"))

    def close(self) -> None:
        """Do nothing: the actor serves others, too."""

    def _ask(self, method: str, *arguments: Any, **options: float) -> Any:
        """Return what the store returns, or raise what it raises."""
        again, deadline = False, time.monotonic() + PATIENCE
        while True:
            try:
                value, error = ray.get(self.actor.call.remote(method, *arguments, **options))
                break
            except RayActorError as lost:
                if time.monotonic() > deadline:
                    raise StoreAway(f"{self.url}: no way from here to the study's machine: {lost}") from None
                again = True
                time.sleep(0.1)
        if again and error is not None and error[0] is Conflict and self._claimed(arguments[0]):
            return self.version()
        if error is not None:
            raise error[0](error[1])
        return value

    def _claimed(self, facts: list[Fact]) -> bool:
        """Whether these facts are a claim, and stand in the log: they carry this very process's name."""
        claims = [fact for fact in facts if isinstance(fact, Claimed)]
        stored = [entry.fact for entry in self.read()] if claims else []
        return bool(claims) and all(claim in stored for claim in claims)


def shared_store(store: Store) -> RemoteStore | None:
    """Return a way to a store that is a file of this machine; None for one that is a server."""
    if Address(store.url).file is None:
        return None
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    options = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": here}
    actor = ray.remote(StoreHolder).options(**options).remote(store.url, store.study)
    return RemoteStore(actor, store.url, store.study, store.checkpoints)
