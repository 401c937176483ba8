"""The training process as its supervisor sees it: how it is started, what it prints, why it died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from osetra.core.ending import Ending
from osetra.executors.devices import environment_of
from osetra.executors.wire import Channel, Setup

LEAK = 2**30
"""Bytes a training process may grow between trials before it is replaced."""
LOG_LIMIT = 2**20
"""Bytes of training output kept per worker slot; beyond them the older half goes."""


@dataclass(slots=True)
class TrainingProcess:
    """A training process, warm between trials."""

    process: subprocess.Popen[bytes]
    channel: Channel
    log: Path
    """Where its output goes, behind that of the processes before it."""
    memory: int = 0
    """Bytes that it took when it was ready."""

    @property
    def ended(self) -> bool:
        """Whether the process is gone or its pipe closed."""
        return self.channel.closed or self.process.poll() is not None

    def kill(self) -> int:
        """End the whole process group and return the exit status."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = self.process.wait()
        self.channel.close()
        return status

    def settle(self) -> None:
        """Remember its size: it is ready."""
        self.memory = _memory(self.process.pid)

    def leaking(self) -> bool:
        """Whether it has grown far beyond its size when it was ready."""
        return _memory(self.process.pid) > 2 * self.memory + LEAK

    def autopsy(self, oom_kills_before: int) -> Ending:
        """Say why it ended without a word."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)
        status, output = self.kill(), last_output(self.log)
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
    """Start a training process, in a process group of its own."""
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
        str(setup.threads),
    )
    orders, report = os.pipe(), os.pipe()
    with Path(setup.log).open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module, no text of others
            [sys.executable, "-m", "osetra.executors.child", str(orders[0]), str(report[1])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(orders[0], report[1]),
            start_new_session=True,
            env={**os.environ, **threads, **environment_of(setup.gpu)},
        )
    os.close(orders[0])
    os.close(report[1])
    return TrainingProcess(process, Channel(report[0], orders[1]), Path(setup.log))


def shorten(log: Path) -> None:
    """Keep the newer half of a log that is too long; its writers append, so they may go on meanwhile."""
    if log.stat().st_size <= LOG_LIMIT:
        return
    with log.open("rb") as file:
        file.seek(-LOG_LIMIT // 2, os.SEEK_END)
        tail = file.read()
    os.truncate(log, 0)
    with log.open("ab") as file:
        file.write(tail)


def last_output(log: Path) -> str:
    """Return the end of what trainings of a slot printed."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 4000))
        return file.read().decode(errors="replace")
    return ""


def oom_kills() -> int:
    """Return how often this system has killed for lack of memory."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/vmstat").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("oom_kill ")).split()[1])
    return 0


def _memory(pid: int) -> int:
    with suppress(OSError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
