"""A worker's slots on stderr: a live block in a terminal, lines elsewhere."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.text import Text

from osetra.core.history import History
from osetra.core.ports import Crew, Job, Store
from osetra.core.problem import Problem
from osetra.core.trial import Attempt, Trial
from osetra.executors.processes import ProcessCrew, Processes
from osetra.tuning.locations import Location
from osetra.views.events import attempt_event
from osetra.views.lines import SUMMARY, event_text
from osetra.views.terminal.block import event_line
from osetra.views.terminal.screen import live_screen
from osetra.views.terminal.slots import slots_block, start_line, study_text
from osetra.views.terminal.study_display import REDRAW

UNDONE = {"paused": "paused", "rewound": "rolled back", "interrupted": "handed back", "lost": "lost"}
"""Ends of an attempt after which the trial goes on, here or elsewhere, and how they are called."""


@dataclass(slots=True)
class WorkerDisplay:
    """An executor that remembers its crew, and shows what becomes of the trials that it takes."""

    problem: Problem
    console: Console
    executor: Processes
    _crew: ProcessCrew | None = None
    _live: Live | None = None
    _slot: dict[int, int] = field(default_factory=dict)
    """The slot of every supervisor there has been, by its process id."""
    _open: frozenset[int] = frozenset()
    """Trials that were unfinished at the last look."""
    _next: int = 1
    _begun: set[tuple[int, int]] = field(default_factory=set)
    _reported: set[tuple[int, int]] = field(default_factory=set)
    _ended: dict[str, int] = field(default_factory=dict)
    """How many attempts of ours ended, by outcome."""
    _drawn: float = 0.0
    _summed: float = field(default_factory=time.monotonic)

    @property
    def slots(self) -> int:
        """How many trainings run at once."""
        return self.executor.slots

    def start(self, job: Job, store: Store) -> Crew:
        """Start the workers."""
        self._crew = self.executor.start(job, store)
        return self._crew

    @contextmanager
    def open(self, location: Location, history: History, what: str) -> Iterator[WorkerDisplay]:
        """Say who joins what, and show the slots at work."""
        objective = self.problem.objective
        goal = f"{objective.direction} {objective.metric}, {study_text(self.problem, history)}"
        head = Text.assemble((location.name, "bold"), f"  {location.address}  ", (goal, "dim"))
        self.console.print(head, soft_wrap=True)
        slots = (
            ", ".join(self._labels()) if self.executor.gpus else f"{self.slots} slot{'s'[: self.slots > 1]}"
        )
        who = Text(f"worker on {socket.gethostname()}: {slots}, trains {what}", "dim")
        self.console.print(who, soft_wrap=True)
        self._open, self._next = frozenset(history.unfinished), history.next_trial
        with live_screen(self.console) as self._live:
            yield self

    def __call__(self, history: History) -> None:
        """Show what is new."""
        if self._crew is not None:
            self._slot |= self._crew.supervisors
        running: dict[int, Trial] = {}
        fresh = range(self._next, history.next_trial)
        for number in sorted({*self._open, *history.unfinished, *fresh}):
            trial = history.trials[number]
            for attempt in trial.attempts:
                self._report(trial, attempt)
            last = trial.attempt
            if last is not None and last.ended is None and self._ours(last):
                running[self._slot[last.worker.pid]] = trial
        self._open, self._next = frozenset(history.unfinished), history.next_trial
        now = time.monotonic()
        if self._live is not None and now - self._drawn >= REDRAW:
            self._drawn = now
            width = self.console.size.width
            block = slots_block(self.problem, history, running, self._labels(), width)
            self._live.update(block, refresh=True)
        elif self._live is None and now - self._summed >= SUMMARY:
            self._summed = now
            self.console.print(Text(f"… {study_text(self.problem, history)}"), soft_wrap=True)

    def summarize(self, history: History) -> None:
        """Say what was done here, and how far the study is."""
        done = sum(count for outcome, count in self._ended.items() if outcome not in UNDONE)
        parts = [f"{done} trial{'s'[: done != 1]} trained here"]
        parts += [f"{self._ended[key]} {what}" for key, what in UNDONE.items() if key in self._ended]
        text = Text.assemble((", ".join(parts), "bold"), f"; {study_text(self.problem, history)}")
        self.console.print(text, soft_wrap=True)

    def _report(self, trial: Trial, attempt: Attempt) -> None:
        """Print that an attempt of ours began, in a log, and how it ended."""
        key = (trial.number, attempt.number)
        if key in self._reported or not self._ours(attempt):
            return
        if key not in self._begun and self._live is None and attempt is trial.attempt:
            text = start_line(self.problem, trial, f"slot {attempt.worker.slot}")
            self.console.print(Text(text), soft_wrap=True)
        self._begun.add(key)
        if attempt.ended is None:
            return
        self._reported.add(key)
        outcome = attempt.outcome or "finished"
        self._ended[outcome] = self._ended.get(outcome, 0) + 1
        event = attempt_event(self.problem, trial, attempt)
        if event is not None and self._live is not None:
            self.console.print(event_line(event, self.console.size.width))
        elif event is not None:
            self.console.print(event_text(event), soft_wrap=True)

    def _ours(self, attempt: Attempt) -> bool:
        return attempt.worker.pid in self._slot and attempt.worker.host == socket.gethostname()

    def _labels(self) -> list[str]:
        gpus = self.executor.gpus
        return [f"slot {n}" + (f"  GPU {gpus[n % len(gpus)]}" if gpus else "") for n in range(self.slots)]
