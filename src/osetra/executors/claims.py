"""Claims: which trial a worker takes next, from which checkpoint it begins, and what it is ordered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from osetra.core.claim import Checkpoint, Claim
from osetra.core.decisions import Suggestion
from osetra.core.edits import spaces
from osetra.core.facts import Checkpointed, Claimed, Fact, Obeyed, Ordered, Seen, Source, Worker
from osetra.core.history import History
from osetra.core.lineage import checkpoints, here, next_start
from osetra.core.ports import Store
from osetra.core.trial import Order, Trial
from osetra.core.values import Option
from osetra.errors import Conflict, LeaseLost, StoreAway, StudyError
from osetra.executors.appending import append_patiently
from osetra.training.checkpoints import intact, receive

log = logging.getLogger("osetra")

Announce = Callable[[int, int], None]
"""Hears of a trial and an attempt."""


@dataclass(slots=True)
class OrderInbox:
    """Where the orders for one attempt come in: looks at the log, and gives out each order once."""

    store: Store
    trial: int
    attempt: int
    last: int
    """Number of the last order that was given out."""
    history: History

    def new(self) -> list[Ordered]:
        """Return the orders that came since the last call.

        Raises:
            LeaseLost: the attempt is over by the log: it was ended by an order, or given up.
        """
        if self.store.version() == self.history.version:
            return []
        self.history = self.history.extend(self.store.read(self.history.version))
        trial = self.history.trials[self.trial]
        if trial.state != "running" or len(trial.attempts) != self.attempt:
            raise LeaseLost(f"trial {self.trial}, attempt {self.attempt} is over")
        came = [o for o in trial.orders if o.number > self.last and o.pending]
        self.last = max((o.number for o in trial.orders), default=self.last)
        return [order.asked for order in came]

    def standing(self, orders: Sequence[Ordered]) -> list[Ordered]:
        """Return those of some orders, seen by now, that nobody took back before they were."""
        try:
            self.history = self.history.extend(self.store.read(self.history.version))
        except StoreAway:
            return list(orders)  # a training need not wait for the store
        pending = {order.number for order in self.history.trials[self.trial].orders if order.pending}
        return [order for order in orders if order.number in pending]


def inbox_of(store: Store, claim: Claim, history: History) -> OrderInbox:
    """Return where orders for a claimed attempt come in from now on."""
    return OrderInbox(store, claim.trial, claim.attempt, claim.latest_order, history)


def claim_next(
    store: Store, history: History, worker: Worker, repeats_only: bool, announce: Announce = lambda *_: None
) -> Claim | None:
    """Claim the first queued trial; None when the queue is empty.

    Who finds it taken reads on and takes one further behind, each worker another one, so that a hundred
    of them do not run after the same trial. `announce` hears which attempt is claimed next.
    """
    behind = 0
    while queued := [t for t in history.queued if t.repeats is not None or not repeats_only]:
        claim = claim_trial(store, history, queued[behind % len(queued)], worker, announce)
        if claim is not None:
            return claim
        news = store.read(history.version)
        if not news:
            return None
        history, behind = history.extend(news), worker.pid + worker.slot
    return None


def claim_trial(
    store: Store, history: History, trial: Trial, worker: Worker, announce: Announce = lambda *_: None
) -> Claim | None:
    """Claim a queued trial, from its newest intact checkpoint on; None when somebody else was faster.

    A damaged checkpoint is passed over for the one before it. A roll-back is obeyed by this claim.
    """
    start = next_start(history.trials, trial, history.sign)
    point = next((p for p in start.candidates if _at_hand(store, p)), None)
    if point is not (start.candidates[0] if start.candidates else None):
        log.warning(
            "trial %d: %s is damaged or gone; an older state is used", trial.number, start.candidates[0].file
        )
    source = None if point is None else Source(point.trial, point.attempt, point.instance, point.step)
    number = len(trial.attempts) + 1
    facts: list[Fact] = [Claimed(trial.number, number, worker, source, start.live)]
    for order in trial.orders:
        if order.pending and order.verb == "rollback":
            result, text = _rolled_back(order, start.rollback, point)
            step = point.step if point else 0
            facts.append(Obeyed(trial.number, order.number, number, step, result, text, start.live))
    waiting = [o for o in trial.orders if o.pending and o.verb != "rollback"]
    facts += [Seen(trial.number, o.number) for o in waiting if o.by != "scheduler" and o.seen_at is None]
    announce(trial.number, number)
    try:
        append_patiently(store, facts)
    except Conflict:
        return None
    checkpoint = None
    if point is not None:
        file = str(store.checkpoints / Path(point.file).name)
        checkpoint = Checkpoint(file, point.sha256, point.instance, point.step)
    return Claim(
        trial.number,
        number,
        trial.config,
        trial.seed,
        checkpoint,
        start.live,
        trial.until,
        tuple(order.asked for order in waiting),
        max((order.number for order in trial.orders), default=0),
        meanings_of(history),
        trial.given_back,
    )


def meanings_of(history: History) -> dict[str, dict[str, Option]]:
    """Return what the options of a study stand for that have a name, those of earlier spaces included."""
    found: dict[str, dict[str, Option]] = {}
    for space in spaces(history):
        for name, options in space.meanings.items():
            found.setdefault(name, {}).update(options)
    return found


def carry(store: Store, point: Checkpointed) -> None:
    """Give a checkpoint to the depot, if there is one: another machine may go on from it."""
    if store.depot is not None:
        with suppress(StoreAway):
            store.depot.put(store.checkpoints / Path(point.file).name)


def check_at_hand(
    store: Store, history: History, number: int, verb: str, args: Mapping[str, Any], new: Sequence[Suggestion]
) -> None:
    """Make sure that the checkpoint is there from which a person's roll-back or branch is to go on.

    Only where all workers are on this machine: else another one may have it.

    Raises:
        StudyError: its file is gone; the steps of those that are there are listed.
    """
    parent = new[0].parent if new else None
    if store.depot is not None or (parent is None and verb != "rollback"):
        return
    trial = history.trials[int(args.get("trial", number))]
    there = {
        point.step: (store.checkpoints / Path(point.file).name).exists()
        for point in checkpoints(history.trials, here(trial))
    }
    step: Any = parent.step if parent is not None else args.get("step")
    if there.get(step, True):
        return
    others = ", ".join(str(one) for one in sorted(there) if there[one])
    raise StudyError(
        f"{verb} of trial {number}: the file of its checkpoint after step {step} is gone from "
        f"{store.checkpoints}; "
        + (f"there are those after step {others}: give step=" if others else "start anew: branch with step=0")
    )


def _at_hand(store: Store, point: Checkpointed) -> bool:
    """Whether a checkpoint is whole on this machine, if need be after it was fetched."""
    if intact(store.checkpoints, point):
        return True
    name = Path(point.file).name
    data = None if store.depot is None else store.depot.get(name)
    if data is None:
        return False
    receive(store.checkpoints, name, data)
    return intact(store.checkpoints, point)


def _rolled_back(
    order: Order, last: Order | None, point: Checkpointed | None
) -> tuple[Literal["done", "refused"], str]:
    if order is not last:
        return "refused", "a later roll-back took its place"
    wanted = order.args.get("step")
    if point is None or (wanted is not None and point.step > wanted):
        return "refused", f"no whole checkpoint at or before step {wanted}"
    return "done", f"goes on from step {point.step}"
