"""The log in this process's memory: for trying things out, for tests, and as the model of a store."""

from __future__ import annotations

import shutil
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Entry, Fact, decode, key
from osetra.errors import Conflict, LeaseLost
from osetra.stores.clock import Clock
from osetra.stores.validation import check_facts, check_points, check_study, unwritable

Attempt = tuple[int, int]


class MemoryStore:
    """One study's log, gone with the process; safe to use from several threads."""

    def __init__(self, study: str = "main", *, clock: Clock | None = None) -> None:
        check_study(study)
        self._study = study
        self._clock = clock or Clock()
        self._mutex = threading.Lock()
        self._entries: list[Entry] = []
        self._indexed = 0
        """How many entries are told by the keys and the leases."""
        self._keys: set[str] = set()
        self._leases: dict[Attempt, float] = {}
        self._points: list[Point] = []
        self._folder: Path | None = None
        self._known: set[tuple[int, int, int, int, str]] = set()

    @property
    def url(self) -> str:
        """Always ``memory:``; no other process can open it."""
        return "memory:"

    @property
    def study(self) -> str:
        """The study's name."""
        return self._study

    @property
    def checkpoints(self) -> Path:
        """A temporary folder that goes with this object."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="osetra-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    @property
    def depot(self) -> None:
        """None: all workers of this store are on one machine."""

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = (), *, lease: float = 60.0) -> int:
        """Write facts and points, all or none, and return the log's version.

        Raises:
            Conflict: a fact's key is established already.
            LeaseLost: points belong to an attempt that is over.
            StoreError: something that no store can hold.
        """
        with unwritable("memory:"):
            rows = check_facts(facts)
            # Through JSON and back, so that every store returns the same.
            facts = [decode(body) for _, body in rows]
            points = check_points(points)
        claimed = {(f.trial, f.attempt) for f in facts if isinstance(f, Claimed)}
        with self._mutex:
            self._index()
            self._check([name for name, _ in rows], claimed, points)
            now, at = self._clock.now(), len(self._entries)
            self._add(points)
            # One step: a signal of the program may raise something between any two.
            self._entries += [Entry(at + place, now, fact) for place, fact in enumerate(facts, start=1)]
            self._index(lease)
            return len(self._entries)

    def read(self, after: int = 0) -> list[Entry]:
        """Return the facts with a version above `after`, in order."""
        with self._mutex:
            return self._entries[after:]

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Return the points beyond a cursor, and the cursor to go on from."""
        with self._mutex:
            return self._points[after:], len(self._points)

    def version(self) -> int:
        """Return the version of the newest fact; 0 for an empty log."""
        return len(self._entries)

    def renew(self, trial: int, attempt: int, *, lease: float = 60.0) -> bool:
        """Extend a lease; False when the attempt is over."""
        with self._mutex:
            self._index()
            if (trial, attempt) not in self._leases:
                return False
            self._leases[trial, attempt] = self._clock.now() + lease
            return True

    def expired(self) -> list[tuple[int, int]]:
        """Return (trial, attempt) of the leases that ran out."""
        with self._mutex:
            if not self._clock.trusted():
                return []
            self._index()
            now = self._clock.now()
            return sorted(attempt for attempt, until in self._leases.items() if until <= now)

    def close(self) -> None:
        """Do nothing; the log lives as long as this object."""

    def _index(self, lease: float = 60.0) -> None:
        """Bring keys and leases up to the entries; done twice it changes nothing."""
        for entry in self._entries[self._indexed :]:
            fact = entry.fact
            self._keys.add(key(fact))
            if isinstance(fact, Claimed) and f"ended/{fact.trial}/{fact.attempt}" not in self._keys:
                self._leases[fact.trial, fact.attempt] = entry.time + lease
            if isinstance(fact, Ended):
                self._leases.pop((fact.trial, fact.attempt), None)
            self._indexed += 1

    def _check(self, keys: list[str], claimed: set[Attempt], points: Sequence[Point]) -> None:
        for name in keys:
            if name in self._keys:
                raise Conflict(name)
        for trial, attempt in dict.fromkeys((p.trial, p.attempt) for p in points):
            now_claimed = (trial, attempt) in claimed and f"ended/{trial}/{attempt}" not in self._keys
            if not now_claimed and (trial, attempt) not in self._leases:
                raise LeaseLost(f"trial {trial}, attempt {attempt} is over; nothing more is written for it")

    def _add(self, points: Sequence[Point]) -> None:
        for point in points:
            if point[:5] not in self._known:
                self._points.append(point)
                self._known.add(point[:5])
