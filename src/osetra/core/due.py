"""Due: when a setting is to be tested again, and whether that time has come."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from osetra.core.history import History

CHECKED, RELEASED = "checkin", "release"
"""Topics of the notes of re-tests, and of settings that went into use."""
DAYS, LONGER, YEAR = 90, 1.5, 365
"""Until the next re-test: at first, times what after all was well, at most."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Due:
    """When a setting is to be tested again."""

    since: float
    """When it was chosen or tested last, in seconds since 1970."""
    date: str
    """When it is to be tested again."""
    days: int
    """That have passed since."""
    overdue: bool
    outcome: str = ""
    """Of the last re-test; empty when there was none."""


def due_of(history: History, now: float) -> Due | None:
    """Return when the study's choice is to be tested again; None of one that was never confirmed.

    Args:
        history: the study's.
        now: seconds since 1970.
    """
    checked, released = history.noted(CHECKED), history.noted(RELEASED)
    last = checked[-1].data if checked else {}
    since = max(
        [float(note.data["time"]) for note in (*checked[-1:], *released[-1:])], default=_confirmed(history)
    )
    if not since:
        return None
    date = str(last["due"]) if last and float(last["time"]) == since else _date(since + DAYS * _DAY)
    return Due(since, date, int((now - since) / _DAY), _date(now) >= date, str(last.get("outcome", "")))


def next_date(history: History, outcome: str, now: float) -> tuple[str, int]:
    """Return when to test again after a re-test, and in how many days: later each time all was well."""
    earlier = history.noted(CHECKED)
    days = float(earlier[-1].data["days"]) if earlier else DAYS
    days = min(days * LONGER, YEAR) if outcome == "good" else DAYS
    return _date(now + days * _DAY), int(days)


def circumstances(history: History) -> Mapping[str, Any]:
    """Return what was remembered of data, code and machine at the last re-test or release; empty without."""
    notes = [*history.noted(CHECKED), *history.noted(RELEASED)]
    told = [note.data for note in notes if note.data.get("about")]
    about: Mapping[str, Any] = max(told, key=lambda data: float(data["time"]), default={}).get("about", {})
    return about


def _confirmed(history: History) -> float:
    """Return when the last fresh seed ended; 0 without any."""
    again = [trial for trials in history.repeated.values() for trial in trials]
    return max((a.ended or 0.0 for trial in again for a in trial.attempts), default=0.0)


def _date(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()
