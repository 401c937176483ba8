"""Trainings that misbehave in every way: is a value stored that the training itself did not write?

    python benchmarks/misbehaviour.py                   20 runs of every kind, about 20 minutes
    python benchmarks/misbehaviour.py --quick --json    2 runs, one JSON object on stdout
    python benchmarks/misbehaviour.py --executor inline one executor only

Each training writes its own value to a file of its own, and then forks and lets the child go on, reports from
threads that outlive it, closes or replaces the streams, exits, crashes, prints without end, edits what it can
reach (tests/faults/misbehaviour.py; programs: tests/faults/misbehaving_programs.py). A study of them is judged
by its log alone:

    differing  values that are not the one in the training's file
    foreign    reports in a curve that are another trial's, or a stranger's
    failed     trainings with a result that have none in the log
    passed     trainings without a result that have one in the log
    running    trials that are left as running
    orphans    processes that are left when the program has ended
    checker    what the checker of the protocol complains about
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import osetra as ose
from osetra.core.invariants import violations
from osetra.stores import open_store

PROGRAM = Path(__file__).parents[1] / "tests" / "faults" / "misbehaviour.py"
sys.path.insert(0, str(PROGRAM.parent))

import misbehaving_programs  # noqa: E402

import misbehaviour  # noqa: E402 - beside the tests that they are for

EXECUTORS = ("inline", "processes", "workers", "command", "command-workers")
PATIENCE = 15.0
"""Seconds in which everything that a program has started must be gone."""


def kinds_of(executor: str) -> tuple[Any, ...]:
    """Return the kinds of trainings that an executor is tried with."""
    return misbehaving_programs.KINDS if executor.startswith("command") else misbehaviour.KINDS[executor]


def processes(folder: Path) -> list[int]:
    """Return the processes that were started for a study: a variable of theirs names its folder."""
    found, mark = [], f"MISBEHAVIOUR={folder}".encode()
    for entry in filter(lambda entry: entry.name.isdigit(), Path("/proc").iterdir()):
        with suppress(OSError):
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def orphans_of(folder: Path, patience: float) -> int:
    """Return how many processes are left after a while, and end them."""
    deadline = time.monotonic() + patience
    while (left := processes(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(left)


def judge(folder: Path, executor: str) -> Counter[str]:
    """Return what is wrong with a study, with the kinds that made it so on stderr."""
    store = open_store(str(folder / "s.db"))
    entries, (points, _) = store.read(), store.read_points()
    found: Counter[str] = Counter(checker=sum(v.grave for v in violations(entries, points)))
    store.close()
    study, kinds = ose.Study(folder / "s.db"), kinds_of(executor)
    own = {int(file.name): float(file.read_text()) for file in (folder / "values").iterdir()}
    strange = {p.trial for p in points if p.metric == "loss" and int(p.value) != p.trial}
    with_result = {*misbehaviour.WELL, *misbehaviour.WELL_ALONE, *misbehaving_programs.WELL}
    without = {*misbehaviour.BROKEN, *misbehaviour.BROKEN_ALONE, *misbehaving_programs.BROKEN}
    for trial in study.trials:
        kind, finished = misbehaviour.kind_of(kinds, trial.number), trial.state == "finished"
        wrong = {
            "differing": finished and trial.value != own.get(trial.number),
            "foreign": trial.number in strange,
            "failed": kind in with_result and not finished,
            "passed": kind in without and finished,
            "running": trial.state in ("running", "queued", "paused"),
        }
        found.update({name: int(there) for name, there in wrong.items()})
        if any(wrong.values()):
            names = [name for name, there in wrong.items() if there]
            text = f"{executor}: {kind.__name__}, trial {trial.number}: {', '.join(names)} ({trial.value})"
            print(text, trial.reason[:300], file=sys.stderr)
    study.close()
    return found


def measure(executor: str, runs: int, limit: float) -> dict[str, float]:
    """Carry out the experiment with one executor and return what came of it."""
    begun, kinds = time.monotonic(), len(kinds_of(executor))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "MISBEHAVIOUR": name, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(PROGRAM), name, executor, str(runs)]
        with (folder / "errors").open("wb") as errors:
            program = subprocess.Popen(
                command, env=environment, stdout=errors, stderr=errors, start_new_session=True
            )
            try:
                status: int | str = program.wait(limit)
            except subprocess.TimeoutExpired:
                status = f"none after {limit:g} s"
                program.kill()
                program.wait()
        left = orphans_of(folder, 0.0 if executor == "inline" else PATIENCE)
        if status != 0:
            tail = (folder / "errors").read_text(errors="replace")[-2000:]
            print(f"{executor}: exit status {status}\n{tail}", file=sys.stderr)
        found = judge(folder, executor)
    names = ("differing", "foreign", "failed", "passed", "running", "checker")
    return {
        "kinds": kinds,
        "trainings": runs * kinds,
        **{name: found[name] for name in names},
        "orphans": 0 if executor == "inline" else left,  # there a training is its own program
        "broken": int(status != 0),
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="2 runs of each kind instead of 20")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--executor", choices=EXECUTORS, action="append", help="one only; repeatable")
    parser.add_argument("--runs", type=int, help="another number of runs of each kind")
    parser.add_argument("--limit", type=float, help="seconds that each executor gets")
    options = parser.parse_args()
    runs = options.runs or (2 if options.quick else 20)
    limit = options.limit or 60.0 + 60.0 * runs
    found: dict[str, dict[str, float]] = {}
    for executor in options.executor or EXECUTORS:
        found[executor] = measure(executor, runs, limit)
        if not options.json:
            if len(found) == 1:
                print(f"{'':16}" + "".join(f"{name:>11}" for name in found[executor]))
            print(f"{executor:16}" + "".join(f"{n:>11g}" for n in found[executor].values()), flush=True)
    if options.json:
        names = next(iter(found.values()))
        totals = {name: round(sum(each[name] for each in found.values()), 1) for name in names}
        print(json.dumps({**totals, "kinds": max(each["kinds"] for each in found.values()), "by": found}))


if __name__ == "__main__":
    main()
