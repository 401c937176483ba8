"""The loop: plan what is missing, let a crew work, give up what is lost, until nothing is left to do.

Any number of programs may turn this loop on one study at once: each plans only what is missing, and
the store's keys keep them from doing it twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from osetra.core.facts import Fact, Noted, Origin, Suggested
from osetra.core.history import History
from osetra.core.ports import Crew, Executor, Job, Searcher, Store, Suggestion
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.errors import Conflict
from osetra.executors.worker import append_patiently, give_up_lost
from osetra.interrupts import GracefulStop

TICK = 0.02
"""Seconds between looks at the log."""
WATCH = 0.25
"""Seconds between calls of `watch`."""
REAP = 1.0
"""Seconds between searches for lost workers."""

Watch = Callable[[History], None]


@dataclass(slots=True)
class Planner:
    """Reads the log of a study and adds suggestions to it."""

    store: Store
    problem: Problem
    searcher: Searcher
    seed: int
    _history: History

    @property
    def history(self) -> History:
        """Everything known so far, read up to this moment."""
        points, cursor = self.store.read_points(self._history.curves.cursor)
        entries = self.store.read(self._history.version)
        self._history = self._history.extend(entries, points, cursor)
        return self._history

    def plan(self, count: int) -> list[Trial]:
        """Queue up to `count` trials of the searcher's choice; none means that it knows no more.

        When another program was faster, its trials are returned instead: a suggestion that did not
        know of them might repeat one.
        """
        history = self.history
        rng = np.random.default_rng((self.seed, history.next_trial))
        suggestions = self.searcher.suggest(self.problem, history, count, rng)
        if not suggestions:
            return []
        self.append(self._facts(history, suggestions, "searcher", self.searcher.name, None))
        trials = self.history.trials
        return [trials[n] for n in range(history.next_trial, len(trials) + 1)]

    def suggest(
        self, suggestions: Sequence[Suggestion], origin: Origin, by: str, repeats: int | None = None
    ) -> list[Trial]:
        """Queue trials whatever else has been queued meanwhile, and return them."""
        history = self.history
        while not self.append(self._facts(history, suggestions, origin, by, repeats)):
            history = self.history
        first = history.next_trial
        return [self.history.trials[n] for n in range(first, first + len(suggestions))]

    def _facts(
        self,
        history: History,
        suggestions: Sequence[Suggestion],
        origin: Origin,
        by: str,
        repeats: int | None,
    ) -> list[Fact]:
        """Return the facts that queue suggestions as the next trials of a history."""
        notes: list[Fact] = [
            note for s in suggestions for note in s.notes if note not in history.noted(note.topic)
        ]
        return notes + [
            Suggested(n, s.config, _seed(self.seed, n), origin, by, s.why, history.version, repeats)
            for n, s in enumerate(suggestions, start=history.next_trial)
        ]

    def append(self, facts: Sequence[Fact]) -> bool:
        """Append facts; False when somebody established one of them first."""
        try:
            append_patiently(self.store, facts)
        except Conflict:
            return False
        return True

    def aim(self, trials: int) -> None:
        """Note that the study is to have this many trials in total."""
        if trials not in {note.data.get("trials") for note in self.history.noted("target")}:
            self.append([Noted("target", str(trials), f"{trials} trials in total", {"trials": trials})])


def work(
    planner: Planner,
    job: Job,
    executor: Executor,
    *,
    total: float,
    minutes: float | None = None,
    watch: Watch | None = None,
) -> None:
    """Let a crew work until the study has `total` trials and none is unfinished, or time is up.

    Raises:
        KeyboardInterrupt: after Ctrl-C, once everything has been handed back.
        SystemExit: after SIGTERM or SIGHUP, likewise.
    """
    with GracefulStop() as stop:
        give_up_lost(planner.store, planner.history)
        if not _fill_queue(planner, executor.slots, total, job.repeats_only):
            return
        crew = executor.start(job, planner.store)
        stop.on_request(crew.request_stop)
        deadline = np.inf if minutes is None else time.monotonic() + 60 * minutes
        pace = _Pace()
        try:
            with _alarm(minutes, crew.request_stop):
                while not stop.requested and time.monotonic() < deadline:
                    if not _fill_queue(planner, executor.slots, total, job.repeats_only):
                        break
                    _turn(planner, crew, pace, watch)
        finally:
            _dismiss(crew, stop)
            give_up_lost(planner.store, planner.history)
            if watch is not None:
                watch(planner.history)
    stop.carry_out()


@dataclass(slots=True)
class _Pace:
    """When the rarer parts of a turn were last done."""

    reaped: float = 0.0
    watched: float = 0.0


def _turn(planner: Planner, crew: Crew, pace: _Pace, watch: Watch | None) -> None:
    now = time.monotonic()
    if now - pace.reaped > REAP:
        pace.reaped = now
        give_up_lost(planner.store, planner.history)
    crew.tick(TICK)
    if watch is not None and now - pace.watched > WATCH:
        pace.watched = now
        watch(planner.history)


def _fill_queue(planner: Planner, slots: int, total: float, repeats_only: bool) -> bool:
    """Plan what is missing; False when everything has ended and nothing is missing."""
    history = planner.history
    if repeats_only:
        return any(history.trials[n].repeats is not None for n in history.unfinished)
    ahead = slots * planner.searcher.lookahead if slots > 1 else 1
    missing = min(total - len(history.searched), ahead - len(history.queued))
    if missing > 0 and planner.plan(int(missing)):
        return True
    return bool(history.unfinished)


def _dismiss(crew: Crew, stop: GracefulStop) -> None:
    """End all workers; a second Ctrl-C while they hand back kills them."""
    while True:
        try:
            crew.stop(kill=stop.kill)
        except KeyboardInterrupt:
            continue
        return


@contextmanager
def _alarm(minutes: float | None, action: Callable[[], None]) -> Iterator[None]:
    """Call `action` after some minutes, for an inline training keeps this thread busy beyond them."""
    if minutes is None:
        yield
        return
    timer = threading.Timer(60 * minutes, action)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _seed(study: int, trial: int) -> int:
    return int(np.random.default_rng((study, trial, 1)).integers(2**31))
