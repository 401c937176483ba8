"""Identity: who this process is, and proof that another one of this host does not run any more."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from pathlib import Path

from osetra.core.facts import Worker


def this_process(slot: int = 0) -> Worker:
    """Return this process's identity."""
    return Worker(socket.gethostname(), _boot(), os.getpid(), started_at(os.getpid()), slot)


def provably_dead(worker: Worker) -> bool:
    """Whether a worker of this host does not run any more; False when it cannot be known here."""
    if worker.host != socket.gethostname():
        return False
    if worker.boot != _boot():
        return True
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return started_at(worker.pid) != worker.started


def started_at(pid: int) -> float:
    """Return when a process started, in clock ticks since boot; 0 when unknown, -1 for a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    return -1.0 if fields[0] == "Z" else float(fields[19])


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return sys.platform
