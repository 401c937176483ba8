"""Ray: trainings with the resources and the placement of a Ray cluster; the study stays ours.

    study.run(train, executor=Ray(resources_per_trial={"cpu": 2, "gpu": 0.5}), trials=100)

One actor per slot holds the resources and runs the supervisor that worker processes have. A study on a
server is opened by each actor itself. A study in a file is reached through one more actor, on this
machine, which opens the same file. Actors that die, alone or with their node, are replaced; the log
knows what they were doing. Nothing of a study is kept in Ray.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from osetra.core.arguments import text, whole
from osetra.core.ports import Job, Store
from osetra.errors import MissingExtra, StudyError
from osetra.executors.processes import setup_message
from osetra.executors.remote import KILL, Losses, Slot, checked_needs, reachable
from osetra.executors.wire import Setup
from osetra.installing import install_line

try:
    import ray
    from ray.exceptions import RayActorError, RayError, RayTaskError

    from osetra.executors.ray_store import RemoteStore, shared_store
except ImportError:
    raise MissingExtra(f"the Ray executor needs Ray: {install_line('ray')}") from None

log = logging.getLogger("osetra")

CONNECT = 5.0
"""Seconds in which a cluster must answer; Ray itself tries for minutes."""

_OPTIONS = {"cpu": "num_cpus", "gpu": "num_gpus", "memory": "memory"}
_RESOURCES = {"cpu": "CPU", "gpu": "GPU", "memory": "memory"}


class Ray:
    """Runs trainings in a Ray cluster.

    Args:
        address: of the cluster: "host:6379", or "auto" for the one that this machine is part of; left
            out, RAY_ADDRESS, or a Ray of our own on this machine. Where the program has called
            ray.init() itself, that cluster is used.
        resources_per_trial: what one training needs: "cpu", "gpu" (0.5: two share one), "memory" in
            bytes, and names of the cluster's own; one CPU unless given.
        slots: how many trainings run at once; left out, as many as the cluster has room for now.

    Raises:
        StudyError: senseless resources or slots.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        resources_per_trial: Mapping[str, float] | None = None,
        slots: int | None = None,
    ) -> None:
        needs = checked_needs("resources_per_trial", resources_per_trial) or {"cpu": 1}
        for name, amount in needs.items():
            if name != "cpu" and name != "memory" and amount > 1 and amount != int(amount):
                raise StudyError(f"resources_per_trial: {name}={amount}: above 1, Ray gives whole ones only")
        if not any(needs.values()):
            raise StudyError("resources_per_trial: a trial needs something, such as {'cpu': 1}")
        self.address = None if address is None else text("address", address, 'give host:port, or "auto"')
        self.needs = {name: amount for name, amount in needs.items() if amount}
        self._slots = None if slots is None else whole("slots", slots, least=1)
        self._connected = False
        """Whether the connection to Ray is ours to close."""

    @property
    def slots(self) -> int:
        """How many trainings run at once.

        Raises:
            StudyError: the cluster cannot be reached, or no node of it can hold one trial.
        """
        if self._slots is None:
            self._connect()
            room = _room(self.needs)
            if room == 0:
                raise StudyError(_too_much(self.needs) + "ask for less, or give slots= if nodes are to come")
            self._slots = room
        return self._slots

    def start(self, job: Job, store: Store) -> RayCrew:
        """Start one actor per slot.

        Raises:
            StudyError: the store lives in this process's memory, or the cluster cannot be reached.
        """
        shared = 0 < self.needs.get("gpu", 0) < 1
        setup = msgspec.structs.replace(setup_message(job, reachable(store)), shared=shared)
        self._connect()
        slots = self.slots
        if _room(self.needs) == 0:
            log.warning("%s", _too_much(self.needs) + "waiting for nodes that have it")
        crew = RayCrew(
            slots, setup, self._actor_options(), shared_store(store), self._connected, Losses(slots)
        )
        self._connected = False
        crew.tick(0.0)
        return crew

    def _actor_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"num_cpus": 0, "resources": {}}
        for name, amount in self.needs.items():
            if name in _OPTIONS:
                options[_OPTIONS[name]] = amount
            else:
                options["resources"][name] = amount
        return options

    def _connect(self) -> None:
        if ray.is_initialized():
            return
        address = self.address or os.environ.get("RAY_ADDRESS")
        if address is not None:
            _check(address)
        in_main = threading.current_thread() is threading.main_thread()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(
                address=address,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError, RayError) as error:
            raise StudyError(f"Ray at {address or 'this machine'} cannot be used: {error}") from None
        finally:
            if in_main:
                signal.signal(signal.SIGTERM, handler)  # Ray would leave without handing trials back
        self._connected = True


@dataclass(slots=True)
class Member:
    """One actor as seen from the study's process."""

    actor: Any
    placed: Any
    """Becomes ready when Ray has found a place for the actor and its process runs."""
    work: Any
    """Becomes ready when the supervisor in it has ended, or the actor died."""
    asked: bool = False


@dataclass(slots=True)
class RayCrew:
    """The running actors."""

    slots: int
    message: Setup
    options: dict[str, Any]
    store: RemoteStore | None
    """Where the actors reach the study; None when each opens it by its URL."""
    connected: bool
    """Whether the connection to Ray ends with this crew."""
    losses: Losses
    crew: dict[int, Member] = field(default_factory=dict)
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Wait for about `seconds`; start actors that are missing.

        Raises:
            StudyError: workers end with an error, or die, again and again.
        """
        deadline = time.monotonic() + seconds
        self._bury()
        for slot in range(self.slots):
            if slot not in self.crew and not self.stopping:
                self.crew[slot] = self._member(slot)
        self._pass_request()
        time.sleep(max(0.0, deadline - time.monotonic()))

    def request_stop(self) -> None:
        """Ask every supervisor to hand its trial back at the next report."""
        # Called by signal handlers, where Ray must not be: `tick` and `stop` pass it on.
        self.stopping = True

    def stop(self, *, kill: bool = False) -> None:
        """Return when all supervisors and their trainings are gone."""
        self.stopping = True
        now = time.monotonic()
        urgent = now if kill else now + self.message.grace + KILL
        urged = False
        while self.crew:
            self._pass_request()
            self._bury()
            now = time.monotonic()
            if now > urgent and not urged:
                urged = True
                for member in self.crew.values():
                    member.actor.stop.remote(True)
            if now > urgent + KILL:
                for member in self.crew.values():
                    ray.kill(member.actor)
            time.sleep(0.01)
        if self.store is not None:
            ray.kill(self.store.actor)
            self.store = None
        if self.connected:
            self.connected = False
            ray.shutdown()

    def _member(self, slot: int) -> Member:
        actor = ray.remote(Slot).options(max_concurrency=2, max_restarts=0, **self.options).remote()
        setup = msgspec.structs.replace(self.message, slot=slot)
        return Member(actor, actor.process.remote(), actor.work.remote(setup, self.store))

    def _pass_request(self) -> None:
        for member in self.crew.values() if self.stopping else ():
            if not member.asked:
                member.asked = True
                if _ready([member.placed]):
                    member.actor.stop.remote()
                else:
                    ray.kill(member.actor)  # it waits for a place, where no request reaches it

    def _bury(self) -> None:
        """Forget the actors that have ended."""
        ended = set(_ready([member.work for member in self.crew.values()]))
        for slot, member in list(self.crew.items()):
            if member.work in ended:
                del self.crew[slot]
                ray.kill(member.actor)
                error = _error(member.work)
                if error is not None and not self.stopping:
                    died = isinstance(error, RayActorError)
                    hopeless = isinstance(error, RayActorError) and error.actor_init_failed
                    self.losses.count(slot, error, died=died, hopeless=hopeless)


def _ready(futures: list[Any]) -> list[Any]:
    if not futures:
        return []
    done, _ = ray.wait(futures, num_returns=len(futures), timeout=0, fetch_local=False)
    return list(done)


def _error(future: Any) -> Any:
    """Return with which error something ended."""
    try:
        ray.get(future)
    except RayTaskError as error:
        return error.cause or error
    except RayError as error:
        return error
    return None


def _check(address: str) -> None:
    """Raise StudyError when nobody answers at an address."""
    if address.startswith("ray://"):
        raise StudyError(
            f"{address} is Ray's door for programs outside of a cluster; run this program on one of its "
            "nodes with address='auto', or with: ray job submit"
        )
    found = re.fullmatch(r"(.+):(\d+)", address)
    if found is None:
        return
    try:
        socket.create_connection((found[1].strip("[]"), int(found[2])), CONNECT).close()
    except (OSError, OverflowError) as error:
        raise StudyError(
            f"no Ray cluster answers at {address} ({error}); start one with: ray start --head, or leave the "
            "address out to use this machine"
        ) from None


def _nodes() -> list[dict[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _room(needs: Mapping[str, float]) -> int:
    """Return how many trials fit the cluster now; at least 1 when they would fit an idle one."""

    def fits(has: Mapping[str, float]) -> int:
        return min(int(has.get(_RESOURCES.get(n, n), 0.0) / amount + 1e-9) for n, amount in needs.items())

    ever = sum(fits(node) for node in _nodes())
    return min(ever, max(1, fits(ray.available_resources())))


def _too_much(needs: Mapping[str, float]) -> str:
    """Return the beginning of a message: what was asked for, and what there is."""

    def listed(amounts: Mapping[str, float]) -> str:
        named = {n: a for n, a in amounts.items() if not n.startswith(("node:", "object_store"))}
        return ", ".join(f"{name} {amount:g}" for name, amount in sorted(named.items())) or "nothing"

    has = "; ".join(f"node {i}: {listed(node)}" for i, node in enumerate(_nodes(), start=1))
    return f"no node of the Ray cluster has room for one trial ({listed(needs)}); it has {has}; "
