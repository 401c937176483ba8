"""Events: what happened in a study, newest last, each with the reason a person wants to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from osetra.cli.views.clean import one_line
from osetra.cli.views.numbers import duration, number, searched_names, settings
from osetra.core.facts import Noted
from osetra.core.history import History
from osetra.core.problem import Problem
from osetra.core.trial import Attempt, Trial

Kind = Literal[
    "best", "finished", "diverged", "failed", "lost", "interrupted", "paused", "stopped", "rewound", "note"
]

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
    "note": "cyan",
}
_SILENT_TOPICS = ("target",)


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
        if attempt.ended is not None
    ]
    ends.sort(key=lambda end: (end[0], end[1].number))
    best: float | None = None
    told: list[Event] = []
    for time, trial, attempt in ends:
        value = trial.value
        new_best = (
            attempt.outcome == "finished"
            and trial.repeats is None
            and value is not None
            and problem.objective.better(value, best)
        )
        told.append(_event(problem, trial, attempt, time, previous=best, new_best=new_best))
        best = value if new_best else best
    told += [
        Event(f"note/{entry.version}", entry.time, "note", note.topic, one_line(note.text))
        for entry, note in ((e, e.fact) for e in history.notes)
        if isinstance(note, Noted) and note.topic not in _SILENT_TOPICS
    ]
    return sorted(told, key=lambda event: event.time)


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
        text = f"{number(trial.value)}{was}{again}  {took}  {shown}"
    elif outcome in ("lost", "interrupted"):
        then = "back in the queue" if trial.state != "failed" else "given up"
        text = f"{outcome} after {took}: {one_line(attempt.reason) or 'no reason given'}; {then}"
    else:
        text = f"{outcome} after {took}: {one_line(attempt.reason) or 'no reason given'}  {shown}"
    return Event(f"{trial.number}/{attempt.number}", time, kind, str(trial.number), text)
