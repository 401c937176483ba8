"""The supervisor of one worker slot: claims trials, owns their leases, keeps a training process.

Started by `Processes` as `python -m osetra.executors.supervisor`, with messages on stdin and stdout.
It imports no framework and runs no user code, so a training that hangs, swaps or holds the GIL
cannot lose its lease. When the study's process vanishes, stdin closes: the trial goes back to the
queue and everything here ends.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import time
from dataclasses import dataclass, field

from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Noted, Obeyed, Worker
from osetra.core.history import History
from osetra.core.ports import Store
from osetra.errors import LeaseLost, StoreAway, StoreError, StoreFull
from osetra.executors.appending import end
from osetra.executors.claims import OrderInbox, carry, claim_next, inbox_of
from osetra.executors.identity import this_process
from osetra.executors.leases import RENEW, renew
from osetra.executors.outbox import RETRY, Outbox
from osetra.executors.recorder import Recorder, refused
from osetra.executors.shim import adopt_orphans, sweep
from osetra.executors.training_process import TrainingProcess, oom_kills, spawn
from osetra.executors.wire import (
    Channel,
    Done,
    Message,
    Orders,
    Points,
    Ready,
    Record,
    Setup,
    Stop,
    Train,
)
from osetra.stores import open_store

log = logging.getLogger("osetra")

IDLE = 0.02
"""Seconds between looks at the queue while there is nothing to do."""
SHARE = 20.0
"""A look at the log waits until this many times the last one's cost has passed: a slow or busy server
is asked less often."""
LONGEST = 0.5
"""Seconds after which the log is looked at however much that costs."""
BRIEF = 2.0
"""Seconds for which a server that went away is waited for before the training goes on without it."""
_STARTUP = 300.0


@dataclass(slots=True)
class Supervision:
    """What a supervisor remembers of the one trial that it watches."""

    claim: Claim
    outbox: Outbox
    recorder: Recorder
    inbox: OrderInbox
    oom_kills: int
    """How often this system had killed for memory when the trial began."""
    heard: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)
    consult: float = 0.0
    """When to look at the log again."""
    asked_to_stop: bool = False
    spoilt: bool = False
    """Whether the training process is of no use any more."""

    @property
    def place(self) -> tuple[int, int]:
        """The trial and the attempt."""
        return self.claim.trial, self.claim.attempt


@dataclass(slots=True)
class Supervisor:
    """State of one slot's loop."""

    setup: Setup
    study: Channel
    store: Store
    worker: Worker
    history: History = field(default_factory=History)
    child: TrainingProcess | None = None
    stopping: float | None = None
    """When the request to stop came."""
    alone: bool = False
    """Whether this process is there for nothing else, so that all its children are of the training."""
    idle: float = IDLE
    """Seconds until the next look at the queue."""

    def loop(self) -> None:
        """Work until told to stop."""
        try:
            while self.stopping is None:
                # The training process loads its function before a trial is claimed: seconds of
                # imports are no part of anybody's training time.
                child = self.ready_child()
                claim = None if child is None else self.claim()
                if child is None or claim is None:
                    self.listen(self.idle)
                else:
                    self.train(claim, child)
        finally:
            self.replace_child()
            self.store.close()

    def claim(self) -> Claim | None:
        """Claim the next trial that this supervisor may run; None while there is none, or no store."""
        begun = time.monotonic()
        try:
            self.history = self.history.extend(self.store.read(self.history.version))
            self.give_back()
            claim = claim_next(self.store, self.history, self.worker, self.setup.repeats_only)
        except StoreAway as away:
            log.warning("%s; waiting for it", away)
            self.idle = RETRY
            return None
        self.idle = _pause_after(begun)
        return claim

    def give_back(self) -> None:
        """Hand back what stands as claimed by us and is not: the answer to that claim was lost."""
        for trial in self.history.running:
            attempt = trial.attempts[-1]
            if attempt.worker == self.worker:
                reason = "the answer to its claim was lost"
                end(self.store, trial.number, attempt.number, Ending("interrupted", reason=reason))

    def listen(self, seconds: float) -> None:
        """Take orders from the study's process; its disappearance is an order to stop."""
        for message in self.study.receive(seconds):
            self.obey(message)
        if self.study.closed:
            self.stopping = -math.inf

    def obey(self, message: Message) -> None:
        """Note a request to stop."""
        if isinstance(message, Stop):
            self.stopping = -math.inf if message.kill else self.stopping or time.monotonic()

    def train(self, claim: Claim, child: TrainingProcess) -> None:
        """Run one claimed trial to its end and record it."""
        inbox = inbox_of(self.store, claim, self.history)
        outbox = Outbox(self.store, claim.trial, claim.attempt, self.worker)
        supervision = Supervision(claim, outbox, Recorder(outbox), inbox, oom_kills())
        try:
            ending = self.follow(supervision, child)
        except LeaseLost:
            outbox.discard()
            self.replace_child()
            return
        except (StoreAway, StoreFull):
            raise
        except StoreError as error:
            self.replace_child()
            ending = refused(error)
        supervision.recorder.end(*supervision.place, ending)
        self.deliver(outbox)
        if self.setup.shared or supervision.spoilt or ending.outcome == "interrupted":
            # What it holds of the device's memory, the neighbours need; and who was told to go, goes.
            self.replace_child()
        elif self.child is not None and not self.child.ended and self.child.leaking():
            self.replace_child()

    def follow(self, supervision: Supervision, child: TrainingProcess) -> Ending:
        """Send the trial to the training process and watch it until it ends.

        Raises:
            LeaseLost: the attempt was given up by somebody else.
        """
        child.output.begin()
        child.channel.send(Train(supervision.claim))
        trial, attempt = supervision.place
        while True:
            for message in child.channel.receive(0.05):
                if not isinstance(message, Points | Record | Done) or message.place != supervision.place:
                    continue  # of a trial before this one
                supervision.heard = time.monotonic()
                if isinstance(message, Points):
                    supervision.recorder.add([Point(trial, attempt, *p) for p in message.points])
                elif isinstance(message, Record):
                    self.record(supervision, message.fact)
                else:
                    supervision.spoilt = message.spoilt
                    return message.ending
            if child.ended:
                ending = child.autopsy(supervision.oom_kills)
                self.bury_child()
                return ending
            supervision.recorder.flush_if_due()
            self.consult(supervision, child)
            if trouble := self.trouble(child, supervision):
                return trouble

    def consult(self, supervision: Supervision, child: TrainingProcess) -> None:
        """Deliver what waits, renew the lease, pass orders on; later, when the store is away.

        Raises:
            LeaseLost: the attempt was given up by somebody else.
        """
        begun = time.monotonic()
        if begun < max(supervision.consult, supervision.outbox.retry):
            return
        try:
            supervision.outbox.deliver()
            self.keep_lease(supervision)
            self.pass_orders(supervision, child)
        except StoreAway:
            supervision.outbox.rest()
        supervision.consult = time.monotonic() + _pause_after(begun)

    def deliver(self, outbox: Outbox) -> None:
        """Wait until the store has taken the end of a trial; who is told to stop leaves it on disk."""
        while outbox.waiting:
            try:
                outbox.deliver()
            except StoreAway:
                self.listen(RETRY)
                if self.stopping is not None and time.monotonic() - self.stopping > self.setup.grace:
                    return
            except LeaseLost:
                outbox.discard()

    def record(self, supervision: Supervision, fact: Checkpointed | Obeyed | Noted) -> None:
        """Write what the training process says; what everybody knows is not said again."""
        if isinstance(fact, Checkpointed):
            carry(self.store, fact)
        if not (isinstance(fact, Noted) and fact in self.history.noted(fact.topic)):
            supervision.recorder.record(fact)

    def pass_orders(self, supervision: Supervision, child: TrainingProcess) -> None:
        """Hand new orders to the training process, and let people see that it has them."""
        inbox = supervision.inbox
        orders = supervision.recorder.see(inbox.new(), inbox)
        self.history = inbox.history
        if orders:
            child.channel.send(Orders(orders))

    def keep_lease(self, supervision: Supervision) -> None:
        """Renew the lease when it is time; raises LeaseLost when it is gone."""
        if time.monotonic() - supervision.renewed > RENEW:
            supervision.renewed = time.monotonic()
            if not renew(self.store, *supervision.place):
                raise LeaseLost(f"trial {supervision.place[0]} was given up by another process")

    def trouble(self, child: TrainingProcess, supervision: Supervision) -> Ending | None:
        """End a training that hangs or that has to stop; None while all is well."""
        timeout, now = self.setup.report_timeout, time.monotonic()
        if timeout is not None and now - supervision.heard > timeout:
            self.replace_child()
            reason = f"no report for {timeout:g} s (report_timeout); the training was stopped"
            return Ending("failed", reason=reason, detail=child.output.last)
        self.listen(0.0)
        if self.stopping is None:
            return None
        if now - self.stopping > self.setup.grace:
            self.replace_child()
            why = "the program that ran the study is gone" if self.study.closed else "stopped on request"
            return Ending("interrupted", reason=why)
        if not supervision.asked_to_stop:
            child.channel.send(Stop())
            supervision.asked_to_stop = True
        return None

    def ready_child(self) -> TrainingProcess | None:
        """Return a training process that has loaded the function; None when told to stop meanwhile."""
        if self.child is not None and not self.child.ended:
            return self.child
        self.replace_child()
        child = self.child = spawn(self.setup)
        child.channel.send(self.setup)
        begun = time.monotonic()
        while not (ready := [m for m in child.channel.receive(0.05) if isinstance(m, Ready)]):
            self.listen(0.0)
            if self.stopping is not None:
                return None
            if child.ended or time.monotonic() - begun > _STARTUP:
                return child  # its trial will tell what is wrong
        self.study.send(ready[0])
        child.settle(ready[0].pid)
        return child

    def replace_child(self) -> None:
        """End the training process; the next trial starts a new one."""
        if self.child is not None:
            self.child.kill()
            self.bury_child()

    def bury_child(self) -> None:
        """Make sure that nothing of a training process is left, even if its shim was killed."""
        self.child = None
        if self.alone:
            sweep()


def main() -> None:
    """Serve one slot until stdin closes."""
    study = Channel(os.dup(0), os.dup(1))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # nothing but messages may reach the study's pipe
    for ignored in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
        if hasattr(signal, ignored):
            signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    messages = study.receive(None)
    setup = messages[0] if messages else None
    if not isinstance(setup, Setup):
        return
    store = _opened(setup, study)
    if store is None:
        return
    adopt_orphans()
    supervisor = Supervisor(setup, study, store, this_process(setup.slot), alone=True)
    for message in messages[1:]:
        supervisor.obey(message)
    supervisor.loop()


def _pause_after(begun: float) -> float:
    """Return how long not to look at the log after a look that began at a time."""
    return min(LONGEST, max(IDLE, SHARE * (time.monotonic() - begun)))


def _opened(setup: Setup, study: Channel) -> Store | None:
    """Return the store, once its server is there; None when told to stop before."""
    while True:
        try:
            return open_store(setup.url, setup.study, patience=BRIEF)
        except StoreAway as away:
            log.warning("%s; waiting for it", away)
            if any(isinstance(message, Stop) for message in study.receive(RETRY)) or study.closed:
                return None


if __name__ == "__main__":
    main()
