"""Events: what happened in a study, newest last, each with the reason a person wants to read."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import chain
from typing import Literal

from osetra.core.clean import one_line
from osetra.core.edits import spaces
from osetra.core.facts import Edited, Entry, Noted, Outcome
from osetra.core.history import History
from osetra.core.numbers import duration, number, searched_names, settings
from osetra.core.outcomes import measured
from osetra.core.problem import Problem
from osetra.core.space import difference
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
_SILENT_TOPICS = ("target", "steps", "accepts", "returned", "unkept", "length", "attr")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `key` tells it apart from all others of the study."""

    key: str
    time: float
    kind: Kind
    subject: str
    text: str


@dataclass(slots=True)
class EventStream:
    """What happened since the last look, at a cost that does not grow with the study."""

    problem: Problem
    _best: float | None = None
    _seen: History = field(default_factory=History)

    def new(self, history: History) -> list[Event]:
        """Return the ends of attempts, what came of orders, and the notes since the last call, in order."""
        before, self._seen = self._seen, history
        changed = [(before.trials.get(t.number), t) for t in history.trials.since(before.trials)]
        found = self._ends(changed, history) + notes(history.notes[len(before.notes) :])
        found += edits(history, len(before.edits))
        for old, trial in changed:
            known = set() if old is None else {order.number for order in old.orders if not order.pending}
            found += _orders(self.problem, trial, known)
        return sorted(found, key=lambda event: event.time)

    def _ends(self, changed: Sequence[tuple[Trial | None, Trial]], history: History) -> list[Event]:
        ends = []
        for old, trial in changed:
            known = 0 if old is None else sum(attempt.ended is not None for attempt in old.attempts)
            ends += [(a.ended, trial, a) for a in trial.attempts[known:] if a.ended is not None]
        found = []
        for time, trial, attempt in sorted(ends, key=lambda end: (end[0], end[1].number)):
            if _waits(trial, attempt):
                continue
            event = _ended(self.problem, history, trial, attempt, time, self._best)
            found.append(event)
            self._best = trial.value if event.kind == "best" else self._best
        return found


def events(problem: Problem, history: History) -> list[Event]:
    """Return the ends of all attempts and the notes worth reading, in the order they happened."""
    return EventStream(problem).new(history)


def notes(entries: Sequence[Entry]) -> list[Event]:
    """Return the notes that are worth reading."""
    return [
        Event(f"note/{entry.version}", entry.time, "note", note.topic, one_line(note.text))
        for entry, note in ((e, e.fact) for e in entries)
        if isinstance(note, Noted) and note.topic not in _SILENT_TOPICS
    ]


def edits(history: History, known: int) -> list[Event]:
    """Return the edits of space and limits behind the first `known` ones."""
    found, all_spaces = [], spaces(history)[known:]
    for entry, old, new in zip(history.edits[known:], all_spaces, all_spaces[1:], strict=False):
        if isinstance(entry.fact, Edited):
            by = f", by {one_line(entry.fact.actor)}" if entry.fact.actor else ""
            why = f" ({one_line(entry.fact.why)})" if entry.fact.why else ""
            limits = entry.fact.limits
            said = ", ".join(metric + rule for metric, rule in limits.items()) if limits else "none"
            asked = [f"limits: {said}"] if isinstance(limits, dict) else []
            text = one_line("; ".join([*difference(old, new), *asked])) + by + why
            found.append(Event(f"edit/{entry.version}", entry.time, "note", "space", text))
    return found


def latest_events(problem: Problem, history: History, count: int) -> list[Event]:
    """Return the last `count` of `events`, newest first, without writing all of them."""
    moments = chain.from_iterable(history.trials.derived(_moments))
    recent = {trial for _, trial in nlargest(count, moments)}
    trials = [history.trials[trial] for trial in sorted(recent)]
    found = notes(history.notes[-count:]) + edits(history, max(0, len(history.edits) - count))
    for trial in trials:
        found += _orders(problem, trial, set())
    before = _best_before(problem, history)
    for trial in trials:
        for attempt in trial.attempts:
            if attempt.ended is not None and not _waits(trial, attempt):
                best = before.get(trial.number)
                found.append(_ended(problem, history, trial, attempt, attempt.ended, best))
    return sorted(found, key=lambda event: event.time, reverse=True)[:count]


def _best_before(problem: Problem, history: History) -> dict[int, float]:
    """Return the best value before each finished trial, by number; nothing for those up to the first."""
    best: float | None = None
    found: dict[int, float] = {}
    breaking = history.unfit
    for _, trial, value in sorted(chain.from_iterable(history.trials.derived(_results))):
        if best is not None:
            found[trial] = best
        fits = trial not in breaking and problem.objective.better(value, best)
        best = value if fits else best
    return found


def _results(trials: Sequence[Trial]) -> list[tuple[float, int, float]]:
    """Return when the plain trials of a block finished, and with which value."""
    done = (t for t in trials if t.state == "finished" and t.repeats is None and t.value is not None)
    return [
        (t.attempts[-1].ended or 0.0, t.number, t.value or 0.0) for t in done if t.attempts and not t.steered
    ]


def _moments(trials: Sequence[Trial]) -> list[tuple[float, int]]:
    """Return when something happened to the trials of a block that an event tells of, and to which one."""
    found = [(a.ended, t.number) for t in trials for a in t.attempts if a.ended is not None]
    return found + [(o.obeyed_at, t.number) for t in trials for o in t.orders if o.obeyed_at is not None]


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


def _orders(problem: Problem, trial: Trial, known: Container[int]) -> list[Event]:
    """Return the orders of people and rules once something came of them, and cuts of waiting trials."""
    found = []
    for order in trial.orders:
        if order.obeyed_at is None or order.number in known:
            continue
        key, subject = f"{trial.number}/order/{order.number}", str(trial.number)
        if order.verb == "stop" and _after_the_last_attempt(trial, order):
            config = settings(trial.config, searched_names(problem.space))
            text = f"{one_line(order.why) or f'stopped by {giver(order)}'}  {config}"
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


def _ended(
    problem: Problem, history: History, trial: Trial, attempt: Attempt, time: float, best: float | None
) -> Event:
    """Return how an attempt ended, when the best before it was worth so much."""
    plain = attempt.outcome == "finished" and trial.repeats is None and not trial.steered
    alone = not problem.others and trial.number not in history.unfit
    new_best = plain and alone and trial.value is not None and problem.objective.better(trial.value, best)
    beside = "" if problem.plain or attempt.outcome != "finished" else beside_text(problem, history, trial)
    return _event(problem, trial, attempt, time, previous=best, new_best=new_best, beside=beside)


def beside_text(problem: Problem, history: History, trial: Trial) -> str:
    """Return `, latency_ms 24.1, which breaks latency_ms<=20`: what else counts of a finished trial."""
    parts = []
    rules = {bound.metric: bound for bound in problem.bounds}
    for metric in dict.fromkeys([*(one.metric for one in problem.others), *rules]):
        worth, rule = measured(history, trial, problem.objective, metric), rules.get(metric)
        said = f", {metric} {number(worth)}" if metric != problem.objective.metric else ""
        broken = rule is not None and not math.isnan(worth) and rule.excess(worth) > 0
        parts.append(said + (f", which breaks {rule}" if broken else ""))
    return "".join(parts)


def _event(
    problem: Problem,
    trial: Trial,
    attempt: Attempt,
    time: float,
    *,
    previous: float | None,
    new_best: bool,
    beside: str = "",
) -> Event:
    outcome: Kind = attempt.outcome or "finished"
    kind: Kind = "best" if new_best else outcome
    config = settings(trial.config, searched_names(problem.space))
    took = duration(time - attempt.started)
    if outcome == "finished":
        was = f" (was {number(previous)})" if new_best and previous is not None else ""
        again = f" repeat of trial {trial.repeats} with a fresh seed" if trial.repeats is not None else ""
        why = f", {one_line(attempt.reason)}" if attempt.reason else ""
        text = f"{number(trial.value)}{was}{beside}{again}{why}  {took}  {config}"
    elif outcome in ("stopped", "paused", "rewound") and attempt.reason:
        text = f"{one_line(attempt.reason)}  {took}  {config}"
    elif outcome in ("lost", "interrupted"):
        then = "back in the queue" if trial.state != "failed" else "given up"
        text = f"{outcome} after {took}: {one_line(attempt.reason) or 'no reason given'}; {then}"
    else:
        text = f"{outcome} after {took}: {one_line(attempt.reason) or 'no reason given'}  {config}"
    return Event(f"{trial.number}/{attempt.number}", time, kind, str(trial.number), text)
