"""The ledger: what every process of a story was promised, and the store through which mishaps come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Entry, Fact, Obeyed, key
from osetra.core.ports import Depot, Store
from osetra.errors import StoreFull
from osetra.executors import leases
from osetra.testing.rig.world import ReplyLost, World


@dataclass(slots=True)
class Ledger:
    """What every process was promised, seen from outside."""

    world: World
    facts: dict[str, Fact] = field(default_factory=dict)
    """Facts whose append returned."""
    points: set[Point] = field(default_factory=set)
    over: set[tuple[int, int]] = field(default_factory=set)
    renewed: dict[tuple[int, int], float] = field(default_factory=dict)
    """When a lease was last begun or renewed, in monotonic seconds."""
    wrong: list[str] = field(default_factory=list)

    def effect(self, facts: Sequence[Fact], points: Sequence[Point]) -> None:
        """Note what a store accepted, whether or not the caller hears of it."""
        for place in {(p.trial, p.attempt) for p in points} & self.over:
            self.wrong.append(f"points of trial {place[0]}, attempt {place[1]} were accepted after its end")
        fresh = {key(fact) for fact in facts}
        for fact in facts:
            if isinstance(fact, Claimed):
                self.renewed[fact.trial, fact.attempt] = self.world.now
            elif isinstance(fact, Ended):
                self._given_up(fact)
                self.over.add((fact.trial, fact.attempt))
            elif isinstance(fact, Obeyed) and f"ordered/{fact.trial}/{fact.number}" not in fresh:
                ended_here = f"ended/{fact.trial}/{fact.attempt}" in fresh
                if (fact.trial, fact.attempt) in self.over and not ended_here:
                    self.wrong.append(f"trial {fact.trial}: an attempt that was over obeyed {fact.number}")

    def _given_up(self, fact: Ended) -> None:
        waited = self.world.now - self.renewed.get((fact.trial, fact.attempt), 0.0)
        if self.world.jumps:
            return  # a program that started since then cannot know that the wall clock is wrong
        if fact.outcome == "lost" and "no sign" in fact.reason and waited < leases.LEASE / 2:
            self.wrong.append(f"trial {fact.trial} was given up {waited:.0f} s after a sign of life")


@dataclass(slots=True)
class FaultyStore:
    """A process's store, with mishaps before and after each call."""

    store: Store
    ledger: Ledger

    @property
    def url(self) -> str:
        """The store's."""
        return self.store.url

    @property
    def study(self) -> str:
        """The store's."""
        return self.store.study

    @property
    def checkpoints(self) -> Path:
        """The store's."""
        return self.store.checkpoints

    @property
    def depot(self) -> Depot | None:
        """The store's."""
        return self.store.depot

    def append(self, facts: Sequence[Fact], points: Sequence[Point] = (), *, lease: float = 60.0) -> int:
        """Append, or meet a full disk; the reply may be lost, and the call repeated."""
        world = self.ledger.world
        self._before(writes=True)
        version = self.store.append(facts, points, lease=lease)
        self.ledger.effect(facts, points)
        if world.hurts(world.rng.random(), world.chances.lost_reply):
            if world.rng.random() < 0.5:
                raise ReplyLost("the connection broke")
            version = self.store.append(facts, points, lease=lease)
        world.point()
        self.ledger.facts.update((key(fact), fact) for fact in facts)
        self.ledger.points.update(points)
        return version

    def read(self, after: int = 0) -> list[Entry]:
        """Read facts."""
        self._before()
        return self.store.read(after)

    def read_points(self, after: int = 0) -> tuple[list[Point], int]:
        """Read points."""
        self._before()
        return self.store.read_points(after)

    def version(self) -> int:
        """Return the version."""
        self._before()
        return self.store.version()

    def renew(self, trial: int, attempt: int, *, lease: float = 60.0) -> bool:
        """Renew a lease."""
        self._before(writes=True)
        alive = self.store.renew(trial, attempt, lease=lease)
        if alive:
            self.ledger.renewed[trial, attempt] = self.ledger.world.now
        return alive

    def expired(self) -> list[tuple[int, int]]:
        """Return what has run out."""
        self._before()
        return self.store.expired()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _before(self, *, writes: bool = False) -> None:
        world = self.ledger.world
        world.point()
        if writes and world.hurts(world.rng.random(), world.chances.full):
            raise StoreFull("the disk is full")
