"""Plain progress for logs and pipes: one line per event and a summary now and then, nothing redrawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from osetra.core.history import History
from osetra.core.numbers import number
from osetra.core.problem import Problem
from osetra.views.events import MARKS, Event, EventStream
from osetra.views.progress import Progress, begun_text, progress_text

SUMMARY = 60.0
"""Seconds between two summaries."""


@dataclass(slots=True)
class StudyLines:
    """Called with the history while a study runs; writes a line for each thing that happened since."""

    progress: Progress
    write: Callable[[str], object]
    stream: EventStream
    """What it has returned already is not written."""
    _summed: float = field(default_factory=time.monotonic)

    def __call__(self, history: History) -> None:
        """Write what is new."""
        for event in self.stream.new(history):
            self.write(event_text(event))
        now = time.monotonic()
        if now - self._summed >= SUMMARY:
            self._summed = now
            self.write(summary_text(self.progress, history, time.time()))


def event_text(event: Event) -> str:
    """Return an event as a line of a log."""
    subject = f"trial {event.subject}" if event.subject.isdigit() else event.subject
    return f"{MARKS[event.kind]} {subject}: {event.text}"


def summary_text(progress: Progress, history: History, now: float) -> str:
    """Return how far the study is and how good the best is, on one line."""
    problem = progress.problem
    parts = [progress_text(progress, history, now), begun_text(progress, history)]
    parts += [_busy(history), best_text(problem, history)]
    return f"… {'  '.join(filter(None, parts))}"


def best_text(problem: Problem, history: History) -> str:
    """Return `best val_loss 0.0412 in trial 9`, or that there is none."""
    best = history.best(problem.objective)
    if best is None:
        return "no result yet"
    return f"best {problem.objective.metric} {number(best.value)} in trial {best.number}"


def _busy(history: History) -> str:
    counts = {"running": len(history.running), "paused": len(history.paused)}
    stopped = sum(trial.state == "stopped" for trial in history.ended)
    parts = [f"{n} {state}" for state, n in {**counts, "stopped": stopped}.items() if n or state == "running"]
    return "  ".join(parts)
