"""What every worker does with a study: record the points of a claimed trial and end it.

And what anyone may do for it: give up on trials whose worker is provably gone.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Fact, Noted, Obeyed, Seen, Worker
from osetra.core.history import History
from osetra.core.ports import Store
from osetra.errors import Conflict, LeaseLost, StoreFull
from osetra.executors.outbox import left_behind

log = logging.getLogger("osetra")

LEASE = 60.0
"""Seconds without renewal after which a worker on another machine is given up."""
RENEW = 10.0
"""Seconds between renewals."""
FLUSH_SECONDS = 0.2
FLUSH_POINTS = 50


def this_process(slot: int = 0) -> Worker:
    """Return this process's identity."""
    return Worker(socket.gethostname(), _boot(), os.getpid(), started_at(os.getpid()), slot)


def provably_dead(worker: Worker) -> bool:
    """Whether a worker of this host does not run any more; False when it cannot be known here."""
    if worker.host != socket.gethostname():
        return False
    if worker.boot != _boot():
        return True
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return started_at(worker.pid) != worker.started


def started_at(pid: int) -> float:
    """Return when a process started, in clock ticks since boot; 0 when unknown, -1 for a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return -1.0 if fields[0] == "Z" else float(fields[19])


class Log(Protocol):
    """What takes facts and points: a store, or an outbox before it."""

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = ()) -> object:
        """Write all of it or nothing."""
        ...


def end(store: Log, trial: int, attempt: int, ending: Ending, points: Sequence[Point] = ()) -> bool:
    """Record how an attempt ended; False when it had been given up before."""
    try:
        append_patiently(store, ending.facts(trial, attempt), points)
    except (Conflict, LeaseLost):
        return False
    return True


def append_patiently(store: Log, facts: Sequence[Fact], points: Sequence[Point] = ()) -> None:
    """Append, waiting while the disk is full: the study pauses and loses nothing."""
    pause = 0.25
    while True:
        try:
            store.append(facts, points)
        except StoreFull as full:
            if pause < 0.5:
                log.warning("%s; the study pauses until there is room again", full)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
        else:
            return


def renewed(store: Store, trial: int, attempt: int) -> bool:
    """Renew a lease; False when the attempt is over.

    A full disk is no reason to end a training: nobody can give it up there either.
    """
    try:
        return store.renew(trial, attempt, lease=LEASE)
    except StoreFull:
        return True


def give_up_lost(store: Store, history: History, *, watched: float = math.inf) -> list[int]:
    """End the running attempts whose worker is dead or whose lease ran out; return their trials.

    What such a worker had left on this machine for a store that was away is delivered first.

    Args:
        store: the study's log.
        history: what is known of it.
        watched: seconds since this program began to look. Leases do not count until every living worker
            has had time to renew: who has just started cannot know that the clock was set, or that the
            machine has slept.
    """
    expired = set(store.expired()) if watched >= 2 * RENEW else set()
    lost = []
    for trial in history.running:
        attempt = trial.attempts[-1]
        if provably_dead(attempt.worker):
            reason = f"its worker (process {attempt.worker.pid}) is gone"
        elif (trial.number, attempt.number) in expired:
            reason = f"no sign of life from {attempt.worker.host} for {LEASE:g} s"
        else:
            continue
        if left_behind(store, trial.number, attempt.number):
            continue
        if end(store, trial.number, attempt.number, Ending("lost", reason=reason)):
            lost.append(trial.number)
    for number, place in expired:
        attempts = history.trials[number].attempts if number in history.trials else ()
        if len(attempts) >= place and attempts[place - 1].outcome is not None:
            # It crossed with an order to stop or pause: it counts as over, and nobody trains under it.
            end(store, number, place, Ending("interrupted", reason="an order came first"))
    return lost


@dataclass(slots=True)
class Recorder:
    """Buffers the points of one attempt and writes them in batches."""

    store: Log
    buffer: list[Point] = field(default_factory=list)
    since: float = 0.0
    last: list[Point] = field(default_factory=list)
    """The latest point, which vouches for facts that come without any."""

    def add(self, points: Sequence[Point]) -> None:
        """Take points; writes them once there are enough or they have waited long enough."""
        if not self.buffer:
            self.since = time.monotonic()
        self.buffer.extend(points)
        self.last = list(points[-1:]) or self.last
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Write the buffer when it is due.

        Raises:
            LeaseLost: the attempt was given up.
        """
        waited = time.monotonic() - self.since
        if len(self.buffer) >= FLUSH_POINTS or waited >= FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the buffer now.

        Raises:
            LeaseLost: the attempt was given up.
        """
        if self.buffer:
            append_patiently(self.store, [], self.buffer)
            self.buffer.clear()

    def record(self, fact: Checkpointed | Obeyed | Noted | Seen) -> None:
        """Write a fact behind the points that it follows; one that is known already is no news.

        Raises:
            LeaseLost: the attempt was given up.
        """
        # Stores take a fact from anybody and points from live attempts only. A point that is repeated
        # changes nothing, so it keeps a fact from being written after the attempt was given up.
        points = self.drain() or self.last
        try:
            append_patiently(self.store, [fact], points)
        except Conflict:
            append_patiently(self.store, [], points)

    def drain(self) -> list[Point]:
        """Return what is still to be written, for the transaction that ends the attempt."""
        rest, self.buffer = self.buffer, []
        return rest


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return sys.platform
