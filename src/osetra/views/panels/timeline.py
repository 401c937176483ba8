"""The timeline: which worker trained what and when, with its waits, and how busy all of them were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osetra.core.clean import one_line
from osetra.core.history import History
from osetra.core.trial import Attempt, Trial
from osetra.views.panels.activity import sessions

Document = dict[str, object]
Array = NDArray[np.float64]
Process = tuple[str, int, str, int, float]
"""Host, slot, boot, process and its start: one supervisor."""


@dataclass(slots=True)
class _Lane:
    worker: str
    slot: int
    begun: float
    ended: float


def timeline_panel(history: History, now: float) -> Document:
    """Return every attempt as a bar in the lane of its worker; a bar without an end is still growing.

    A program that took the slot of one that had ended goes on in its lane.
    """
    attempts = [(t, a) for t in history.trials.values() for a in t.attempts]
    lanes, lane_of = _lanes([attempt for _, attempt in attempts], now)
    bars = [_bar(trial, attempt, lane_of[_process(attempt)]) for trial, attempt in attempts]
    return {
        "version": history.version,
        "lanes": [{"worker": lane.worker, "slot": lane.slot} for lane in lanes],
        "bars": bars,
        "utilisation": _utilisation(history, [a for _, a in attempts], lanes, now),
        "now": now,
    }


def _bar(trial: Trial, attempt: Attempt, lane: int) -> Document:
    return {
        "lane": lane,
        "trial": trial.number,
        "attempt": attempt.number,
        "start": attempt.started,
        "end": attempt.ended,
        "outcome": attempt.outcome or "running",
        "reason": one_line(attempt.reason),
        "from_step": 0 if attempt.source is None else attempt.source.step,
    }


def _process(attempt: Attempt) -> Process:
    worker = attempt.worker
    return worker.host, worker.slot, worker.boot, worker.pid, worker.started


def _lanes(attempts: Sequence[Attempt], now: float) -> tuple[list[_Lane], dict[Process, int]]:
    """Return the lanes in the order of hosts and slots, and in which of them each process worked."""
    spans: dict[Process, tuple[float, float]] = {}
    for attempt in attempts:
        begun, ended = spans.get(_process(attempt), (attempt.started, attempt.started))
        last = max(now, attempt.started) if attempt.ended is None else attempt.ended
        spans[_process(attempt)] = min(begun, attempt.started), max(ended, last)
    lanes: list[_Lane] = []
    chosen: dict[Process, int] = {}
    for process in sorted(spans, key=lambda p: (spans[p][0], p)):
        host, slot, *_ = process
        begun, ended = spans[process]
        free = (
            i
            for i, lane in enumerate(lanes)
            if (lane.worker, lane.slot) == (host, slot) and lane.ended <= begun
        )
        place = next(free, len(lanes))
        if place == len(lanes):
            lanes.append(_Lane(host, slot, begun, ended))
        lanes[place].ended = ended
        chosen[process] = place
    order = sorted(range(len(lanes)), key=lambda i: (lanes[i].worker, lanes[i].slot, lanes[i].begun))
    place_of = {old: new for new, old in enumerate(order)}
    return [lanes[i] for i in order], {process: place_of[place] for process, place in chosen.items()}


def _utilisation(
    history: History, attempts: Sequence[Attempt], lanes: Sequence[_Lane], now: float
) -> float | None:
    """Return the share of time that workers trained, nights between two programs left out."""
    busy = sum((max(now, a.started) if a.ended is None else a.ended) - a.started for a in attempts)
    worked, there = sessions(history, now), 0.0
    for lane in lanes:
        shared = np.minimum(worked[:, 1], lane.ended) - np.maximum(worked[:, 0], lane.begun)
        there += float(np.sum(np.maximum(shared, 0.0)))
    return min(1.0, busy / there) if there > 0 else None
