"""The cockpit: is it going well? The best so far, what is spent and left, what runs, what just happened."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from osetra.advice import findings
from osetra.advice.seeds import seed_noise
from osetra.advice.training import training_findings
from osetra.core.facts import Worker
from osetra.core.finding import Finding
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.problem import Problem
from osetra.core.trial import Trial
from osetra.views.events import Event, latest_events
from osetra.views.json import finding_document
from osetra.views.panels.activity import active_seconds
from osetra.views.panels.parameters import changed
from osetra.views.plain import plain_data, plain_number
from osetra.views.progress import Progress, progress_text
from osetra.views.series import curve, planned, report_interval

Document = dict[str, object]

RECENT = 50
"""Events that are told of at most."""
SURE = 0.95
"""How often an interval holds the true value."""
_LEVELS = {"best": "good", "failed": "error", "diverged": "warning", "lost": "warning"}


def cockpit_panel(
    problem: Problem,
    history: History,
    now: float,
    *,
    advice: Sequence[Finding] | None = None,
    heard: Mapping[int, float] | None = None,
    reference: str = "STUDY",
) -> Document:
    """Return how a study is doing, and what happened last.

    Args:
        problem: what is searched.
        history: of the study.
        now: Unix seconds.
        advice: what the history says, where it is known already.
        heard: when a follower last saw a running trial report; the log itself keeps no times of reports.
        reference: what a person types to name the study.
    """
    standing = standing_panel(problem, history, now, advice=advice, heard=heard, reference=reference)
    return {**standing, "recent": recent_panel(problem, history)}


def standing_panel(
    problem: Problem,
    history: History,
    now: float,
    *,
    advice: Sequence[Finding] | None = None,
    heard: Mapping[int, float] | None = None,
    reference: str = "STUDY",
) -> Document:
    """Return how a study is doing: the cockpit without what happened, for where that is known."""
    found = training_findings(problem, history)
    found += findings(problem, history) if advice is None else advice
    return {
        "version": history.version,
        "now": now,
        "progress": _progress(problem, history, now),
        "counts": dict(Counter(str(trial.state) for trial in history.trials.values())),
        "best": best_document(problem, history),
        "experience": experience_text(history),
        "running": [_running(problem, history, trial, now, heard or {}) for trial in history.running],
        "findings": [finding_document(finding, reference) for finding in found],
    }


def experience_text(history: History) -> str | None:
    """Return what earlier studies said to try first, and what became of it; None where none was asked."""
    told = [note.text for note in history.noted("experience")]
    return "; ".join(told) or None


def recent_panel(problem: Problem, history: History, count: int = RECENT) -> list[Document]:
    """Return what happened last, newest first."""
    return [event_document(event) for event in latest_events(problem, history, count)]


def event_document(event: Event) -> Document:
    """Return an event; `trial` is None for what concerns the study."""
    return {
        "key": event.key,
        "time": event.time,
        "trial": int(event.subject) if event.subject.isdigit() else None,
        "subject": event.subject,
        "kind": event.kind,
        "text": event.text,
        "level": _LEVELS.get(event.kind, "info"),
    }


def best_document(problem: Problem, history: History) -> Document | None:
    """Return the incumbent with the interval in which its true value lies; None before the first result.

    The interval comes from fresh seeds of the very configuration. Where it has none, from how far seeds of
    other configurations lie apart; without any, nobody knows, and there is none.
    """
    best = history.best(problem.objective)
    if best is None or best.value is None:
        return None
    again = [t.value for t in history.repeats(best.number) if t.value is not None]
    value = float(np.mean(again)) if again else best.value
    reach = _reach(again, seed_noise(history))
    return {
        "trial": best.number,
        "state": str(best.state),
        "value": plain_number(value),
        "low": None if reach is None else plain_number(value - reach),
        "high": None if reach is None else plain_number(value + reach),
        "seeds": len(again),
        "config": plain_data(best.config),
        "changed": changed(problem.space, best.config),
    }


def _reach(again: Sequence[float], noise: float) -> float | None:
    """Return half the width of the interval of a mean over fresh seeds, or of one single run."""
    if len(again) < 2:
        return 1.96 * noise / math.sqrt(max(1, len(again))) if noise > 0 else None
    from scipy.special import stdtrit  # which most studies never need

    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.std(again, ddof=1))
    return float(stdtrit(len(again) - 1, 0.5 + SURE / 2)) * deviation / math.sqrt(len(again))


def _progress(problem: Problem, history: History, now: float) -> Document:
    active = active_seconds(history, now)
    limits = Limits(trials=history.target or None)
    progress = Progress(problem=problem, limits=limits, started=now - active)
    text = progress_text(progress, history, now) or f"{len(history.ended)} trials ended"
    return {
        "text": text,
        "share": progress.share(history, now) if limits.ends else None,
        "target": limits.trials,
        "spent": {
            "trials": progress.ended(history),
            "trainings": progress.spent(history),
            "seconds": active,
        },
        "eta_seconds": progress.remaining(history, now) if history.running else None,
    }


def _running(
    problem: Problem, history: History, trial: Trial, now: float, heard: Mapping[int, float]
) -> Document:
    metric = problem.objective.metric
    steps, values = curve(history, trial, metric)
    attempt = trial.attempts[-1]
    return {
        "trial": trial.number,
        "worker": worker_text(attempt.worker),
        "step": int(steps[-1]) if len(steps) else 0,
        "of": planned(history, trial, int(steps[-1]) if len(steps) else 0),
        "value": plain_number(float(values[-1])) if len(values) else None,
        "started": attempt.started,
        "age_seconds": max(0.0, now - heard.get(trial.number, attempt.started)),
        "interval_seconds": report_interval(history, trial, metric, now),
    }


def worker_text(worker: Worker) -> str:
    """Return a worker as people call it: its host and its slot there."""
    return f"{worker.host}/{worker.slot}"
