"""The world in the place of the operating system, for the modules that a story runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from osetra.core.facts import Worker
from osetra.executors import child, leases, supervisor, training_process
from osetra.executors.identity import Condition
from osetra.executors.wire import Done, Ready, Setup, Train
from osetra.study import loop
from osetra.testing.rig.story import Story
from osetra.testing.rig.world import Killed, Pipe, Process, World
from osetra.training.run import Run


class SimulatedTraining(training_process.TrainingProcess):
    """A training process of the world."""

    def over(self, seconds: float) -> bool:
        """Whether it has ended."""
        self.exit = self.process.poll()
        return self.exit is not None

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
                        place = message.claim.trial, message.claim.attempt
                        link = child.PipeLink(theirs, place, child.Preemption(0), waiting)  # type: ignore[arg-type]
                        theirs.send(Done(place, child._train(training, message.claim, setup, link)))
                if theirs.closed:
                    raise Killed

        actor = world.start("training", me.host, train, me)
        theirs.belong(actor)
        silent = SimpleNamespace(begin=lambda: None, last="")
        return SimulatedTraining(Process(actor), ours, silent, -1)  # type: ignore[arg-type]

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
def virtual(world: World, story: Story) -> Iterator[None]:
    """Put the world in the place of the operating system."""

    def condition(one: Worker) -> Condition:
        # A living one may be stopped there, so nobody vouches for it.
        here = one.host == world.current.host
        return "dead" if here and not world.alive(one.pid) else "unknown"

    clock = SimpleNamespace(monotonic=world.monotonic, sleep=world.sleep, time=world.time)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(logging.getLogger("osetra"), "disabled", True))
        for place in (
            "executors.appending",
            "executors.leases",
            "executors.recorder",
            "executors.supervisor",
            "study.loop",
            "training.checkpoints",
        ):
            stack.enter_context(mock.patch(f"osetra.{place}.time", clock))
        for module, name, *since in BORN:
            kind = getattr(module, name)
            stack.enter_context(mock.patch.object(module, name, _born(world, kind, *since)))
        stack.enter_context(mock.patch.object(leases, "condition", condition))
        stack.enter_context(mock.patch.object(supervisor, "spawn", _spawn(world, story.training)))
        stack.enter_context(mock.patch.object(training_process, "_memory", lambda pid: 0))
        for module in (supervisor, training_process):
            stack.enter_context(mock.patch.object(module, "oom_kills", lambda: 0))
        stack.enter_context(mock.patch.object(training_process, "started_at", lambda pid: 0.0))
        yield
