"""Leases: how a claim is kept alive, and how trials are given up whose worker is provably gone."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from osetra.core.ending import Ending
from osetra.core.facts import Worker
from osetra.core.history import History
from osetra.core.ports import Store
from osetra.errors import StoreError, StoreFull
from osetra.executors.appending import end
from osetra.executors.identity import Condition, condition
from osetra.executors.outbox import left_behind

log = logging.getLogger("osetra")

LEASE = 60.0
"""Seconds without renewal after which a worker on another machine is given up."""
RENEW = 10.0
"""Seconds between renewals."""
HINDERED = 2.0
"""Seconds of waiting for the store that are taken for a hindrance of everybody."""
BREAK = LEASE / 2
"""Seconds between two looks at leases after which nobody knows what was in between."""


def renew(store: Store, trial: int, attempt: int) -> bool:
    """Renew a lease; False when the attempt is over.

    A full disk is no reason to end a training: nobody can give it up there either.
    """
    try:
        return store.renew(trial, attempt, lease=LEASE)
    except StoreFull:
        return True


@dataclass(slots=True)
class LeaseClock:
    """Tells for how long leases have been looked at without a break while the store could be written.

    What keeps us from writing (a lock of another program, a full disk, a server that stalls) keeps living
    workers from renewing, too. So leases count only when everybody has had time to renew since.
    """

    since: float = field(default_factory=lambda: time.monotonic())
    looked: float = field(default_factory=lambda: time.monotonic())

    def watched(self, store: Store) -> float:
        """Try the store, and return the seconds since when it could be written."""
        begun = time.monotonic()
        if begun - self.looked > BREAK:
            self.restart()
        with suppress(StoreFull):
            store.renew(0, 0, lease=LEASE)  # of no attempt: it changes nothing, and waits as others do
        if time.monotonic() - begun > HINDERED:
            self.restart()
        self.looked = time.monotonic()
        return self.looked - self.since

    def restart(self) -> None:
        """Begin anew: the store could not be written until now."""
        self.since = time.monotonic()


def give_up_lost(store: Store, history: History, *, watched: float = math.inf) -> list[int]:
    """End the running attempts whose worker is dead or whose lease ran out; return their trials.

    What such a worker had left on this machine for a store that was away is delivered first. A worker that
    provably lives on this machine keeps its trial, unless it is stopped: whatever kept it from renewing is
    not its death.

    Args:
        store: the study's log.
        history: what is known of it.
        watched: seconds since this program began to look, or last could not write. Leases do not count
            until every living worker has had time to renew: who has just started cannot know that the
            clock was set, or that the machine has slept.

    Raises:
        StoreFull: there is no room to give up an expired one, so that nobody could renew either.
    """
    expired = set(store.expired()) if watched >= 2 * RENEW else set()
    lost = []
    for trial in history.running:
        attempt = trial.attempts[-1]
        proven = condition(attempt.worker)
        if proven == "dead":
            reason = f"its worker (process {attempt.worker.pid}) is gone"
        elif (trial.number, attempt.number) in expired and not _lives(attempt.worker, proven):
            reason = f"no sign of life from {attempt.worker.host} for {LEASE:g} s"
        else:
            continue
        if left_behind(store, trial.number, attempt.number, attempt.worker):
            continue
        ending = Ending("lost", reason=reason)
        if end(store, trial.number, attempt.number, ending, patiently=proven == "dead"):
            lost.append(trial.number)
    for number, place in expired:
        attempts = history.trials[number].attempts if number in history.trials else ()
        if len(attempts) >= place and attempts[place - 1].outcome is not None:
            # It crossed with an order to stop or pause: it counts as over, and nobody trains under it.
            end(store, number, place, Ending("interrupted", reason="an order came first"))
    return lost


def _lives(worker: Worker, proven: Condition) -> bool:
    """Whether a worker keeps its trial although its lease ran out.

    This very process knows better: what it still works on, it renews.
    """
    return proven == "alive" and worker.pid != os.getpid()


@dataclass(slots=True)
class Leases:
    """Renews the leases of attempts that run in this process, from a thread of its own."""

    store: Store
    held: set[tuple[int, int]] = field(default_factory=set)
    lost: set[tuple[int, int]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def hold(self, attempt: tuple[int, int]) -> None:
        """Renew an attempt's lease until it is released."""
        with self._lock:
            self.held.add(attempt)
            if self._thread is None:
                thread = threading.Thread(target=self._renew, name="osetra-leases", daemon=True)
                thread.start()
                self._thread = thread

    def release(self, attempt: tuple[int, int]) -> None:
        """Renew it no more."""
        with self._lock:
            self.held.discard(attempt)
            self.lost.discard(attempt)

    def close(self) -> None:
        """Renew nothing any more: the store is released."""
        with self._lock:
            self.held.clear()

    def _renew(self) -> None:
        while True:
            time.sleep(RENEW)
            with self._lock:
                held = set(self.held)
                if not held:
                    self._thread = None
                    return
            try:
                gone = {one for one in held if not renew(self.store, *one)}
            except StoreError as error:  # the next report meets it, too, and says so where it is seen
                log.debug("leases could not be renewed: %s", error)
                continue
            with self._lock:
                self.lost |= gone & self.held
