"""The story: two programs on two hosts, their workers, and a person who gives orders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from osetra.core.facts import Opened, Worker
from osetra.core.history import History
from osetra.core.limits import Limits
from osetra.core.params import Float
from osetra.core.ports import Checkpoints, Job, Store
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.errors import StudyError
from osetra.executors import supervisor
from osetra.executors.wire import Setup, Stop
from osetra.policies import by_names
from osetra.searchers import by_name
from osetra.stores.clock import Clock
from osetra.study import loop
from osetra.study.planner import Planner
from osetra.testing.rig.ledger import FaultyStore, Ledger
from osetra.testing.rig.world import Actor, Chances, Pipe, World
from osetra.training.run import Run

STEPS = 5
"""Steps of a training."""
HOSTS = ("here", "there")
QUIET = Chances(kill=0.0, stall=0.0, jump=0.0, lost_reply=0.0, full=0.0, faults=0)

Factory = Callable[[Clock], Store]
"""Opens the same log each time: each process of the story opens it for itself."""


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
        self._work(self._planner(self.open_store()))

    def person(self) -> None:
        """Give orders that make sense, now and then."""
        world, planner = self.world, self._planner(self.open_store())
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
            x = descent(x, float(run.live("lr")))
            self.world.sleep(self.world.rng.uniform(0.2, 6.0))
            run.report(loss=abs(x))
            now = x
            run.checkpoint(lambda: {"x": now})

    def _unfinished(self, history: History) -> bool:
        return bool(history.queued or history.running) or len(history.trials) < self.trials

    def open_store(self) -> FaultyStore:
        """Return the log as one process of the story opens it, with mishaps."""
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
            supervisor.Supervisor(setup, theirs, story.open_store(), identity).loop()  # type: ignore[arg-type]

        return world.start(f"supervisor {slot}", self.program.host, supervise), ours


def descent(x: float, lr: float) -> float:
    """Return x after a step of gradient descent on x², with a kink so that the order of rates matters."""
    return x - lr * 2 * x + 0.01 * lr
