"""Recorder: the reports of one attempt on their way to the store, in batches, and the link of a run to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Fact, Noted, Obeyed, Ordered, Seen
from osetra.core.history import History
from osetra.core.ports import Job
from osetra.errors import Conflict, LeaseLost, StoreAway, StoreError, StoreFull
from osetra.executors.appending import Appendable, append_patiently, end
from osetra.executors.claims import OrderInbox, carry, inbox_of
from osetra.executors.leases import Leases
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.run import Run

FLUSH_SECONDS = 0.2
FLUSH_POINTS = 50


@dataclass(slots=True)
class Recorder:
    """Buffers the points of one attempt and writes them in batches."""

    store: Appendable
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
            self._write([])

    def record(self, fact: Checkpointed | Obeyed | Noted | Seen) -> None:
        """Write a fact behind the points that it follows; one that is known already is no news.

        Raises:
            LeaseLost: the attempt was given up.
        """
        # Stores take a fact from anybody and points from live attempts only. A point that is repeated
        # changes nothing, so it keeps a fact from being written after the attempt was given up.
        try:
            self._write([fact])
        except Conflict:
            self._write([])

    def see(self, orders: list[Ordered], inbox: OrderInbox) -> list[Ordered]:
        """Write that orders of people are seen, and return those that hold: from now on they do.

        Who takes an order back writes the same fact, so that either happens, and never both.

        Raises:
            LeaseLost: the attempt was given up.
        """
        by_people = [order for order in orders if order.by != "scheduler"]
        for order in by_people:
            self.record(Seen(order.trial, order.number))
        return inbox.standing(orders) if by_people else orders

    def end(self, trial: int, attempt: int, ending: Ending) -> bool:
        """Write what is left together with the end of the attempt; False when it had been given up before.

        Reports that the store refuses fail their trial, not who writes them.
        """
        try:
            return end(self.store, trial, attempt, ending, self.buffer)
        except (StoreAway, StoreFull):
            raise
        except StoreError as error:
            return end(self.store, trial, attempt, refused(error))

    def _write(self, facts: list[Fact]) -> None:
        """Write facts behind what is buffered, which is dropped only then: a signal may come before."""
        points = list(self.buffer)
        append_patiently(self.store, facts, points or self.last)
        del self.buffer[: len(points)]


def refused(error: StoreError) -> Ending:
    """Return the ending of a training that reported what the store does not take."""
    return Ending("failed", reason=f"what the training reported cannot be stored: {error}")


@dataclass(slots=True)
class StoreLink:
    """Writes the reports of one attempt to the store."""

    leases: Leases
    attempt: tuple[int, int]
    recorder: Recorder
    inbox: OrderInbox
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
        if isinstance(fact, Noted) and fact in self.inbox.history.noted(fact.topic):
            return
        if isinstance(fact, Checkpointed):
            carry(self.inbox.store, fact)
        try:
            self.recorder.record(fact)
        except LeaseLost:
            self.leases.lost.add(self.attempt)

    def orders(self) -> list[Ordered]:
        """Return the orders that came since the last call."""
        came, self.first = list(self.first), ()
        try:
            new = self.inbox.new()
            return came + self.recorder.see(new, self.inbox) if new else came
        except LeaseLost:
            self.leases.lost.add(self.attempt)
            return came

    def stop_requested(self) -> bool:
        """Whether the run has to end at this report."""
        return self.attempt in self.leases.lost or self.stopping()

    def end(self, ending: Ending) -> bool:
        """Record how the attempt ended; False when it had been given up before."""
        self.leases.release(self.attempt)
        return self.recorder.end(*self.attempt, ending)


def begin(leases: Leases, claim: Claim, history: History, job: Job) -> tuple[Run, StoreLink]:
    """Return the run of a trial that this process just claimed, and the link that ends it."""
    store, attempt = leases.store, (claim.trial, claim.attempt)
    inbox = inbox_of(store, claim, history)
    link = StoreLink(
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
    return Run.of(claim, job.objective, link, writer, job.needs), link
