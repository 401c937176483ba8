"""Appending: what a worker writes reaches the store, however full its disk is meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Protocol

from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Fact
from osetra.errors import Conflict, LeaseLost, StoreFull

log = logging.getLogger("osetra")


class Appendable(Protocol):
    """What takes facts and points: a store, or an outbox before it."""

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = ()) -> object:
        """Write all of it or nothing."""
        ...


def append_patiently(store: Appendable, facts: Sequence[Fact], points: Sequence[Point] = ()) -> None:
    """Append, waiting while the disk is full: the study pauses and loses nothing."""
    pause = 0.25
    while True:
        try:
            store.append(facts, points)
        except StoreFull as full:
            if pause < 0.5:
                log.warning("%s; the study pauses until there is room again", full)
            time.sleep(pause)
            pause = min(2 * pause, 5.0)
        else:
            return


def end(
    store: Appendable,
    trial: int,
    attempt: int,
    ending: Ending,
    points: Sequence[Point] = (),
    *,
    patiently: bool = True,
) -> bool:
    """Record how an attempt ended; False when it had been given up before.

    Raises:
        StoreFull: there is no room, and nobody is to wait for it.
    """
    try:
        append = append_patiently if patiently else _append
        append(store, ending.facts(trial, attempt), points)
    except (Conflict, LeaseLost):
        return False
    return True


def _append(store: Appendable, facts: Sequence[Fact], points: Sequence[Point]) -> None:
    store.append(facts, points)
