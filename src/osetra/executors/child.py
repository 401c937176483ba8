"""The training process: loads the user's function once, then runs one trial after another.

Started by a supervisor as `python -m osetra.executors.child READ_FD WRITE_FD` in a process group of
its own. It never touches the store. When its supervisor dies the kernel kills it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import cloudpickle

from osetra.core.curves import Point
from osetra.core.problem import Objective
from osetra.executors.wire import Channel, Done, Ready, Reports, Start, Stop, Train
from osetra.executors.worker import started_at
from osetra.run import Ending, Run, execute

_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class PipeLink:
    """Sends a run's reports to the supervisor."""

    channel: Channel
    stopped: bool = False

    def send(self, points: list[Point]) -> None:
        """Pass points on; a vanished supervisor ends this process, for nobody hears it any more."""
        self.channel.send(Reports([(p.instance, p.step, p.metric, p.value) for p in points]))
        if self.channel.closed:
            os._exit(1)

    def stop_requested(self) -> bool:
        """Whether the supervisor asked for the trial back."""
        self.stopped |= any(isinstance(message, Stop) for message in self.channel.receive())
        return self.stopped


def main(reader: int, writer: int) -> None:
    """Serve trials until the supervisor closes the pipe."""
    die_with_parent(os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(reader, writer)
    start = next(iter(channel.receive(None)), None)  # nothing else is sent before Ready
    if not isinstance(start, Start):
        return
    sys.path[:] = start.path
    function = _load(start.function)
    channel.send(Ready(os.getpid(), started_at(os.getpid())))
    objective = Objective(metric=start.metric, direction=start.direction, pick=start.pick)
    while not channel.closed:
        for message in channel.receive(None):
            if isinstance(message, Train):
                ending = _train(function, message, objective, channel)
                channel.send(Done(ending.outcome, ending.value, ending.reason, ending.detail))


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


def _train(function: Callable[[Run], object], order: Train, objective: Objective, channel: Channel) -> Ending:
    run = Run(order.trial, order.attempt, dict(order.config), order.seed, objective, PipeLink(channel))
    try:
        return execute(function, run)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
