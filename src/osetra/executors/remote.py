"""A worker slot in a process that a cluster starts: what the executors for Ray and Dask share.

The cluster gives resources, a place and CUDA_VISIBLE_DEVICES; everything else is the supervisor that
worker processes have, too. So leases, fencing, orders, checkpoints and the reasons of failures are the
same, and the training itself runs in a process of its own.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from dataclasses import dataclass

import msgspec

from osetra.core.arguments import given, is_number, mapping, plain
from osetra.core.ports import Store
from osetra.errors import StudyError
from osetra.executors.identity import this_process
from osetra.executors.processes import log_folder, slot_log
from osetra.executors.supervisor import BRIEF, Supervisor
from osetra.executors.wire import Channel, Setup, Stop
from osetra.stores import open_store

log = logging.getLogger("osetra")

RESTARTS = 1000
"""Workers that vanished are replaced this often before a crew gives up."""
KILL = 5.0
"""Seconds that a worker gets to end its training at once and say so, before it is killed itself."""
FAILURES = 3
"""Workers that end with an error are replaced this often per slot: they cannot work where they are."""


def checked_needs(name: str, needs: object) -> dict[str, float]:
    """Return what one training needs of each resource; empty when nothing is said.

    Raises:
        StudyError: it is no mapping from names to amounts.
    """
    wanted = "write what one training needs, such as {'cpu': 2, 'gpu': 0.5}"
    found = {
        key: plain(amount) for key, amount in mapping(name, {} if needs is None else needs, wanted).items()
    }
    amounts: dict[str, float] = {}
    for key, amount in found.items():
        if not is_number(amount, least=0) or amount >= 1e18:
            raise StudyError(f"{name}: {key}={given(amount)}: a number such as 1 or 0.5 is needed")
        amounts[key] = amount
    return amounts


class Slot:
    """One worker slot inside the process that a cluster started for it.

    `work` blocks; `stop` is to be called from another thread meanwhile.
    """

    def __init__(self) -> None:
        reader, writer = os.pipe()
        null = os.open(os.devnull, os.O_RDWR)
        self._orders, self._requests = Channel(reader, null), Channel(null, writer)

    def process(self) -> int:
        """Return this process's id."""
        return os.getpid()

    def work(self, setup: Setup, store: Store | None = None) -> None:
        """Try trials until told to stop.

        The kernel ends a training together with the thread that started it, so this must be a thread
        that the training may not outlive: the supervisor ends the training before this returns.

        Args:
            setup: what to work on; the log is kept on this machine whatever it says.
            store: the study's log; opened from its URL when left out.

        Raises:
            StoreError: the log cannot be reached from here.
        """
        over = threading.Event()
        threading.Thread(target=self._watch, args=(over,), daemon=True).start()
        try:
            self._supervise(setup, store or open_store(setup.url, setup.study, patience=BRIEF))
        finally:
            over.set()

    def stop(self, kill: bool = False) -> None:
        """Ask for the trial back at its next report, or end it now."""
        self._requests.send(Stop(kill=kill))

    def _supervise(self, setup: Setup, store: Store) -> None:
        with slot_log(log_folder(store), setup.slot) as output:
            here = [place for place in sys.path if place not in setup.path]
            setup = msgspec.structs.replace(setup, log=output.name, path=[*setup.path, *here])
            Supervisor(setup, self._orders, store, this_process(setup.slot)).loop()

    def _watch(self, over: threading.Event) -> None:
        """End this process when the one that started it is gone: with it, this node is."""
        # A process of Ray waits for its tasks before it ends, and this one's task would never end.
        parent = os.getppid()
        while not over.wait(1.0):
            if os.getppid() != parent:
                self.stop(kill=True)
                over.wait(KILL)
                os._exit(1)


@dataclass(slots=True)
class Losses:
    """How many workers of a crew ended without being asked to; too many end the study's run."""

    slots: int
    died: int = 0
    failed: int = 0

    def count(self, slot: int, error: BaseException, *, died: bool, hopeless: bool = False) -> None:
        """Take note of a worker that died, or that ended with an error; it is replaced.

        Raises:
            StudyError: it happens again and again, or there is no hope.
        """
        self.died += died
        self.failed += not died
        if hopeless or self.died > RESTARTS or self.failed > FAILURES * self.slots:
            raise StudyError(f"worker {slot} cannot work in this cluster: {error}") from None
        log.info("worker %d is replaced: %s", slot, error)


def reachable(store: Store) -> Store:
    """Return a store that workers in a cluster can open, too.

    Raises:
        StudyError: it is this process's memory.
    """
    if store.url == "memory:":
        raise StudyError(
            "workers in a cluster need a study that others can reach: a path such as 'study.db', or "
            "postgresql://user@host/database"
        )
    return store
