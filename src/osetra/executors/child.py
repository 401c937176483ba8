"""The training process: loads the user's function once, then runs one trial after another.

Started below a shim as `python -m osetra.executors.child READ_FD WRITE_FD` in a process group of its
own. It never touches the store. When its shim dies the kernel kills it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import cloudpickle

from osetra.core.claim import Claim
from osetra.core.curves import Point
from osetra.core.ending import Ending
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered
from osetra.core.ports import Checkpoints
from osetra.core.problem import Objective
from osetra.executors.identity import started_at
from osetra.executors.main_module import become
from osetra.executors.names import keep_to_ourselves
from osetra.executors.surroundings import OwnSurroundings, out_of_the_way
from osetra.executors.wire import (
    Channel,
    Done,
    Orders,
    Place,
    Points,
    Ready,
    Record,
    Setup,
    Stop,
    Train,
)
from osetra.training.checkpoints import CheckpointWriter
from osetra.training.execution import execute
from osetra.training.run import Run

_PR_SET_PDEATHSIG = 1


POLITE = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGUSR1") if hasattr(signal, name))
"""What a cluster sends to every process of a job before it takes the machine away."""


@dataclass(slots=True)
class Preemption:
    """Those signals ask this process to hand its trial back at its next report.

    The second one, or one while nothing is trained, ends this process.
    """

    training: bool = False
    asked: bool = False

    def listen(self) -> None:
        """Take the signals from now on; processes that a training forks take them as usual."""
        for number in POLITE:
            signal.signal(number, self.handle)
        if hasattr(os, "register_at_fork"):
            # Python forgets what arrives while it forks, so nothing may arrive then.
            os.register_at_fork(before=_hold, after_in_parent=_let, after_in_child=self.leave)

    def handle(self, number: int, _: FrameType | None) -> None:
        """Take a signal."""
        if self.training and not self.asked:
            self.asked = True
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    def leave(self) -> None:
        """Let the signals have their usual effect again, unless the training handles them itself."""
        for number in POLITE:
            if signal.getsignal(number) == self.handle:
                signal.signal(number, signal.SIG_DFL)
        _let()


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, POLITE)


def _let() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, POLITE)


@dataclass(slots=True)
class PipeLink:
    """Sends a run's reports to the supervisor."""

    channel: Channel
    place: Place
    preemption: Preemption
    waiting: list[Ordered]
    """Orders that came and were not asked for yet."""
    stopped: bool = False

    def send(self, points: list[Point]) -> None:
        """Pass points on; a vanished supervisor ends this process, for nobody hears it any more."""
        self.channel.send(Points(self.place, [(p.instance, p.step, p.metric, p.value) for p in points]))
        if self.channel.closed:
            os._exit(1)

    def record(self, fact: Checkpointed | Obeyed | Noted) -> None:
        """Pass a fact on, behind the points that it follows."""
        self.channel.send(Record(self.place, fact))

    def orders(self) -> list[Ordered]:
        """Return the orders that came since the last call."""
        for message in self.channel.receive():
            if isinstance(message, Stop):
                self.stopped = True
            elif isinstance(message, Orders):
                self.waiting += message.orders
        came, self.waiting = self.waiting, []
        return came

    def stop_requested(self) -> bool:
        """Whether the supervisor or the machine asked for the trial back, by what `orders` has heard."""
        return self.stopped or self.preemption.asked


def main(reader: int, writer: int) -> None:
    """Serve trials until the supervisor closes the pipe."""
    die_with_parent(os.getppid())
    for ignored in ("SIGINT", "SIGHUP"):
        if hasattr(signal, ignored):
            signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    preemption = Preemption()
    preemption.listen()
    channel = Channel(out_of_the_way(reader), out_of_the_way(writer))
    os.close(reader)
    os.close(writer)
    setup = next(iter(channel.receive(None)), None)  # nothing else is sent before Ready
    if not isinstance(setup, Setup):
        return
    sys.path[:] = setup.path
    keep_to_ourselves()
    packed = setup.function
    function = become(setup.script, lambda: _load(packed))
    surroundings = OwnSurroundings()
    function = surroundings.guarded(function)
    channel.send(Ready(os.getpid(), started_at(os.getpid())))
    while not channel.closed:
        for message in channel.receive(None):
            if isinstance(message, Train):
                preemption.training = True
                place = message.claim.trial, message.claim.attempt
                link = PipeLink(channel, place, preemption, list(message.claim.orders))
                # The result first: nothing that comes after it can undo it.
                ending = _train(function, message.claim, setup, link)
                channel.send(Done(place, ending, surroundings.spoilt))
                preemption.training = preemption.asked = False
                surroundings.flush()


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere the pipe tells)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _load(function: bytes) -> Callable[[Run], object]:
    try:
        loaded: Callable[[Run], object] = cloudpickle.loads(function)
    except Exception as error:
        reason = (
            f"the training function cannot be loaded in a worker process: {type(error).__name__}: {error}"
        )
        detail = traceback.format_exc()

        def unloadable(_: Run) -> object:
            raise ImportError(f"{reason}\n{detail}")

        return unloadable
    return loaded


def _train(function: Callable[[Run], object], claim: Claim, setup: Setup, link: PipeLink) -> Ending:
    objective = Objective(metric=setup.metric, direction=setup.direction, pick=setup.pick)
    limits = Checkpoints(setup.quota, setup.every)
    writer = CheckpointWriter(Path(setup.checkpoints), claim.checkpoint, limits)
    try:
        return execute(function, Run.of(claim, objective, link, writer, tuple(setup.needs)))
    except KeyboardInterrupt as error:  # nobody has pressed Ctrl-C here
        text = traceback.format_exc()
        return Ending("failed", reason=f"the training raised {type(error).__name__}", detail=text)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)  # threads that never end and what trainings have registered are waited for by nobody
