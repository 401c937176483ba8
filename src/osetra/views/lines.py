"""Plain progress for logs and pipes: one line per event and a summary now and then, nothing redrawn."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from osetra.core.clean import name_text
from osetra.core.history import History
from osetra.core.numbers import number, searched_names, settings
from osetra.core.problem import Problem
from osetra.effects.front import front_of, nothing_fits
from osetra.errors import NothingFinished
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


def overview(problem: Problem, history: History, name: str) -> str:
    """Return what a study asks, how far it is and its best configuration, on two lines."""
    best = history.best(problem.objective)
    states = Counter(trial.state for trial in history.trials.values())
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    trials = f"{len(history.trials)} trials{f' ({counts})' if counts else ''}"
    head = f"{name}: {goals_text(problem)}, {trials}"
    if best is None or problem.others:
        return f"{head}\n{best_text(problem, history)}"
    config = settings(best.config, searched_names(problem.space))
    return f"{head}\n{best_text(problem, history)}  {config}"


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
    if problem.others:
        return _front_text(problem, history)
    best = history.best(problem.objective)
    if best is None:
        return nothing_fits(problem, history) or "no result yet"
    return f"best {name_text(problem.objective.metric)} {number(best.value)} in trial {best.number}"


def goals_text(problem: Problem) -> str:
    """Return `minimize val_loss, maximize accuracy; latency_ms<=20`."""
    goals = ", ".join(f"{one.direction} {name_text(one.metric)}" for one in problem.objectives)
    return "; ".join([goals, *(f"{name_text(bound.metric)}{bound.rule}" for bound in problem.bounds)])


def _front_text(problem: Problem, history: History) -> str:
    """Return `front of 5; knee val_loss 0.04, latency_ms 7 in trial 9`, or why there is none."""
    try:
        front = front_of(problem, history)
    except NothingFinished as error:
        return f"{error}" if history.finished else "no result yet"
    knee = front.knee
    worth = ", ".join(f"{name_text(metric)} {number(value)}" for metric, value in knee.values.items())
    return f"front of {len(front)}; knee {worth} in trial {knee.number}"


def _busy(history: History) -> str:
    counts = {"running": len(history.running), "paused": len(history.paused)}
    stopped = sum(trial.state == "stopped" for trial in history.ended)
    parts = [f"{n} {state}" for state, n in {**counts, "stopped": stopped}.items() if n or state == "running"]
    return "  ".join(parts)
