"""Identity: who this process is, and proof that another one of this host lives, or does not run any more.

A process number means something inside one PID namespace alone: two containers may have one host name and
one boot, and each a process 7 of its own. So a worker says which namespace its number belongs to, and what
cannot be looked at from here is neither alive nor dead: its lease decides.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from osetra.core.facts import Worker

Condition = Literal["alive", "stopped", "dead", "unknown"]
"""What can be proven of a worker from here."""

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_OUTERMOST = "4026531836"
"""The PID namespace of a machine that is no container: the same number on every Linux kernel."""
_STOPPED = ("T", "t")


def this_process(slot: int = 0) -> Worker:
    """Return this process's identity."""
    pid = os.getpid()
    return Worker(socket.gethostname(), _boot(), pid, started_at(pid), slot, _namespace())


def condition(worker: Worker) -> Condition:
    """Return what can be proven of a worker; one that is stopped or frozen is given up by its lease."""
    if worker.host != socket.gethostname():
        return "unknown"
    known, here = worker.namespace, _namespace()
    outermost = here.partition("/")[0] in (_OUTERMOST, sys.platform)
    # Workers of earlier versions do not say where their number belongs: most are in no container.
    if known != here and (known or not outermost):
        return "unknown"
    if worker.boot != _boot():
        return "dead" if outermost else "unknown"
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return "dead"
    except (PermissionError, OverflowError):
        return "unknown"
    started = started_at(worker.pid)
    if 0.0 in (started, worker.started):
        return "unknown"  # it ended at this moment, or there is no /proc for us: the number may be reused
    if started != worker.started:
        return "dead"
    return "stopped" if _stopped(worker.pid) else "alive"


def started_at(pid: int) -> float:
    """Return when a process started, in clock ticks since boot; 0 when unknown, -1 for a zombie."""
    fields = _stat(pid)
    if not fields:
        return 0.0
    return -1.0 if fields[0] == "Z" else float(fields[19])


def _stat(pid: int) -> list[str]:
    """Return what Linux says of a process, from its state on; nothing when that cannot be read."""
    if not _own_proc():
        return []
    try:
        return (_PROC / f"{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


@cache
def _own_proc() -> bool:
    """Whether /proc counts processes as we do; in a container it may have been left as it was outside."""
    try:
        return (_PROC / "self").readlink().name == str(os.getpid())
    except OSError:
        return False


def _stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal or a debugger, or frozen with its control group."""
    fields = _stat(pid)
    return bool(fields) and (fields[0] in _STOPPED or _frozen(pid))


def _frozen(pid: int) -> bool:
    try:
        lines = (_PROC / f"{pid}/cgroup").read_text().splitlines()
    except OSError:
        return False
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        group = place.lstrip("/")
        if not controllers and _says(_CGROUPS / group / "cgroup.events", r"^frozen 1$"):
            return True
        if controllers == "freezer" and _says(_CGROUPS / "freezer" / group / "freezer.state", "FROZEN"):
            return True
    return False


def _says(file: Path, words: str) -> bool:
    try:
        return re.search(words, file.read_text(), re.MULTILINE) is not None
    except OSError:
        return False


@cache
def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return sys.platform


def _namespace() -> str:
    """Return where process numbers and start times of this process mean something.

    Numbers belong to the PID namespace; a time namespace of one's own shifts the start times.
    """
    numbers = []
    for kind in ("pid", "time"):
        with suppress(OSError):  # older kernels have no time namespaces
            numbers.append(str((_PROC / "self/ns" / kind).stat().st_ino))
    return "/".join(numbers) or sys.platform
