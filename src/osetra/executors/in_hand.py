"""In hand: the attempt that this thread has claimed and not ended yet, ended whatever is raised meanwhile.

A program may handle signals by raising something, and a second Ctrl-C does: in whichever line, also between
a claim and the training that it is for. Nobody else can know then that the attempt is not trained by anyone,
since its worker lives.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from osetra.core.ending import Ending
from osetra.core.facts import Worker
from osetra.core.history import History
from osetra.errors import StoreError
from osetra.executors.appending import end
from osetra.executors.leases import Leases
from osetra.executors.recorder import StoreLink

log = logging.getLogger("osetra")

TRIES = 1000
"""How often settling is begun anew when something is raised meanwhile, as by an alarm that repeats."""
UNTRAINED = Ending("interrupted", reason="its program raised something before the training had begun")


@dataclass(slots=True)
class InHand:
    """One attempt at a time, from before its claim is written until its end is."""

    leases: Leases
    worker: Worker
    attempt: tuple[int, int] | None = None
    link: StoreLink | None = None
    """What writes its end, once there is a run of it."""
    ending: Ending | None = None
    """How it ended, once that is known."""

    def announce(self, trial: int, attempt: int) -> None:
        """Take an attempt, which may be claimed in the very next moment, instead of the one before."""
        self.link = self.ending = None
        self.attempt = (trial, attempt)

    def release(self) -> None:
        """Let go of the attempt: it is ended, or somebody else ends it from now on."""
        self.attempt = self.link = self.ending = None

    def settle(self) -> None:
        """End what was claimed and is not ended: as it ended, or given back.

        Where the store is away it stays: its lease is not renewed, and runs out.
        """
        for _ in range(TRIES):
            try:
                self._settle()
            except StoreError:
                return
            except BaseException as error:
                log.debug("settling begins anew: %r", error)
            else:
                return

    def _settle(self) -> None:
        if self.attempt is None:
            return
        trial, attempt = self.attempt
        self.leases.release(self.attempt)
        if self.link is not None:
            self.link.end(self.ending or UNTRAINED)
        elif self._claimed(trial, attempt):
            end(self.leases.store, trial, attempt, UNTRAINED)
        self.release()

    def _claimed(self, trial: int, attempt: int) -> bool:
        """Whether the claim was written, and was ours."""
        known = History().extend(self.leases.store.read(0)).trials[trial]
        return (
            known.state == "running"
            and len(known.attempts) == attempt
            and (known.attempts[-1].worker == self.worker)
        )
