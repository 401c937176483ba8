"""The simulator: whole studies with many mishaps, on a virtual clock, in milliseconds.

    outcome = simulate(seed)                                   # in memory
    outcome = simulate(seed, lambda clock: MyStore(path, clock=clock))
    assert not outcome.violations

What runs is the real code: the loop with its planner, the supervisors, the training processes' run
and steering, claims, recorders, the reaper, and the store. Only what the operating system does is played
by `world`: processes, pipes, clocks. Every call of the store and every message is a point where the
scheduler may let others come first, delay a process, stall it beyond its lease, kill it, set the
clock, fill the disk, or lose the reply of a call that took effect (the caller then fails, or asks
again). The trainings are exact: their curves are computed again from the lineage alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Ended, Entry, Fact, Obeyed, Opened, Worker, key
from osetra.core.history import History
from osetra.core.invariants import violations
from osetra.core.limits import Limits
from osetra.core.lineage import pieces
from osetra.core.params import Float
from osetra.core.ports import Checkpoints, Depot, Job, Store
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.core.trial import ENDED, Trial
from osetra.errors import StoreFull, StudyError
from osetra.executors import child, leases, supervisor, training_process
from osetra.executors.wire import Done, Ready, Setup, Stop, Train
from osetra.policies import by_names
from osetra.searchers import by_name
from osetra.stores.clock import Clock
from osetra.stores.memory import MemoryStore
from osetra.study import loop
from osetra.study.loop import Planner
from osetra.testing.rig.world import Actor, Chances, Killed, Pipe, Process, ReplyLost, World
from osetra.training.run import Run

STEPS = 5
"""Steps of a training."""
HOSTS = ("here", "there")
QUIET = Chances(kill=0.0, stall=0.0, jump=0.0, lost_reply=0.0, full=0.0, faults=0)

Factory = Callable[[Clock], Store]
"""Opens the same log each time: each process of the story opens it for itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one story."""

    violations: tuple[str, ...]
    """What must not be; empty in a sound system."""
    points: int
    """Places where the scheduler could have let another process come first."""
    switches: int
    """How often it did."""
    kills: int
    seconds: float
    """Virtual."""
    facts: int
    finished: int


def simulate(
    seed: int,
    make: Factory | None = None,
    *,
    trials: int = 3,
    scheduler: str = "full",
    chances: Chances | None = None,
) -> Outcome:
    """Tell the story that a seed stands for, and check what it leaves behind.

    Args:
        seed: decides everything.
        make: opens the log, empty at first; in memory when left out.
        trials: how many the study is to have; people's branches come on top.
        scheduler: name of the scheduler.
        chances: how likely mishaps are.
    """
    world = World(seed, chances or Chances(), stall=2 * leases.LEASE)
    if make is None:
        shared = MemoryStore(clock=Clock(world.time, world.monotonic))

        def make(clock: Clock) -> Store:
            return shared

    story = Story(world, make, trials, scheduler)
    with _virtual(world, story):
        world.start("director", HOSTS[0], story.direct)
        world.run()
    store = make(Clock(world.time, world.monotonic))
    entries, (points, cursor) = store.read(), store.read_points()
    history = History().extend(entries, points, cursor)
    found = [*world.broken, *story.ledger.wrong]
    found += [violation.text for violation in violations(entries, points) if violation.grave]
    found += _wrong(entries, history, story.ledger, set(points))
    store.close()
    return Outcome(
        violations=tuple(found),
        points=world.points,
        switches=world.switches,
        kills=world.kills,
        seconds=world.now,
        facts=len(entries),
        finished=len(history.finished),
    )


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


@dataclass(slots=True)
class Story:
    """Two programs on two hosts, their workers, and a person who gives orders."""

    world: World
    make: Factory
    trials: int
    scheduler: str
    ledger: Ledger = field(init=False)
    problem: Problem = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.world)
        space = Space(lr=Float(1e-4, 0.5, scale="log", default=0.01))
        self.problem = Problem(space, Objective(metric="loss"))

    def direct(self) -> None:
        """Let everything happen, then let one sound program bring the study to its end."""
        world = self.world
        store = self.make(Clock(world.time, world.monotonic))
        store.append([Opened(self.problem.space.spec, "loss", "minimize", "best", 1)])
        for host in HOSTS:
            world.start(f"program {host}", host, self.program)
        person = world.start("person", HOSTS[1], self.person)
        planner = self._planner(store)
        while world.left > 0 and self._unfinished(planner.history):
            world.sleep(10.0)
            if all(actor.gone or not actor.name.startswith("program") for actor in world.actors):
                world.start("program again", world.rng.choice(HOSTS), self.program)
        world.chances, world.left = QUIET, 0
        while not person.gone:
            world.sleep(10.0)
        while True:
            self._work(planner)
            held = planner.history.paused
            if not held:
                return
            for trial in held:
                planner.order(trial.number, "resume", {}, "director", "person", "")

    def program(self) -> None:
        """Be a program that calls study.run."""
        self._work(self._planner(self._open()))

    def person(self) -> None:
        """Give orders that make sense, now and then."""
        world, planner = self.world, self._planner(self._open())
        for _ in range(world.rng.randrange(8)):
            world.sleep(world.rng.expovariate(0.2))
            trials = list(planner.history.trials)
            verb = world.rng.choice(["set", "scale", "pause", "resume", "rollback", "branch", "stop", "note"])
            values: dict[str, dict[str, Any]] = {
                "set": {"lr": world.rng.uniform(1e-3, 0.05)},
                "scale": {"lr": world.rng.choice([0.5, 2.0])},
                "rollback": {"lr": world.rng.uniform(1e-3, 0.05)},
                "branch": {"lr": world.rng.uniform(1e-3, 0.05)},
                "note": {"text": "odd"},
            }
            if trials:
                args = values.get(verb, {})
                try:
                    planner.order(world.rng.choice(trials), verb, args, "Ada", "person", "")
                except StudyError:
                    continue  # it came too late, or somebody was faster

    def training(self, run: Run) -> None:
        """Descend; every number follows from the learning rates in force."""
        x = float((run.restore() or {"x": 1.0})["x"])
        for _ in run.steps(STEPS):
            x = _descent(x, float(run.live("lr")))  # type: ignore[arg-type]
            self.world.sleep(self.world.rng.uniform(0.2, 6.0))
            run.report(loss=abs(x))
            now = x
            run.checkpoint(lambda: {"x": now})

    def _unfinished(self, history: History) -> bool:
        return bool(history.queued or history.running) or len(history.trials) < self.trials

    def _open(self) -> FaultyStore:
        return FaultyStore(self.make(Clock(self.world.time, self.world.monotonic)), self.ledger)

    def _planner(self, store: Store) -> Planner:
        policy = by_names(by_name("random"), self.scheduler)
        return Planner(store, self.problem, policy, 1, History())

    def _work(self, planner: Planner) -> None:
        job = Job(
            objective=self.problem.objective, function=self.training, checkpoints=Checkpoints(every=6.0)
        )
        loop.work(planner, job, Crews(self), limits=Limits(trials=self.trials))


@dataclass(frozen=True, slots=True)
class Crews:
    """The executor of the story."""

    story: Story
    slots: int = 2

    def start(self, job: Job, store: Store) -> SimulatedCrew:
        """Return supervisors for the current process."""
        return SimulatedCrew(self.story, job, store, self.slots, self.story.world.current)


@dataclass(slots=True)
class SimulatedCrew:
    """Does with processes of the world what `ProcessCrew` does with those of the system."""

    story: Story
    job: Job
    store: Store
    slots: int
    program: Actor
    members: dict[int, tuple[Actor, Pipe]] = field(default_factory=dict)
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Replace supervisors that died, and wait."""
        for slot in range(self.slots):
            member = self.members.get(slot)
            if (member is None or member[0].gone) and not self.stopping:
                self.members[slot] = self._supervisor(slot)
        for _, pipe in self.members.values():
            pipe.receive(0.0)
        self.story.world.sleep(self.story.world.rng.uniform(0.5, 4.0))

    def request_stop(self) -> None:
        """Ask all supervisors to hand back."""
        self.stopping = True
        for _, pipe in self.members.values():
            pipe.send(Stop())

    def stop(self, *, kill: bool = False) -> None:
        """Wait until they have ended."""
        self.request_stop()
        while any(not actor.gone for actor, _ in self.members.values()):
            self.story.world.sleep(1.0)

    def _supervisor(self, slot: int) -> tuple[Actor, Pipe]:
        story, world = self.story, self.story.world
        ours, theirs = Pipe(world, self.program), Pipe(world)
        ours.join(theirs)
        setup = Setup(
            url="", study="", metric="loss", direction="minimize", pick="best", function=b"", path=[],
            slot=slot, threads=1, report_timeout=None, repeats_only=False, log="",
            checkpoints=str(self.store.checkpoints), quota=1e9, every=self.job.checkpoints.every,
        )  # fmt: skip

        def supervise() -> None:
            me = world.current
            theirs.belong(me)
            identity = Worker(me.host, "boot", me.pid, 0.0, slot)
            supervisor.Supervisor(setup, theirs, story._open(), identity).loop()  # type: ignore[arg-type]

        return world.start(f"supervisor {slot}", self.program.host, supervise), ours


class SimulatedTraining(training_process.TrainingProcess):
    """A training process of the world."""

    def kill(self) -> int:
        """End it and return the exit status."""
        process: Process = self.process  # type: ignore[assignment]
        process.actor.pipes[0].world.kill(process.actor)
        self.channel.close()
        return process.wait()


def _spawn(world: World, training: Callable[[Run], object]) -> Callable[[Setup], SimulatedTraining]:
    def spawn(setup: Setup) -> SimulatedTraining:
        me = world.current
        ours, theirs = Pipe(world, me), Pipe(world)
        ours.join(theirs)
        theirs.deadly = True

        def train() -> None:
            theirs.receive(None)
            theirs.send(Ready(world.current.pid, 0.0))
            while True:
                for message in theirs.receive(None):
                    if isinstance(message, Train):
                        waiting = list(message.claim.orders)
                        link = child.PipeLink(theirs, child.Preemption(0), waiting)  # type: ignore[arg-type]
                        theirs.send(Done(child._train(training, message.claim, setup, link)))
                if theirs.closed:
                    raise Killed

        actor = world.start("training", me.host, train, me)
        theirs.belong(actor)
        return SimulatedTraining(Process(actor), ours, Path(os.devnull))  # type: ignore[arg-type]

    return spawn


BORN: tuple[tuple[Any, ...], ...] = (
    (loop, "Driver", "started"),
    (supervisor, "Supervision", "heard", "renewed"),
    (child, "CheckpointWriter", "_last"),
)
"""Records that know when they were made: their defaults were bound to the system's clock at import."""


def _born(world: World, kind: Callable[..., object], *since: str) -> Callable[..., object]:
    return lambda *given, **named: kind(*given, **{**dict.fromkeys(since, world.now), **named})


@contextmanager
def _virtual(world: World, story: Story) -> Iterator[None]:
    """Put the world in the place of the operating system."""

    def provably_dead(one: Worker) -> bool:
        return one.host == world.current.host and not world.alive(one.pid)

    clock = SimpleNamespace(monotonic=world.monotonic, sleep=world.sleep, time=world.time)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(logging.getLogger("osetra"), "disabled", True))
        for place in (
            "executors.appending",
            "executors.recorder",
            "executors.supervisor",
            "study.loop",
            "training.checkpoints",
        ):
            stack.enter_context(mock.patch(f"osetra.{place}.time", clock))
        for module, name, *since in BORN:
            kind = getattr(module, name)
            stack.enter_context(mock.patch.object(module, name, _born(world, kind, *since)))
        stack.enter_context(mock.patch.object(leases, "provably_dead", provably_dead))
        stack.enter_context(mock.patch.object(supervisor, "spawn", _spawn(world, story.training)))
        stack.enter_context(mock.patch.object(training_process, "_memory", lambda pid: 0))
        for module in (supervisor, training_process):
            stack.enter_context(mock.patch.object(module, "oom_kills", lambda: 0))
        stack.enter_context(mock.patch.object(supervisor, "started_at", lambda pid: 0.0))
        yield


def _wrong(entries: Sequence[Entry], history: History, ledger: Ledger, points: set[Point]) -> Iterator[str]:
    """Say what is wrong with a study that has come to its end."""
    known = {key(entry.fact): entry.fact for entry in entries}
    for name, fact in ledger.facts.items():
        if known.get(name) != fact:
            yield f"{name} was accepted and is lost"
    if missing := ledger.points - points:
        yield f"{len(missing)} accepted points are lost, such as {min(missing)}"
    for trial in history.trials.values():
        if trial.state not in ENDED:
            yield f"trial {trial.number} never ended: {trial.state}"
        yield from _wrong_curve(history, trial)


def _wrong_curve(history: History, trial: Trial) -> Iterator[str]:
    """Compare what was reported with what follows from the values in force."""
    steps, losses = history.curve(trial, "loss")
    rates = {piece.after: piece.values["lr"] for piece in pieces(history.trials, trial)}
    x, lr, expected = 1.0, rates.get(0), []
    for step in range(len(steps)):
        lr = rates.get(step, lr)
        x = _descent(x, float(lr))  # type: ignore[arg-type]
        expected.append(abs(x))
    if steps.tolist() != list(range(1, len(steps) + 1)):
        yield f"trial {trial.number}: the curve has the steps {steps.tolist()}"
    elif losses.tolist() != expected:
        yield f"trial {trial.number}: the curve does not follow from the values in force"
    if trial.state == "finished" and (trial.value != min(losses, default=None)):
        yield f"trial {trial.number}: the value is not that of its curve"
    stopped = any(order.verb == "stop" for order in trial.orders)
    if trial.state == "finished" and not stopped and len(steps) != STEPS:
        yield f"trial {trial.number} finished after {len(steps)} of {STEPS} steps"


def _descent(x: float, lr: float) -> float:
    """Return x after a step of gradient descent on x², with a kink so that the order of rates matters."""
    return x - lr * 2 * x + 0.01 * lr
