"""Small programs that store tests run apart; each forks as many processes as it is told to.

Forking after the import starts dozens of them in the time that one takes.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

from osetra.core.curves import Point
from osetra.core.facts import Claimed, Noted, Suggested, Worker, ended
from osetra.errors import Conflict, LeaseLost
from osetra.stores import open_store

WORKER = Worker("host", "boot", 1, 0.0)
BATCH = 5


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, __file__, program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(program: str, *arguments: object) -> list[str]:
    process = start(program, *arguments)
    printed = process.communicate(timeout=120)[0].split()
    assert process.returncode == 0
    return printed


def note(path: str, count: str) -> None:
    """Open a file that does not exist yet, all at the same moment, and write one fact each."""
    _together(int(count), lambda me: open_store(path).append([Noted("hello", str(me), "")]))


def claim(path: str, count: str, trials: str) -> None:
    """Claim as many trials as the others leave; print them."""

    def claim_all(me: int) -> None:
        store = open_store(path)
        for trial in range(1, int(trials) + 1):
            with suppress(Conflict):
                store.append([Claimed(trial, 1, WORKER)])
                os.write(1, f"{trial}\n".encode())

    _together(int(count), claim_all)


def flood(path: str, count: str, batches: str) -> None:
    """Write many points as fast as possible."""

    def write_all(me: int) -> None:
        store = open_store(path)
        store.append([Claimed(me, 1, WORKER)])
        for batch in range(int(batches)):
            store.append([], [Point(me, 1, 0, batch * 100 + step, "loss", 0.5) for step in range(100)])

    _together(int(count), write_all)


def crew(path: str, count: str) -> None:
    """Keep some writers at work, print the process number of each, replace those that die."""
    for seed in range(10**6):
        if seed >= int(count):
            os.wait()
        pid = os.fork()
        if pid == 0:
            work(path, seed)
        print(pid, flush=True)


def work(path: str, seed: int) -> None:
    """Claim, report in batches and end trials until killed."""
    store, rng = open_store(path), random.Random(seed)
    while True:
        trial = rng.randrange(1, 10**6)
        with suppress(Conflict, LeaseLost):
            store.append([Suggested(trial, {"lr": 0.5}, 1)])
            store.append([Claimed(trial, 1, WORKER)])
            for batch in range(rng.randrange(5)):
                steps = range(batch * BATCH, (batch + 1) * BATCH)
                store.append([], [Point(trial, 1, 0, step, "loss", step / 7) for step in steps])
            store.append([ended(trial, 1, "finished", 0.5)])


def _together(count: int, action: Callable[[int], object]) -> None:
    held, gate = os.pipe()
    for me in range(1, count + 1):
        if os.fork() == 0:
            os.close(gate)
            os.read(held, 1)
            action(me)
            os._exit(0)
    os.close(gate)  # the end of the pipe starts them all
    sys.exit(any(os.wait()[1] for _ in range(count)))


if __name__ == "__main__":
    {"note": note, "claim": claim, "flood": flood, "crew": crew}[sys.argv[1]](*sys.argv[2:])
