"""Inline: trainings run one after another in this very process. For debugging and quick functions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from osetra.core.curves import Point
from osetra.core.history import History
from osetra.core.ports import Job, Store
from osetra.core.problem import Objective
from osetra.core.trial import Trial
from osetra.errors import LeaseLost
from osetra.executors.worker import LEASE, RENEW, Recorder, claim_next, end, this_process
from osetra.run import Ending, Run, execute


@dataclass(frozen=True, slots=True)
class Inline:
    """Runs trainings in the calling process, one at a time."""

    slots: int = 1

    def start(self, job: Job, store: Store) -> InlineCrew:
        """Return a crew whose `tick` runs one queued trial to its end."""
        return InlineCrew(store, job.function, job.objective)


@dataclass(slots=True)
class InlineLink:
    """Writes a run's reports to the store and keeps its lease alive."""

    store: Store
    trial: int
    attempt: int
    stopping: Callable[[], bool] = lambda: False
    recorder: Recorder = field(init=False)
    lost: bool = False
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.store)
        threading.Thread(target=self._renew, name=f"osetra-lease-{self.trial}", daemon=True).start()

    def send(self, points: list[Point]) -> None:
        """Record points; notes when the attempt was given up meanwhile."""
        try:
            self.recorder.add(points)
        except LeaseLost:
            self.lost = True

    def stop_requested(self) -> bool:
        """Whether the run has to end at this report."""
        return self.lost or self.stopping()

    def end(self, ending: Ending) -> bool:
        """Record how the attempt ended; False when it had been given up before."""
        self._over.set()
        return end(self.store, self.trial, self.attempt, ending, self.recorder.drain())

    def _renew(self) -> None:
        while not self._over.wait(RENEW):
            if not self.store.renew(self.trial, self.attempt, lease=LEASE):
                self.lost = True
                return


@dataclass(slots=True)
class InlineCrew:
    """The one worker that is this process."""

    store: Store
    function: Callable[[Run], object]
    objective: Objective
    history: History = field(default_factory=History)
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Run the first queued trial to its end, however long that takes."""
        self.history = self.history.extend(self.store.read(self.history.version))
        trial = claim_next(self.store, self.history, this_process())
        if trial is not None:
            run, link = begin(self.store, trial, self.objective, lambda: self.stopping)
            try:
                ending = execute(self.function, run)
            except KeyboardInterrupt:
                link.end(Ending("interrupted", reason="stopped by Ctrl-C"))
                raise
            link.end(ending)

    def request_stop(self) -> None:
        """Ask the running training to stop at its next report."""
        self.stopping = True

    def stop(self, *, kill: bool = False) -> None:
        """Do nothing: between ticks nothing runs."""


def begin(
    store: Store, trial: Trial, objective: Objective, stopping: Callable[[], bool] = lambda: False
) -> tuple[Run, InlineLink]:
    """Return the run of a trial that this process just claimed, and the link that ends it."""
    attempt = len(trial.attempts) + 1
    link = InlineLink(store, trial.number, attempt, stopping)
    return Run(trial.number, attempt, trial.config, trial.seed, objective, link), link
