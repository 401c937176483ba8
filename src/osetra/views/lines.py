"""Plain progress for logs and pipes: one line per event and a summary now and then, nothing redrawn."""

from __future__ import annotations

from collections.abc import Container

from osetra.core.history import History
from osetra.core.numbers import number
from osetra.core.problem import Problem
from osetra.views.events import MARKS, Event, events
from osetra.views.progress import Budget
from osetra.views.terminal.block import progress_text


def fresh_events(problem: Problem, history: History, told: Container[str]) -> list[Event]:
    """Return the events whose keys are not in `told`."""
    return [event for event in events(problem, history) if event.key not in told]


def event_text(event: Event) -> str:
    """Return an event as a line of a log."""
    subject = f"trial {event.subject}" if event.subject.isdigit() else event.subject
    return f"{MARKS[event.kind]} {subject}: {event.text}"


def summary_text(problem: Problem, history: History, budget: Budget, now: float) -> str:
    """Return how far the study is and how good the best is, on one line."""
    best = history.best(problem.objective)
    metric = problem.objective.metric
    reached = (
        "no result yet" if best is None else f"best {metric} {number(best.value)} in trial {best.number}"
    )
    return f"… {progress_text(history, budget, now)}  {_busy(history)}  {reached}"


def _busy(history: History) -> str:
    counts = {"running": len(history.running), "paused": len(history.paused)}
    stopped = sum(trial.state == "stopped" for trial in history.ended)
    parts = [f"{n} {state}" for state, n in {**counts, "stopped": stopped}.items() if n or state == "running"]
    return "  ".join(parts)
