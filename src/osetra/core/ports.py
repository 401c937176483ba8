"""Ports: the protocols through which the rooms of the house meet.

A searcher reads a history and proposes; a store keeps the log; an executor starts workers. Anything
that fits a protocol works; `osetra.testing` holds the kit that checks whether it does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from osetra.core.curves import Point
from osetra.core.facts import Entry, Fact, Noted
from osetra.core.history import History
from osetra.core.params import Config
from osetra.core.problem import Objective, Problem


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A configuration to try, why, and what the searcher wants remembered with it."""

    config: Config
    why: str = ""
    notes: tuple[Noted, ...] = ()


class Searcher(Protocol):
    """What to try next. A pure function of its arguments: same history and rng, same suggestions."""

    @property
    def name(self) -> str:
        """The name under which users ask for it."""
        ...

    @property
    def lookahead(self) -> int:
        """How many suggestions per worker may wait in the queue: 1 when results steer the search."""
        ...

    def suggest(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions; fewer mean that the space is exhausted."""
        ...


class Store(Protocol):
    """Where one study's log lives. Safe to use from many processes, each with its own Store."""

    @property
    def url(self) -> str:
        """What another process needs to open the same study, together with `study`."""
        ...

    @property
    def study(self) -> str:
        """The study's name inside the store."""
        ...

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = (), *, lease: float = 60.0) -> int:
        """Write facts and points, all or none, and return the log's version.

        A Claimed starts a lease of `lease` seconds by the store's clock; an Ended ends it. Points
        are accepted while their attempt is claimed and not ended, counting the facts of this very
        call; repeating a point is harmless and the first value stays.

        Raises:
            Conflict: a fact's key is established already.
            LeaseLost: points belong to an attempt that is over.
            StoreFull: no space left; nothing was written.
        """
        ...

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order."""
        ...

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from."""
        ...

    def version(self) -> int:
        """Return the version of the newest fact; 0 for an empty log."""
        ...

    def renew(self, trial: int, attempt: int, *, lease: float = 60.0) -> bool:
        """Extend a lease; False when the attempt is over."""
        ...

    def expired(self) -> list[tuple[int, int]]:
        """Return (trial, attempt) of the leases that ran out by the store's clock."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every worker of a crew needs to know."""

    objective: Objective
    function: Callable[[Any], object]
    """The user's training function."""
    report_timeout: float | None = None
    """Seconds without a report after which a training counts as hung."""
    threads: int = 1
    """BLAS and framework threads per training."""
    repeats_only: bool = False
    """Whether workers leave everything but repeats with fresh seeds in the queue."""


class Crew(Protocol):
    """Workers at work on one study."""

    def tick(self, seconds: float) -> None:
        """Let work go on for about `seconds`; replace workers that died."""
        ...

    def request_stop(self) -> None:
        """Claim no more; hand running trials back at their next report. Returns at once."""
        ...

    def stop(self, *, kill: bool = False) -> None:
        """Return when every worker has ended: after handing back, or at once when killed."""
        ...


class Executor(Protocol):
    """Who starts workers."""

    @property
    def slots(self) -> int:
        """How many trainings run at once."""
        ...

    def start(self, job: Job, store: Store) -> Crew:
        """Start the workers on the study behind the store."""
        ...
