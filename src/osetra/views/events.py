"""Events: what happened in a study, newest last, each with the reason a person wants to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from osetra.core.clean import one_line
from osetra.core.facts import Noted, Outcome
from osetra.core.history import History
from osetra.core.numbers import duration, number, searched_names, settings
from osetra.core.problem import Problem
from osetra.core.trial import Attempt, Order, Trial
from osetra.views.orders import giver, order_status, order_text, outcome_text

Kind = (
    Outcome  # of an attempt
    | Literal["best", "ordered", "note"]
)

MARKS: Mapping[Kind, str] = {
    "best": "★",
    "finished": "✓",
    "diverged": "↯",
    "failed": "✗",
    "lost": "↻",
    "interrupted": "‖",
    "paused": "‖",
    "stopped": "✂",
    "rewound": "⟲",
    "ordered": "✎",
    "note": "›",
}
STYLES: Mapping[Kind, str] = {
    "best": "bold green",
    "finished": "green",
    "diverged": "yellow",
    "failed": "bold red",
    "lost": "magenta",
    "interrupted": "blue",
    "paused": "blue",
    "stopped": "dim",
    "rewound": "magenta",
    "ordered": "cyan",
    "note": "cyan",
}
_SILENT_TOPICS = ("target", "steps")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `key` tells it apart from all others of the study."""

    key: str
    time: float
    kind: Kind
    subject: str
    text: str


def events(problem: Problem, history: History) -> list[Event]:
    """Return the ends of all attempts and the notes worth reading, in the order they happened."""
    ends = [
        (attempt.ended, trial, attempt)
        for trial in history.trials.values()
        for attempt in trial.attempts
        if attempt.ended is not None and not _waits(trial, attempt)
    ]
    ends.sort(key=lambda end: (end[0], end[1].number))
    best: float | None = None
    found: list[Event] = []
    for time, trial, attempt in ends:
        value = trial.value
        new_best = (
            attempt.outcome == "finished"
            and trial.repeats is None
            and not trial.steered
            and value is not None
            and problem.objective.better(value, best)
        )
        found.append(_event(problem, trial, attempt, time, previous=best, new_best=new_best))
        best = value if new_best else best
    found += [
        Event(f"note/{entry.version}", entry.time, "note", note.topic, one_line(note.text))
        for entry, note in ((e, e.fact) for e in history.notes)
        if isinstance(note, Noted) and note.topic not in _SILENT_TOPICS
    ]
    found += [event for trial in history.trials.values() for event in _orders(problem, trial)]
    return sorted(found, key=lambda event: event.time)


def attempt_event(problem: Problem, trial: Trial, attempt: Attempt) -> Event | None:
    """Return how an attempt ended; None while it runs, or when it paused where its scheduler wanted."""
    if attempt.ended is None or _waits(trial, attempt):
        return None
    return _event(problem, trial, attempt, attempt.ended, previous=None, new_best=False)


def _waits(trial: Trial, attempt: Attempt) -> bool:
    """Whether an attempt paused where its scheduler wanted: so common that nobody wants to read it."""
    if attempt.outcome != "paused":
        return False
    mine = (o for o in trial.orders if o.verb == "pause" and o.obeyed and o.obeyed.attempt == attempt.number)
    return not any(order.by != "scheduler" for order in mine)


def _orders(problem: Problem, trial: Trial) -> list[Event]:
    """Return the orders of people and rules once something came of them, and cuts of waiting trials."""
    found = []
    for order in trial.orders:
        if order.obeyed_at is None:
            continue
        key, subject = f"{trial.number}/order/{order.number}", str(trial.number)
        if order.verb == "stop" and _after_the_last_attempt(trial, order):
            shown = settings(trial.config, searched_names(problem.space))
            text = f"{one_line(order.why) or f'stopped by {giver(order)}'}  {shown}"
            found.append(Event(key, order.obeyed_at, "stopped", subject, text))
        elif order.by != "scheduler" and order.verb not in ("stop", "pause"):
            state = order_status(trial, order)
            refused = "refused, " if state.status == "refused" else ""
            text = f"{order_text(order)}: {refused}{outcome_text(order, state)}, by {giver(order)}"
            found.append(Event(key, order.obeyed_at, "ordered", subject, text))
    return found


def _after_the_last_attempt(trial: Trial, order: Order) -> bool:
    last = trial.attempt
    return last is None or (last.ended is not None and (order.obeyed_at or 0.0) > last.ended)


def _event(
    problem: Problem, trial: Trial, attempt: Attempt, time: float, *, previous: float | None, new_best: bool
) -> Event:
    outcome: Kind = attempt.outcome or "finished"
    kind: Kind = "best" if new_best else outcome
    shown = settings(trial.config, searched_names(problem.space))
    took = duration(time - attempt.started)
    if outcome == "finished":
        was = f" (was {number(previous)})" if new_best and previous is not None else ""
        again = f" repeat of trial {trial.repeats} with a fresh seed" if trial.repeats is not None else ""
        why = f" {one_line(attempt.reason)}" if attempt.reason else ""
        text = f"{number(trial.value)}{was}{again}{why}  {took}  {shown}"
    elif outcome in ("stopped", "paused", "rewound") and attempt.reason:
        text = f"{one_line(attempt.reason)}  {took}  {shown}"
    elif outcome in ("lost", "interrupted"):
        then = "back in the queue" if trial.state != "failed" else "given up"
        text = f"{outcome} after {took}: {one_line(attempt.reason) or 'no reason given'}; {then}"
    else:
        text = f"{outcome} after {took}: {one_line(attempt.reason) or 'no reason given'}  {shown}"
    return Event(f"{trial.number}/{attempt.number}", time, kind, str(trial.number), text)
