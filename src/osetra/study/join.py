"""Joining: a crew that trains on a study which somebody else drives, or nobody.

Whoever drives a study refills its queue within milliseconds. Somebody who joined looks at random
moments, and plans only when nothing waits then. So hundreds who joined do not fit the same model at
once, and a study goes on when nobody drives it, as in a job array of a cluster.
"""

from __future__ import annotations

import random
import socket
import time
from dataclasses import dataclass, field, replace

import numpy as np

from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.ports import Budget, Executor, Job
from osetra.core.trial import Trial
from osetra.study.hooks import Hooks
from osetra.study.loop import Driver, Watch, drive
from osetra.study.planner import Planner

CALM = 0.1
"""Seconds between looks at the log of somebody who joined: there may be hundreds."""
PLANNING = (0.5, 2.0)
"""Least and most seconds between the moments, chosen at random, at which somebody who joined plans."""
LINGER = 2.0
"""Seconds that somebody who joined stays when all is done: the best may be run again with fresh seeds."""


def join(
    planner: Planner,
    job: Job,
    executor: Executor,
    *,
    limits: Limits,
    idle: float | None = None,
    watch: Watch | None = None,
    keep_going: bool = False,
    hooks: Hooks | None = None,
) -> None:
    """Let a crew train what others plan, until the limits are reached or the study's noted target is.

    Without a limit or a target nothing is planned here: the crew waits for work, and leaves after
    `idle` seconds without any.

    Raises:
        TrainingFailed: the first trials all fail alike, and nobody wants to keep going.
        KeyboardInterrupt: after Ctrl-C, once everything has been handed back.
        SystemExit: after SIGTERM and its like, likewise.
    """
    patience = np.inf if idle is None else idle
    joiner = Joiner(planner, limits, executor.slots, False, watch, patience=patience)
    joiner.hooks = hooks or joiner.hooks
    drive(joiner, job, executor, keep_going=keep_going)


@dataclass(slots=True)
class Joiner(Driver):
    """Looks at a study like somebody who joined it."""

    patience: float = np.inf
    """Seconds without anything to train here after which the crew leaves."""
    busy_at: float = field(default_factory=time.monotonic)
    """When there was something to train here, last."""
    next_plan: float = 0.0
    done: bool = False
    """Whether nothing was left to do in the whole study when it was last planned."""
    host: str = field(default_factory=socket.gethostname)

    @property
    def tick(self) -> float:
        """Seconds between looks at the log."""
        return CALM

    @property
    def open(self) -> Limits | None:
        """The limits that hold now, for a target may be raised meanwhile; None without any."""
        own, target = self.limits, self.planner.history.target
        if own.trials is None and target:
            return replace(own, trials=target)
        return own if own.ends else None

    def mine(self, trial: Trial) -> bool:
        """Whether a trial runs on this machine: whoever runs a trial judges it."""
        return self.open is not None and trial.attempts[-1].worker.host == self.host

    def budget(self) -> Budget:
        """Return how much of the search is over; where a visit ends, the study goes on."""
        history = self.planner.history
        left = self.clock.left(history, time.monotonic() - self.started)
        limits = self.open or self.limits
        found = limits.budget(self.planner.problem, history, self.searched(history), left)
        return replace(found, seconds=np.inf)

    def note_time(self) -> None:
        """Note nothing: that a visit is over is no news of the study."""

    def note_stop(self, history: History) -> None:
        """Note nothing, likewise."""

    def fill_queue(self) -> bool:
        """Plan when its moment has come and nothing waits; False when it is time to leave."""
        history, now = self.planner.history, time.monotonic()
        if not self.next_plan:
            self.next_plan = now + _pause()
            return not self._complete(history)
        here = any(self._trains_here(trial) for trial in history.running)
        if history.queued or here:
            self.busy_at = now
        if now >= self.next_plan:
            self.next_plan = now + _pause()
            self.done = self._nothing_left(history)
        waited = now - self.busy_at
        return waited < self.patience and not (self.done and waited > LINGER)

    def _trains_here(self, trial: Trial) -> bool:
        worker = trial.attempts[-1].worker
        return worker.host == self.host and worker != self.worker

    def _complete(self, history: History) -> bool:
        """Whether the study is over, so that no worker need be started."""
        limits = self.open
        return limits is not None and history.begun >= limits.total and not history.unfinished

    def _nothing_left(self, history: History) -> bool:
        """Plan if nothing waits; True when nothing is left to plan, to wait for or to train."""
        limits = self.open
        if history.queued or limits is None:
            return False
        new = max(0.0, limits.total - history.begun)
        return not self.planner.plan(self.ahead, self.budget(), new) and not self.going(history)


def _pause() -> float:
    return random.uniform(*PLANNING)  # noqa: S311 - who goes first, no secret
