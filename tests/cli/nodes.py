"""Processes that stand in for machines: a host name of their own, and leases that run out soon.

`python nodes.py HOST WORD…` is `osetra WORD…` on the machine HOST. The same holds for every process
that it starts, by a sitecustomize.py which Python imports at its start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

LEASE, RENEW = 2.0, 0.3
"""Seconds."""

CUSTOM = f"""
import os, socket

if os.environ.get("NODE"):
    socket.gethostname = lambda: os.environ["NODE"]
    from osetra.executors import leases
    from osetra.stores.sqlite import store

    leases.LEASE, leases.RENEW = {LEASE}, {RENEW}
    append, renew = store.SqliteStore.append, store.SqliteStore.renew
    store.SqliteStore.append = lambda self, facts, points=(), **_: append(self, facts, points, lease={LEASE})
    store.SqliteStore.renew = lambda self, trial, attempt, **_: renew(self, trial, attempt, lease={LEASE})
"""

TRAINING = """
import time
import osetra as ose

space = ose.Space(lr=ose.Float(1e-3, 1, scale="log", default=0.1))


def train(run):
    # every step is 0.05 s; the value says how many steps were trained, over all attempts
    done = (run.restore() or {"done": 0})["done"]
    for step in run.steps(20):
        time.sleep(0.05)
        done += 1
        run.report(loss=1.0 / step, done=done)
        run.checkpoint(lambda: {"done": done})
"""


def prepare(folder: Path) -> None:
    """Write what the machines have in common."""
    (folder / "custom").mkdir()
    (folder / "custom" / "sitecustomize.py").write_text(CUSTOM)
    (folder / "training.py").write_text(TRAINING)


def node(host: str, folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start `osetra WORD…` on a machine, in a process group of its own."""
    path = os.pathsep.join([str(folder / "custom"), os.environ.get("PYTHONPATH", "")])
    with (folder / f"{host}.out").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-c", "from osetra.cli import main; main(prog_name='osetra')", *words],
            cwd=folder,
            env={**os.environ, "NODE": host, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it, the process first."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # threads end all the time
                found += [int(word) for word in task.read_text().split()]
    return found


def send(machine: subprocess.Popen[bytes], number: int) -> list[int]:
    """Send a signal to every process of a machine; return them."""
    everybody = tree(machine.pid)
    if number == signal.SIGKILL:
        for pid in everybody:  # so that nobody sees another one die first
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
    for pid in everybody:
        with suppress(ProcessLookupError):  # trainings end all the time
            os.kill(pid, number)
    return everybody
