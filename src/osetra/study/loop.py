"""The loop: plan what is missing, let a crew work, give up what is lost, until nothing is left to do.

Any number of programs may turn this loop on one study at once: each plans only what is missing, and
the store's keys keep them from doing it twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from osetra.core.facts import Worker
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.ports import Budget, Crew, Executor, Job
from osetra.core.retention import spare
from osetra.core.trial import Trial
from osetra.errors import StoreFull
from osetra.executors.identity import this_process
from osetra.executors.leases import LeaseClock, give_up_lost
from osetra.study.failfast import FirstFailures
from osetra.study.goals import GoalWatch
from osetra.study.hooks import Hooks
from osetra.study.planner import Planner
from osetra.study.signals import GracefulStop
from osetra.study.time_limit import Reserve, TimeLimit
from osetra.training.checkpoints import clean

log = logging.getLogger("osetra")

MOST_STEPS = 2**40
"""More steps than any training has."""
TICK = 0.02
"""Seconds between looks at the log."""
WATCH = 0.25
"""Seconds between calls of `watch`."""
REAP = 1.0
"""Seconds between searches for lost workers."""
TIDY = 20.0
"""Seconds between looks at what the depot holds."""

Watch = Callable[[History], None]


def work(
    planner: Planner,
    job: Job,
    executor: Executor,
    *,
    limits: Limits,
    watch: Watch | None = None,
    keep_going: bool = True,
    reserve: Reserve = 0.0,
    hooks: Hooks | None = None,
) -> None:
    """Let a crew work until the limits are reached and nothing unfinished is left to do.

    `reserve` is what of the minutes is kept for what follows; `hooks` are the user's functions to call.

    Raises:
        TrainingFailed: the first trials all fail alike, and nobody wants to keep going.
        KeyboardInterrupt, SystemExit: after Ctrl-C, after SIGTERM; everything has been handed back.
    """
    driver = Driver(planner, limits, executor.slots, job.repeats_only, watch)
    driver.hooks = hooks or driver.hooks
    drive(driver, job, executor, keep_going=keep_going, reserve=reserve)


def drive(driver: Driver, job: Job, executor: Executor, *, keep_going: bool, reserve: Reserve = 0.0) -> None:
    """Turn the loop until there is nothing left to do or somebody asks to stop."""
    planner = driver.planner
    driver.clock = TimeLimit(driver.limits.minutes, reserve)
    failures = FirstFailures.of(planner.history, keep_going=keep_going)
    with GracefulStop() as stop, driver.hooks.followed(lambda: planner.history):
        driver.give_up(planner.history)
        if driver.goal_is_met() or driver.told_to_stop() or not driver.fill_queue():
            return
        # Who trains in this very thread leaves no other moment to judge and to show.
        job = replace(job, between=driver.look if planner.policy.judges else None, meanwhile=driver.show)
        crew = executor.start(job, planner.store)
        stop.on_request(crew.request_stop)
        driver.at_end = crew.request_stop
        try:
            while not (stop.requested or driver.is_over()):
                if not driver.fill_queue():
                    break
                driver.reap()
                crew.tick(driver.tick)
                driver.look()
                failures.check(planner.history)
        finally:
            _dismiss(crew, stop)
            driver.give_up(planner.history)
            driver.note_time()
            planner.notice_length()
            if driver.watch is not None:
                driver.watch(planner.history)
    stop.carry_out()


@dataclass(slots=True)
class Driver:
    """Drives a study: what one look at it does, and when the rarer parts were last done."""

    planner: Planner
    limits: Limits
    slots: int
    repeats_only: bool
    watch: Watch | None
    worker: Worker = field(default_factory=this_process)
    """This process, in whose name `ask` claims trials: they run until the program tells how they ended."""
    started: float = field(default_factory=time.monotonic)
    leases: LeaseClock = field(default_factory=LeaseClock)
    reaped: float = 0.0
    tidied: float = 0.0
    watched: float = 0.0
    planned: float = 0.0
    planned_at: tuple[int, int] = (-1, -1)
    """Version of the log and of the curves at the last plan that found nothing to do."""
    judged: dict[int, int] = field(default_factory=dict)
    """How many points of each trial the policy has seen."""
    clock: TimeLimit = field(default_factory=TimeLimit)
    at_end: Callable[[], None] = lambda: None
    """Asks the crew to hand back what runs."""
    is_late: bool = False
    """Whether the time is used up."""
    goal: GoalWatch | None = None
    hooks: Hooks = field(default_factory=Hooks)
    is_stopped: bool = False
    """Whether a hook has ended the search."""
    known: tuple[int, int] | None = None
    """What had been reported, and how many trials had ended or waited, when the search began."""
    silence: float | None = None
    """Seconds until anything was reported, once it was."""

    @property
    def tick(self) -> float:
        """Seconds between looks at the log."""
        return TICK

    @property
    def ahead(self) -> int:
        """How many trials may wait in the queue."""
        return self.slots * self.planner.searcher.lookahead if self.slots > 1 else 1

    def give_up(self, history: History) -> None:
        """Give up what is lost."""
        store = self.planner.store
        try:
            give_up_lost(store, history, watched=self.leases.watched(store) if history.running else 0.0)
        except StoreFull:
            self.leases.restart()

    def reap(self) -> None:
        """Give up what is lost and delete the checkpoints that nobody needs, now and then."""
        now = time.monotonic()
        if now - self.reaped > REAP:
            self.reaped = now
            history = self.planner.history
            self.give_up(history)
            sign = self.planner.problem.objective.sign
            clean(self.planner.store.checkpoints, history, sign)
            depot = self.planner.store.depot
            if depot is not None and now - self.tidied > TIDY:
                self.tidied = now
                depot.drop(sorted(spare(set(depot.names()), history, sign)))

    def is_over(self) -> bool:
        """Whether the time is used up, the goal is reached or a hook has said that it is enough."""
        return self.time_is_up() or self.goal_is_met() or self.told_to_stop()

    def time_is_up(self) -> bool:
        """Whether the time is used up; the first one to see it asks the crew to hand back what runs."""
        if not self.is_late and self.clock.minutes is not None:
            self.is_late = self.clock.is_over(self.planner.history, time.monotonic() - self.started)
            if self.is_late:
                self.at_end()
        return self.is_late

    def goal_is_met(self) -> bool:
        """Whether the goal is reached; the first one to see it notes that, and has the crew hand back."""
        if self.repeats_only or self.limits.until is None:
            return False
        if self.goal is None:
            self.goal = GoalWatch(self.limits.until, self.planner.problem)
        known, note = self.goal.reached, self.goal.look(self.planner.history)
        if note is not None and known is None:
            if note not in self.planner.history.noted(note.topic):
                self.planner.append([note])
            self.at_end()
        return note is not None

    def told_to_stop(self) -> bool:
        """Tell hooks what has ended; whether they end the search, which is noted, and the crew hands back."""
        if self.hooks.any and self.hooks.look(history := self.planner.history) and not self.is_stopped:
            self.is_stopped = True
            self.note_stop(history)
            self.at_end()
        return self.is_stopped

    def note_stop(self, history: History) -> None:
        """Note that a hook ended the search; that fresh seeds were cut short is no news of it."""
        if not self.repeats_only:
            self.planner.append([self.hooks.note(history)])

    def note_time(self) -> None:
        """Note that the search ended because its time was used up, if it did."""
        if self.is_late and not self.repeats_only:
            seconds = time.monotonic() - self.started
            self.planner.append([self.clock.used_up(self.planner.history, seconds)])

    def look(self) -> None:
        """Judge what runs, and show it."""
        if self.planner.policy.judges and not self.repeats_only:
            self.planner.judge(self.budget(), self.judged, self.mine)
        self.show()

    def show(self) -> None:
        """Show what is new, a few times a second; nobody else looks at the clock while this thread trains."""
        self.time_is_up()
        now = time.monotonic()
        if now - self.watched > WATCH:
            self.watched = now
            self.searched(self.planner.history)
            self.told_to_stop()
            if self.watch is not None:
                self.watch(self.planner.history)

    def mine(self, trial: Trial) -> bool:
        """Whether a running trial is judged here; two verdicts on one trial do no harm."""
        return True

    def budget(self) -> Budget:
        """Return how much of the search is over."""
        seconds, history = time.monotonic() - self.started, self.planner.history
        left = self.clock.left(history, seconds)
        found = self.limits.budget(self.planner.problem, history, self.searched(history), left)
        return replace(found, workers=max(1, self.slots))

    def searched(self, history: History) -> float:
        """Return the seconds since the first report: before, programs start and read their data."""
        seconds = time.monotonic() - self.started
        if self.silence is None:
            over = len(history.trials) - len(history.queued) - len(history.running)
            heard = (history.curves.cursor, over)
            self.known = self.known or heard
            self.silence = None if heard == self.known else seconds
        return 0.0 if self.silence is None else seconds - self.silence

    def going(self, history: History) -> bool:
        """Whether anything waits for a worker or runs; what this program asked for, only it can end."""
        running = (t for t in history.running if t.attempts[-1].worker != self.worker)
        begun = [*history.queued, *running]
        return any(t.repeats is not None for t in begun) if self.repeats_only else bool(begun)

    def fill_queue(self) -> bool:
        """Plan what is missing; False when nothing runs or waits and nothing is missing."""
        history = self.planner.history
        busy = self.going(history)
        if self.repeats_only:
            return busy
        room = self.ahead - len(history.queued)
        at, now = (history.version, history.curves.cursor), time.monotonic()
        if room <= 0 or (busy and at == self.planned_at and now - self.planned < WATCH):
            return busy
        new = max(0.0, self.limits.total - history.begun)
        if self.planner.plan(room, self.budget(), new):
            return True
        self.planned, self.planned_at = now, at
        return self.going(self.planner.history)


def _dismiss(crew: Crew, stop: GracefulStop) -> None:
    """End all workers; a second Ctrl-C while they hand back kills them."""
    while True:
        try:
            crew.stop(kill=stop.kill)
        except KeyboardInterrupt:
            continue
        return
