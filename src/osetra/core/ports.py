"""Ports: the protocols through which the rooms of the house meet.

A searcher reads a history and proposes; a store keeps the log; an executor starts workers. Anything
that fits a protocol works; `osetra.testing` holds the kit that checks whether it does.

A Searcher says where to look, a Scheduler how long to train, and a Policy decides both. Most methods of
the literature are a pair of the first two (`policies.paired`), some are a policy of their own:

    random search                  random     full        Bergstra & Bengio 2012
    grid search                    grid       full
    Bayesian optimisation          bayes      full        Jones et al. 1998; Snoek et al. 2012
    TPE                            tpe        full        Bergstra et al. 2011
    CMA-ES                         cmaes      full        Hansen 2016
    differential evolution         evolution  full        Storn & Price 1997
    median stopping (Vizier)       any        median      Golovin et al. 2017
    early stopping                 any        patience
    ASHA                           random     asha        Li et al. 2020
    Hyperband, asynchronous        random     hyperband   Li et al. 2018
    BOHB                           tpe        hyperband   Falkner et al. 2018
    MOBSTER                        bayes      asha        Klein et al. 2020
    freeze-thaw                    bayes      policy freeze_thaw    Swersky et al. 2014
    population based training      random     policy pbt            Jaderberg et al. 2017
    what osetra does by itself     auto       auto

A searcher beside a scheduler sees all trials as if they had been compared at one step
(`policies.fidelity`); a CurveSearcher sees every curve at several steps (`policies.readings`), which
makes bayes + asha what MOBSTER is. The two policies take their new configurations from any searcher.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from osetra.core.arguments import given, is_number, plain
from osetra.core.curves import Point
from osetra.core.decisions import Suggestion, Verdict
from osetra.core.facts import Entry, Fact
from osetra.core.history import History
from osetra.core.problem import Objective, Problem
from osetra.core.results import Readings
from osetra.core.trial import Trial
from osetra.errors import StudyError


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much a search may cost, and how much of it is spent."""

    steps: int | None = None
    """Steps of a full training; None while no training has said so."""
    progress: float = 0.0
    """Share of the search that is over, by trials, steps or time, whichever is furthest; 0 … 1."""
    open: bool = True
    """Whether new configurations may still be started."""
    seconds: float = math.inf
    """Seconds that are left to search in; infinite without a limit of time."""
    workers: int = 1
    """How many train at once."""


class Scheduler(Protocol):
    """How long to train. Pure: the same history gives the same verdicts."""

    @property
    def name(self) -> str:
        """The name under which users ask for it."""
        ...

    @property
    def judges(self) -> bool:
        """Whether running trials have to be looked at after each report."""
        ...

    def first(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the step until which a new trial is trained; None: to its end."""
        ...

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return what to do with a running trial after its latest report; None lets it run."""
        ...

    def revive(self, problem: Problem, history: History, budget: Budget) -> Sequence[Verdict]:
        """Return which paused trials go on, the best first, and which are given up (stop)."""
        ...

    def fidelity(self, problem: Problem, history: History, budget: Budget) -> int | None:
        """Return the step at which a searcher compares configurations; None: by their final values."""
        ...


@runtime_checkable
class Policy(Protocol):
    """What the loop asks: what to start, what to go on with, what to stop."""

    @property
    def name(self) -> str:
        """The name under which users ask for it."""
        ...

    @property
    def searcher(self) -> Searcher:
        """What new configurations come from."""
        ...

    @property
    def judges(self) -> bool:
        """Whether running trials have to be looked at after each report."""
        ...

    def plan(
        self, problem: Problem, history: History, count: int, rng: np.random.Generator, budget: Budget
    ) -> Sequence[Suggestion | Verdict]:
        """Return up to `count` things to train next; stops do not count; none: nothing is left to do."""
        ...

    def judge(self, problem: Problem, history: History, trial: Trial, budget: Budget) -> Verdict | None:
        """Return what to do with a running trial; None lets it run."""
        ...


@runtime_checkable
class CurveSearcher(Searcher, Protocol):
    """A searcher that learns from curves at several steps, not from one value of each trial."""

    def suggest_from_curves(
        self, problem: Problem, history: History, readings: Readings, count: int, rng: np.random.Generator
    ) -> Sequence[Suggestion]:
        """Return up to `count` suggestions for the end of a full training."""
        ...


@runtime_checkable
class ThriftySearcher(Searcher, Protocol):
    """A searcher that can weigh what it hopes for against the seconds that a training takes."""

    @property
    def thrift(self) -> float:
        """The power of the seconds by which gain is divided, 0 … 1; a field of a dataclass."""
        ...


class Depot(Protocol):
    """Carries a study's checkpoints to the machines that go on from them."""

    def put(self, file: Path) -> None:
        """Take a copy of a file under its name; one that is there already stays."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return what was put under a name; None when it is not there."""
        ...

    def names(self) -> list[str]:
        """Return the names of what is there."""
        ...

    def drop(self, names: Sequence[str]) -> None:
        """Forget files."""
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

    @property
    def checkpoints(self) -> Path:
        """The folder for this study's checkpoints; it need not exist yet."""
        ...

    @property
    def depot(self) -> Depot | None:
        """What carries checkpoints to other machines; None where all workers see the same folder."""
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


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """How many checkpoints are kept."""

    quota: float = 5 * 2**30
    """Bytes that a study's checkpoints may take on disk."""
    every: float = 10.0
    """Seconds between checkpoints that no scheduler or person asked for; 0 keeps one after each step."""

    def __post_init__(self) -> None:
        for name, low in (("quota", 1), ("every", 0)):
            value = plain(getattr(self, name))
            if not is_number(value, least=low):
                unit = "bytes, such as 5e9" if name == "quota" else "seconds, such as 10; 0 is each step"
                raise StudyError(f"Checkpoints({name}={given(value)}): a number of {unit} is needed")
            object.__setattr__(self, name, value)


USUAL = Checkpoints()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every worker of a crew needs to know."""

    objective: Objective
    function: Callable[[Any], object]
    """The user's training function."""
    needs: tuple[str, ...] = ()
    """Metrics beside the objective that a training must have reported when it ends."""
    report_timeout: float | None = None
    """Seconds without a report after which a training counts as hung."""
    threads: int = 1
    """BLAS and framework threads per training."""
    repeats_only: bool = False
    """Whether workers leave everything but repeats with fresh seeds in the queue."""
    between: Callable[[], None] | None = None
    """Called after each report by a crew that trains in the loop's own thread, the report in the log."""
    meanwhile: Callable[[], None] | None = None
    """Called by such a crew after each report, where `between` is not, to show what goes on."""
    checkpoints: Checkpoints = USUAL
    """How many of them are kept."""
    grace: float = 10.0
    """Seconds that a training gets to reach its next report after a request to stop."""


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
