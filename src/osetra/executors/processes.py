"""Processes: a supervisor and a warm training process per worker slot, all on this machine."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO

import cloudpickle
import msgspec

from osetra.core.arguments import expected
from osetra.core.limits import Limits
from osetra.core.ports import Job, Store
from osetra.errors import StudyError
from osetra.executors.devices import choose
from osetra.executors.identity import started_at
from osetra.executors.main_module import this_script
from osetra.executors.wire import Channel, Ready, Setup, Stop
from osetra.files import open_private, private_folder, temporary_folder
from osetra.stores.address import Address, mask

if sys.platform != "win32":
    import fcntl

RESTARTS = 1000
"""Supervisors are replaced this often before the crew gives up: something kills them all."""


@dataclass(frozen=True, slots=True)
class Processes:
    """Runs `slots` trainings at once, each in a process of its own.

    Args:
        slots: how many.
        gpus: the devices that the slots share out, one after the other: "all", "0,1" or [0, 1]; see
            `osetra.executors.devices.choose`. Where slots share a device, a training process ends with
            its trial, so that the next one finds the memory free.
    """

    slots: int
    gpus: str | Sequence[int | str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", Limits(workers=self.slots).workers)
        if not isinstance(self.gpus, (str, list, tuple)):
            raise expected("gpus", self.gpus, "write 'all', '0,1' or [0, 1]")

    def start(self, job: Job, store: Store) -> ProcessCrew:
        """Start one supervisor per slot.

        Raises:
            StudyError: the store lives in this process's memory, where others cannot see it.
        """
        if store.url == "memory:":
            raise StudyError("worker processes need a study on disk; give it a path such as 'study.db'")
        crew = ProcessCrew(self.slots, job, setup_message(job, store), store, choose(self.gpus))
        crew.tick(0.0)
        return crew


@dataclass(slots=True)
class SupervisorProcess:
    """One supervisor as seen from the study's process."""

    process: subprocess.Popen[bytes]
    channel: Channel
    child: Ready | None = None


@dataclass(slots=True)
class ProcessCrew:
    """The running supervisors."""

    slots: int
    job: Job
    message: Setup
    """What every supervisor is told, but for its slot."""
    store: Store
    gpus: tuple[str, ...] = ()
    crew: dict[int, SupervisorProcess] = field(default_factory=dict)
    started: int = 0
    stopping: bool = False

    @property
    def supervisors(self) -> dict[int, int]:
        """The slot of each supervisor, by its process id."""
        return {member.process.pid: slot for slot, member in self.crew.items()}

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
        deadline = time.monotonic() + (0.0 if kill else self.job.grace + 5.0)
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

    def _supervisor(self, slot: int) -> SupervisorProcess:
        self.started += 1
        folder = log_folder(self.store)
        if self.started > self.slots + RESTARTS:
            raise StudyError(f"worker {slot} was killed {RESTARTS} times; look into {folder}")
        with slot_log(folder, slot) as output:
            log = output.name
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
        channel.send(
            msgspec.structs.replace(
                self.message,
                slot=slot,
                log=log,
                gpu=self.gpus[slot % len(self.gpus)] if self.gpus else "",
                shared=self.slots > len(self.gpus) > 0,
            )
        )
        return SupervisorProcess(process, channel)


def setup_message(job: Job, store: Store) -> Setup:
    """Return what a worker is told, but for its slot, its log and its devices.

    Raises:
        StudyError: the training function cannot travel.
    """
    return Setup(
        url=store.url,
        study=store.study,
        metric=job.objective.metric,
        direction=job.objective.direction,
        pick=job.objective.pick,
        needs=list(job.needs),
        function=_packed(job.function),
        path=list(sys.path),
        script=this_script(),
        slot=0,
        threads=job.threads,
        report_timeout=job.report_timeout,
        repeats_only=job.repeats_only,
        log="",
        checkpoints=str(store.checkpoints),
        quota=job.checkpoints.quota,
        every=job.checkpoints.every,
        grace=job.grace,
    )


def _packed(function: Callable[..., object]) -> bytes:
    try:
        return bytes(cloudpickle.dumps(function))
    except Exception as error:
        raise StudyError(
            f"the training function cannot be sent to worker processes ({error}); open files, locks and "
            "connections inside the function, or use workers=1"
        ) from None


def log_folder(store: Store | Address) -> Path:
    """Return where the output of trainings goes: beside the study's file, or into this user's state.

    The second is $XDG_STATE_HOME/osetra, ~/.local/state/osetra or a folder of temporary files. What trainings
    print may hold data of people, so new folders and files are this user's alone.
    """
    file = Address(store.url).file
    folders = list[Path]()
    if file is not None:
        folders = [file.with_suffix(".logs")]
    else:
        home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        mark = hashlib.sha256(mask(store.url).encode()).hexdigest()[:8]  # tells stores apart
        name = re.sub(r"[^\w.-]+", "-", f"{store.study}-{mark}-{socket.gethostname()}")
        with suppress(RuntimeError):  # this user has no home
            folders = [Path(home).expanduser() / "osetra" / name]
    for folder in folders:
        with suppress(OSError):
            if os.access(private_folder(folder), os.W_OK):
                return folder
    return temporary_folder()


def slot_log(folder: Path, slot: int) -> IO[bytes]:
    """Open the log of a slot; another program's slots on this study have taken the first numbers."""
    for number in count(slot):
        output = open_private(folder / f"worker-{number}.log")
        if sys.platform == "win32":
            return output
        try:
            # Held by the supervisor through its stderr, and dropped by the kernel when it is gone.
            fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            output.close()
            continue
        except OSError:
            return output  # a file system without locks
        return output
    raise AssertionError("count() does not end")


def _bury(member: SupervisorProcess) -> None:
    """Make sure that nothing of a dead supervisor's training is left."""
    member.process.wait()
    for message in member.channel.receive(0.0):
        if isinstance(message, Ready):
            member.child = message
    # Its shim ends a training; this is for somebody who has killed both. The training may be gone already
    # while its helpers live on; their group keeps its number from reuse.
    if member.child is not None and started_at(member.child.pid) in (member.child.started, 0.0, -1.0):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(member.child.pid, signal.SIGKILL)
    member.channel.close()
