"""The training process as its supervisor sees it: how it is started, what it prints, why it died."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osetra.core.ending import Ending
from osetra.executors.devices import environment_of
from osetra.executors.identity import started_at
from osetra.executors.output import SlotLog, TrainingOutput
from osetra.executors.wire import Channel, Setup

SHIM = Path(__file__).with_name("shim.py")
LOG = "OSETRA_WORKER_LOG"
"""The variable of the environment that names the file with a training's output."""
LEAK = 2**30
"""Bytes a training process may grow between trials before it is replaced."""
PATIENCE = 10.0
"""Seconds in which a shim must have ended everything below it."""
_CLOSED = 1.0
"""Seconds for which a process may live on without its end of the channel before it is taken for gone."""


@dataclass(slots=True)
class TrainingProcess:
    """A training process below its shim, warm between trials."""

    process: subprocess.Popen[bytes]
    """The shim."""
    channel: Channel
    output: TrainingOutput
    status: int
    """Where the shim says how the training process ended."""
    pid: int = 0
    """The training process itself, once it is ready."""
    memory: int = 0
    """Bytes that it took when it was ready."""
    exit: int | None = None
    """Its exit status, or the signal that ended it, below 0; None while it runs."""

    @property
    def ended(self) -> bool:
        """Whether the process is gone or its pipe closed."""
        return self.channel.closed or self.over(0.0)

    def over(self, seconds: float) -> bool:
        """Whether the process has ended, or does so within some seconds."""
        if self.exit is None and select.select([self.status], [], [], seconds)[0]:
            self.exit = _exit(os.read(self.status, 1024))
        return self.exit is not None

    def kill(self) -> int:
        """End everything that it has started, and return its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()  # the shim takes it for the end of whoever wants something
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.pid:
            # Nothing is left, unless somebody has killed the shim.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.over(0.0)
        self.output.finish(_CLOSED)
        self.channel.close()
        os.close(self.status)
        return -signal.SIGKILL if self.exit is None else self.exit

    def settle(self, pid: int) -> None:
        """Remember the process and its size: it is ready."""
        self.pid, self.memory = pid, _memory(pid)

    def leaking(self) -> bool:
        """Whether it has grown far beyond its size when it was ready."""
        return _memory(self.pid) > 2 * self.memory + LEAK

    def autopsy(self, oom_kills_before: int) -> Ending:
        """Say why it ended without a word."""
        if not self.over(_CLOSED) and self.pid and started_at(self.pid) > 0:
            self.kill()
            reason = "the training closed its connection to osetra; only files of its own may be closed"
            return Ending("failed", reason=reason, detail=self.output.last)
        self.over(PATIENCE)
        status = self.kill()
        output = self.output.last
        if status >= 0:
            reason = f"the training process exited with status {status}"
            return Ending("failed", reason=reason, detail=output)
        name = signal.Signals(-status).name
        if -status == signal.SIGKILL and oom_kills() > oom_kills_before:
            reason = "out of memory: the system killed the training"
            return Ending("failed", reason=reason, detail=output)
        if -status in (signal.SIGKILL, signal.SIGTERM):
            return Ending("lost", reason=f"the training process was killed ({name})", detail=output)
        return Ending("failed", reason=f"the training process crashed ({name})", detail=output)


def spawn(setup: Setup) -> TrainingProcess:
    """Start a training process below a shim, in a session of its own."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
        str(setup.threads),
    )
    orders, report, status, output = (os.pipe() for _ in range(4))
    theirs = (orders[0], report[1], status[1])
    training = [sys.executable, "-m", "osetra.executors.child", str(orders[0]), str(report[1])]
    process = subprocess.Popen(  # noqa: S603 - our own modules, no text of others
        [sys.executable, "-I", "-S", str(SHIM), str(status[1]), "", *training],
        stdin=subprocess.PIPE,
        stdout=output[1],
        stderr=output[1],
        pass_fds=theirs,
        start_new_session=True,
        env={**os.environ, **threads, **environment_of(setup.gpu), LOG: setup.log},
    )
    for end in (*theirs, output[1]):
        os.close(end)
    kept = TrainingOutput(output[0], SlotLog(Path(setup.log)))
    return TrainingProcess(process, Channel(report[0], orders[1]), kept, status[0])


def oom_kills() -> int:
    """Return how often this system has killed for lack of memory."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/vmstat").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("oom_kill ")).split()[1])
    return 0


def _exit(message: bytes) -> int:
    """Return what a shim says of the end of a training process; a shim that is gone was killed with it."""
    kind, _, number = message.decode().partition(" ")
    if not number:
        return -signal.SIGKILL
    return -int(number) if kind == "signal" else int(number)


def _memory(pid: int) -> int:
    with suppress(OSError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
