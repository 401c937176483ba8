"""Processes: a supervisor and a warm training process per worker slot, all on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cloudpickle

from osetra.core.ports import Job, Store
from osetra.errors import StudyError
from osetra.executors.wire import Channel, Ready, Start, Stop
from osetra.executors.worker import GRACE, started_at

RESTARTS = 1000
"""Supervisors are replaced this often before the crew gives up: something kills them all."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Runs `slots` trainings at once, each in a process of its own."""

    slots: int

    def __post_init__(self) -> None:
        if self.slots < 1:
            raise StudyError(f"workers={self.slots}: at least one worker is needed")

    def start(self, job: Job, store: Store) -> ProcessCrew:
        """Start one supervisor per slot.

        Raises:
            StudyError: the store lives in this process's memory, where others cannot see it.
        """
        if store.url == "memory:":
            raise StudyError("worker processes need a study on disk; give it a path such as 'study.db'")
        crew = ProcessCrew(self.slots, job, _packed(job.function), store)
        crew.tick(0.0)
        return crew


@dataclass(slots=True)
class Supervised:
    """One supervisor as seen from the study's process."""

    process: subprocess.Popen[bytes]
    channel: Channel
    child: Ready | None = None


@dataclass(slots=True)
class ProcessCrew:
    """The running supervisors."""

    slots: int
    job: Job
    function: bytes
    """The training function as it travels to the training processes."""
    store: Store
    crew: dict[int, Supervised] = field(default_factory=dict)
    started: int = 0
    stopping: bool = False

    def tick(self, seconds: float) -> None:
        """Listen for about `seconds`; start supervisors that are missing.

        Raises:
            StudyError: supervisors die again and again.
        """
        deadline = time.monotonic() + seconds
        for slot in range(self.slots):
            member = self.crew.get(slot)
            if member is not None and member.process.poll() is not None:
                _bury(self.crew.pop(slot))
                member = None
            if member is None and not self.stopping:
                self.crew[slot] = self._supervisor(slot)
        for member in self.crew.values():
            for message in member.channel.receive(0.0):
                if isinstance(message, Ready):
                    member.child = message
        time.sleep(max(0.0, deadline - time.monotonic()))

    def request_stop(self) -> None:
        """Ask every supervisor to hand its trial back at the next report."""
        self.stopping = True
        for member in list(self.crew.values()):
            member.channel.send(Stop())

    def stop(self, *, kill: bool = False) -> None:
        """Return when all supervisors and their trainings are gone."""
        self.request_stop()
        deadline = time.monotonic() + (0.0 if kill else GRACE + 5.0)
        while self.crew:
            patience = time.monotonic() < deadline
            for slot, member in list(self.crew.items()):
                if not patience:
                    member.channel.send(Stop(kill=True))
                    with suppress(subprocess.TimeoutExpired):
                        member.process.wait(5.0)
                    member.process.kill()
                if member.process.poll() is not None:
                    _bury(self.crew.pop(slot))
            time.sleep(0.01)

    def _supervisor(self, slot: int) -> Supervised:
        self.started += 1
        if self.started > self.slots + RESTARTS:
            raise StudyError(f"worker {slot} was killed {RESTARTS} times; look at {_log(self.store, slot)}")
        log = _log(self.store, slot)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "osetra.executors.supervisor"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        if process.stdin is None or process.stdout is None:
            raise StudyError(f"worker {slot} could not be connected")
        channel = Channel(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()))
        process.stdin.close()
        process.stdout.close()
        objective = self.job.objective
        channel.send(
            Start(
                url=self.store.url,
                study=self.store.study,
                metric=objective.metric,
                direction=objective.direction,
                pick=objective.pick,
                function=self.function,
                path=list(sys.path),
                slot=slot,
                threads=self.job.threads,
                report_timeout=self.job.report_timeout,
                repeats_only=self.job.repeats_only,
                log=str(log),
                checkpoints=str(self.store.checkpoints),
                quota=self.job.checkpoints.quota,
                every=self.job.checkpoints.every,
            )
        )
        return Supervised(process, channel)


def _packed(function: Callable[..., object]) -> bytes:
    try:
        return bytes(cloudpickle.dumps(function))
    except Exception as error:
        raise StudyError(
            f"the training function cannot be sent to worker processes ({error}); open files, locks and "
            "connections inside the function, or use workers=1"
        ) from None


def _log(store: Store, slot: int) -> Path:
    """Return where the output of a slot's trainings goes: beside the study."""
    folder = Path(store.url).with_suffix(".logs")
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir())
    return folder / f"worker-{slot}.log"


def _bury(member: Supervised) -> None:
    """Make sure that nothing of a dead supervisor's training is left."""
    member.process.wait()
    for message in member.channel.receive(0.0):
        if isinstance(message, Ready):
            member.child = message
    if member.child is not None and started_at(member.child.pid) == member.child.started:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(member.child.pid, signal.SIGKILL)
    member.channel.close()
