"""Inline: trainings run one after another in this very process. For debugging and quick functions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered, Worker
from osetra.core.history import History
from osetra.core.ports import Job, Store
from osetra.errors import LeaseLost
from osetra.executors.claims import Desk, carry, claim_next, desk
from osetra.executors.recorder import RENEW, Recorder, end, renewed, this_process
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.run import Run, execute


@dataclass(frozen=True, slots=True)
class Inline:
    """Runs trainings in the calling process, one at a time."""

    slots: int = 1

    def start(self, job: Job, store: Store) -> InlineCrew:
        """Return a crew whose `tick` runs one queued trial to its end."""
        return InlineCrew(Leases(store), job)


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
                self._thread = threading.Thread(target=self._renew, name="osetra-leases", daemon=True)
                self._thread.start()

    def release(self, attempt: tuple[int, int]) -> None:
        """Renew it no more."""
        with self._lock:
            self.held.discard(attempt)
            self.lost.discard(attempt)

    def _renew(self) -> None:
        while True:
            time.sleep(RENEW)
            with self._lock:
                held = set(self.held)
                if not held:
                    self._thread = None
                    return
            gone = {one for one in held if not renewed(self.store, *one)}
            with self._lock:
                self.lost |= gone & self.held


@dataclass(slots=True)
class InlineLink:
    """Writes the reports of one attempt to the store."""

    leases: Leases
    attempt: tuple[int, int]
    recorder: Recorder
    desk: Desk
    stopping: Callable[[], bool] = lambda: False
    first: tuple[Ordered, ...] = ()
    """Orders that were waiting when the attempt began."""
    between: Callable[[], None] | None = None
    """Called after each report, with everything reported so far in the log."""
    meanwhile: Callable[[], None] | None = None
    """Called after each report else."""
    looped: bool = False
    """Whether the training has said how many steps it has: before that there is nothing to judge."""

    def send(self, points: list[Point]) -> None:
        """Record points; notes when the attempt was given up meanwhile."""
        try:
            self.recorder.add(points)
            if self.between is not None and self.looped:
                self.recorder.flush()
                self.between()
            elif self.meanwhile is not None:
                self.meanwhile()
        except LeaseLost:
            self.leases.lost.add(self.attempt)

    def record(self, fact: Checkpointed | Obeyed | Noted) -> None:
        """Write a fact about the attempt, unless everybody knows it."""
        self.looped |= isinstance(fact, Noted) and fact.topic == "steps"
        if isinstance(fact, Noted) and fact in self.desk.history.noted(fact.topic):
            return
        if isinstance(fact, Checkpointed):
            carry(self.desk.store, fact)
        try:
            self.recorder.record(fact)
        except LeaseLost:
            self.leases.lost.add(self.attempt)

    def orders(self) -> list[Ordered]:
        """Return the orders that came since the last call."""
        came, self.first = list(self.first), ()
        try:
            return came + self.desk.new()
        except LeaseLost:
            self.leases.lost.add(self.attempt)
            return came

    def stop_requested(self) -> bool:
        """Whether the run has to end at this report."""
        return self.attempt in self.leases.lost or self.stopping()

    def end(self, ending: Ending) -> bool:
        """Record how the attempt ended; False when it had been given up before."""
        self.leases.release(self.attempt)
        return end(self.leases.store, *self.attempt, ending, self.recorder.drain())


@dataclass(slots=True)
class InlineCrew:
    """The one worker that is this process."""

    leases: Leases
    job: Job
    worker: Worker = field(default_factory=this_process)
    history: History = field(default_factory=History)
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Run the first queued trial to its end, however long that takes."""
        store = self.leases.store
        self.history = self.history.extend(store.read(self.history.version))
        claim = claim_next(store, self.history, self.worker, self.job.repeats_only)
        if claim is not None:
            run, link = begin(self.leases, claim, self.history, self.job)
            link.stopping = lambda: self.stopping
            try:
                ending = execute(self.job.function, run)
            except KeyboardInterrupt:
                link.end(Ending("interrupted", reason="stopped by Ctrl-C"))
                raise
            link.end(ending)

    def request_stop(self) -> None:
        """Ask the running training to stop at its next report."""
        self.stopping = True

    def stop(self, *, kill: bool = False) -> None:
        """Do nothing: between ticks nothing runs."""


def begin(leases: Leases, claim: Claim, history: History, job: Job) -> tuple[Run, InlineLink]:
    """Return the run of a trial that this process just claimed, and the link that ends it."""
    store, attempt = leases.store, (claim.trial, claim.attempt)
    inbox = desk(store, claim, history)
    link = InlineLink(
        leases,
        attempt,
        Recorder(store),
        inbox,
        first=claim.orders,
        between=job.between,
        meanwhile=job.meanwhile,
    )
    leases.hold(attempt)
    writer = CheckpointWriter(store.checkpoints, claim.checkpoint, job.checkpoints)
    return Run.of(claim, job.objective, link, writer), link
