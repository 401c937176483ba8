"""Asking: trials in the hands of a loop of one's own, from `ask` to `tell`, from any number of threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from osetra.core.arguments import expected
from osetra.core.clean import error_text
from osetra.core.ending import Ending
from osetra.core.limits import Limits
from osetra.core.ports import Job
from osetra.core.trial import ENDED, Trial
from osetra.errors import StoreFull, StudyError
from osetra.executors.claims import claim_next
from osetra.executors.identity import this_process
from osetra.executors.in_hand import InHand
from osetra.executors.leases import LeaseClock, Leases, give_up_lost
from osetra.executors.recorder import StoreLink, begin
from osetra.study.planner import Planner
from osetra.training.run import Run, control_of
from osetra.training.values import result

LOOK = 1.0
"""Seconds between looks at what is lost."""


@dataclass(slots=True)
class AskedTrials:
    """The trials that this program asked for and has not told the end of."""

    planner: Planner
    leases: Leases
    links: dict[int, StoreLink] = field(default_factory=dict)
    clock: LeaseClock = field(default_factory=LeaseClock)
    looked: float = -math.inf
    """When it was last looked for what is lost."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, job: Job) -> Run:
        """Claim the next trial.

        Raises:
            StudyError: the space is exhausted.
        """
        hand = InHand(self.leases, this_process())
        try:
            return self._ask(job, hand)
        except BaseException:  # a signal of the program may have come once the trial was claimed
            if hand.link is not None:
                self.links.pop(hand.link.attempt[0], None)
            hand.settle()
            raise

    def _ask(self, job: Job, hand: InHand) -> Run:
        planner = self.planner
        while True:
            with self._lock:
                self._give_up()
                known = planner.history.version
                if (run := self._claim(job, hand)) is not None:
                    return run
            # Where the log has grown somebody else was faster, and there is more to ask for.
            if planner.history.version == known:
                name = planner.searcher.name
                which = "combination of the grid" if name == "grid" else "configuration of the space"
                raise StudyError(f"{name}: every {which} has been tried")

    def _claim(self, job: Job, hand: InHand) -> Run | None:
        """Plan a trial if none waits, and claim one; None when somebody else was faster, or there is none."""
        planner = self.planner
        history = planner.history
        if not history.queued:
            planner.plan(1, Limits().budget(planner.problem, history, 0.0))
            history = planner.history
        claim = claim_next(planner.store, history, hand.worker, repeats_only=False, announce=hand.announce)
        if claim is None:
            hand.release()
            return None
        run, hand.link = begin(self.leases, claim, history, job)
        self.links[run.trial] = hand.link
        return run

    def _give_up(self) -> None:
        """Give up, now and then, what programs asked for that are gone."""
        now, store = time.monotonic(), self.planner.store
        if now < self.looked + LOOK:
            return
        self.looked, history = now, self.planner.history
        if history.running:
            with suppress(StoreFull):
                give_up_lost(store, history, watched=self.clock.watched(store))

    def tell(self, run: object, value: object, failed: object) -> Trial:
        """End a trial that `ask` returned.

        Raises:
            StudyError: the run was not asked for here, was told already, or reported no value.
        """
        if not isinstance(run, Run):
            raise expected("run", run, "give the run that ask() returned")
        if failed is not None and value is not None:
            raise StudyError(f"trial {run.trial}: give a value or failed=, not both")
        with self._lock:
            link = self.links.get(run.trial)
            if link is None or link is not control_of(run).link:
                known = self.planner.history.trials.get(run.trial)
                over = known is not None and known.state in ENDED
                state = f"it has {known.state} already" if known and over else "ask() for it first"
                raise StudyError(f"trial {run.trial} is not waiting for a result: {state}")
            voice = control_of(run).voice
            if not voice.own:
                raise StudyError(
                    f"trial {run.trial}: another process asked for it, and tells what came of it; hand the "
                    "value to that one, or ask here"
                )
            with voice.lock:
                ending = _ending(run, value, failed)
                control_of(run).finish()
            kept = link.end(ending)
            del self.links[run.trial]
            if not kept:
                state = self.planner.history.trials[run.trial].state
                raise StudyError(f"trial {run.trial}: it was given up or ended meanwhile, and is {state} now")
        return self.planner.history.trials[run.trial]


def _ending(run: Run, value: object, failed: object) -> Ending:
    control = control_of(run)
    if failed is not None:
        return Ending("failed", reason=reason_of(failed))
    if value is None and run.interrupted:
        return control.ending()
    plain = value if value is None or isinstance(value, Mapping) else result("value", value)
    worth, basis = control.returned(plain)
    return Ending("finished" if np.isfinite(worth) else "diverged", worth, basis=basis)


def reason_of(failed: object) -> str:
    """Return why a trial failed: a text as it is, an exception by its name and its own words.

    Raises:
        StudyError: it is neither.
    """
    if isinstance(failed, BaseException):
        return error_text(failed)
    if not isinstance(failed, str):
        raise expected("failed", failed, "say why, as a text or an exception, such as failed='out of memory'")
    return str(failed).encode("utf-8", "replace").decode().replace("\0", "")
