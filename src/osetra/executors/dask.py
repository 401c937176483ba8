"""Dask: trainings on the workers of a Dask cluster; the study stays ours.

    study.run(train, executor=Dask(client), trials=100)

One task per slot runs the supervisor that worker processes have. A study in a file needs workers on
this machine; workers elsewhere open a study on a server. Dask itself repeats the task of a dead worker.
"""

from __future__ import annotations

import socket
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from osetra.core.arguments import expected, whole
from osetra.core.ports import Job, Store
from osetra.errors import MissingExtra, StoreError, StudyError
from osetra.executors.processes import setup_message
from osetra.executors.remote import KILL, Losses, Slot, checked_needs, reachable
from osetra.executors.wire import Setup
from osetra.installing import install_line
from osetra.stores.address import Address

try:
    from distributed import Client, KilledWorker, get_worker
except ImportError:
    raise MissingExtra(f"the Dask executor needs distributed: {install_line('dask')}") from None

CONNECT = 10.0  # seconds in which a scheduler must answer
_slots: dict[str, list[Slot]] = {}  # in a worker of Dask: the slots at work, by their crew


class Dask:
    """Runs trainings on the workers of a Dask cluster.

    Args:
        client: connected to the cluster, or the scheduler's address, such as "tcp://host:8786".
        slots: how many trainings run at once; left out, as many as the workers have room for.
        resources: what one training needs of the resources that workers were started with.

    Raises:
        StudyError: nobody answers at the address, or no worker has room for a training.
    """

    def __init__(
        self, client: Any, *, slots: int | None = None, resources: Mapping[str, float] | None = None
    ) -> None:
        self.needs = checked_needs("resources", resources)
        given = None if slots is None else whole("slots", slots, least=1)
        if isinstance(client, str):
            try:
                client = Client(client, timeout=CONNECT)
            except (OSError, ValueError) as error:
                raise StudyError(f"no Dask scheduler answers at {client}: {error}") from None
        if not isinstance(client, Client):
            raise expected("client", client, "a distributed.Client is needed, or the scheduler's address")
        self.client = client
        self.slots = given or self._room()

    def _room(self) -> int:
        workers = self.client.scheduler_info(n_workers=-1)["workers"].values()
        has = [{"threads": w["nthreads"], **w["resources"]} for w in workers]
        needs = {"threads": 1, **self.needs}
        room = sum(min(int(each.get(name, 0) / needs[name]) for name in needs) for each in has)
        if not room:
            raise StudyError(f"no worker of Dask has room for {needs}; they have {has}; ask for less")
        return room

    def start(self, job: Job, store: Store) -> DaskCrew:
        """Start one task per slot; StudyError when the store is this process's memory."""
        message = setup_message(job, reachable(store))
        return DaskCrew(self.client, self.slots, message, self.needs, Losses(self.slots))


@dataclass(slots=True)
class DaskCrew:
    """The running tasks."""

    client: Any
    slots: int
    message: Setup
    resources: dict[str, float]
    losses: Losses
    name: str = field(default_factory=lambda: f"osetra-{uuid.uuid4().hex}")
    crew: dict[int, Any] = field(default_factory=dict)
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Wait for about `seconds`; start tasks that are missing. StudyError when there is no hope."""
        if self.client.status == "closed":
            raise StudyError("the Dask scheduler is gone; start one, and run this again to go on")
        for slot in range(self.slots):
            future = self.crew.get(slot)
            if self.stopping or (future is not None and not future.done()):
                continue
            if future is not None and future.status == "error":
                error = future.exception()
                self.losses.count(slot, error, died=isinstance(error, KilledWorker))
            setup = msgspec.structs.replace(self.message, slot=slot)
            options = {"pure": False, "resources": self.resources or None}
            self.crew[slot] = self.client.submit(work, setup, self.name, socket.gethostname(), **options)
        time.sleep(seconds)

    def request_stop(self) -> None:
        """Ask every supervisor to hand its trial back; `stop` passes it on."""
        self.stopping = True

    def stop(self, *, kill: bool = False) -> None:
        """Return when all supervisors and their trainings are gone."""
        self.stopping = True
        urgent = time.monotonic() + (0.0 if kill else self.message.grace + KILL)
        while self.client.status == "running":
            working = self.client.run(stop, self.name, time.monotonic() > urgent, on_error="ignore")
            if not any(working.values()):
                self.client.cancel(list(self.crew.values()))  # what waits for a worker, or has ended
                break
            time.sleep(0.1)
        self.crew.clear()


def work(setup: Setup, crew: str, host: str) -> None:
    """Serve one slot inside a worker of Dask, until asked to stop or nobody wants it any more."""
    if Address(setup.url).file is not None and socket.gethostname() != host:
        raise StoreError(f"{setup.url} is a file of {host}; keep the study in postgresql://user@host/study")
    slot, worker, over = Slot(), get_worker(), threading.Event()
    key = worker.get_current_task()

    def watch() -> None:
        while not over.wait(0.5):
            task = worker.state.tasks.get(key)
            if task is None or task.state != "executing" or worker.status.name not in ("running", "paused"):
                slot.stop()  # the study's process or the scheduler is gone

    threading.Thread(target=watch, daemon=True).start()
    _slots.setdefault(crew, []).append(slot)
    try:
        slot.work(setup)
    finally:
        over.set()
        _slots[crew].remove(slot)


def stop(crew: str, kill: bool) -> int:
    """Ask the slots of a crew in this process to stop; return how many there are."""
    slots = _slots.get(crew, [])
    for slot in slots:
        slot.stop(kill)
    return len(slots)
