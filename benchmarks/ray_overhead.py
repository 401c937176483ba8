"""What a trial costs beside its training in a Ray cluster: osetra's executor against bare `ray.remote`.

    python benchmarks/ray_overhead.py            a table, about 5 minutes
    python benchmarks/ray_overhead.py --quick    the same with fewer trials, under 2 minutes
    python benchmarks/ray_overhead.py --json     one JSON object on stdout

The training draws ten numbers and returns their sum, so that nothing but overhead is left. Four ways
do it with two workers on one machine, in turn, several times, in one Ray that runs all the while:

    ray tasks    ray.remote functions: no claims, no leases, no log, nothing survives the driver
    ray actors   two actors, each given the next trial when it has ended the one before; the same
    osetra, Ray  the Ray executor on an SQLite study, reached through its actor
    osetra, processes    worker processes on an SQLite study

Milliseconds per trial are those of the whole machine: seconds from the first start to the last end
over the number of trials. Starting workers is measured apart.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ray

import osetra as ose
from osetra.executors.ray import Ray

WORKERS = 2
NAMES = [f"x{i}" for i in range(10)]


def train(run):
    """Return a value at once."""
    return sum(run.config.values())


def draw(seed: int) -> float:
    """Do what a trial of ours does: draw a configuration, and train."""
    rng = random.Random(seed)
    return sum({name: rng.random() for name in NAMES}.values())


class Trainer:
    """An actor that trains one configuration after another."""

    def train(self, seed: int) -> float:
        """Train one."""
        return draw(seed)


def tasks(trials: int) -> tuple[float, float]:
    """Return seconds to start, and milliseconds per trial, of bare tasks, two at once."""
    begun = time.perf_counter()
    task = ray.remote(num_cpus=1)(draw)
    ray.get([task.remote(0) for _ in range(WORKERS)])
    ready = time.perf_counter()
    pending, given = [task.remote(n) for n in range(WORKERS)], WORKERS
    while pending:
        done, pending = ray.wait(pending)
        ray.get(done)
        if given < trials:
            pending.append(task.remote(given))
            given += 1
    return ready - begun, 1000 * (time.perf_counter() - ready) / trials


def actors(trials: int) -> tuple[float, float]:
    """Return the same for two actors that wait for work."""
    begun = time.perf_counter()
    pool = [ray.remote(Trainer).options(num_cpus=1).remote() for _ in range(WORKERS)]
    ray.get([actor.train.remote(0) for actor in pool])
    ready = time.perf_counter()
    pending, given = {actor.train.remote(n): actor for n, actor in enumerate(pool)}, WORKERS
    while pending:
        (done,), _ = ray.wait(list(pending))
        ray.get(done)
        actor = pending.pop(done)
        if given < trials:
            pending[actor.train.remote(given)] = actor
            given += 1
    took = time.perf_counter() - ready
    for actor in pool:
        ray.kill(actor)
    return ready - begun, 1000 * took / trials


def ours(executor: Callable[[], object], trials: int) -> tuple[float, float]:
    """Return the same for osetra, by the times in the study's log."""
    with tempfile.TemporaryDirectory() as folder:
        space = ose.Space({name: ose.Float(0, 1) for name in NAMES})
        study = ose.Study(Path(folder, "s.db"), space, minimize="loss", searcher="random", scheduler="full")
        begun = time.time()
        study.run(train, trials=trials, executor=executor())
        attempts = [attempt for trial in study.trials for attempt in trial.attempts]
        first = min(a.started for a in attempts)
        took = max(a.ended for a in attempts) - first
        assert len(study.history.finished) == trials
        study.close()
    return first - begun, 1000 * took / trials


WAYS: dict[str, Callable[[int], tuple[float, float]]] = {
    "ray tasks": tasks,
    "ray actors": actors,
    "osetra, Ray": lambda trials: ours(lambda: Ray(slots=WORKERS), trials),
    "osetra, processes": lambda trials: ours(lambda: ose.Processes(WORKERS), trials),
}


def main() -> None:
    """Measure every way in turn and show the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=None)
    options = parser.parse_args()
    trials, repeats = (200, 3) if options.quick else (1000, 5)
    ray.init(
        num_cpus=WORKERS,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=80 * 2**20,
    )
    figures: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _ in range(options.repeats or repeats):
        for way, measure in WAYS.items():
            figures[way].append(measure(trials))
            print(f"{way}: {figures[way][-1]}", file=sys.stderr)
    ray.shutdown()
    print(json.dumps(summary(figures, trials)) if options.json else table(figures))


def summary(figures: dict[str, list[tuple[float, float]]], trials: int) -> dict[str, object]:
    """Return one flat object: all measurements, and the medians of what is compared."""
    result: dict[str, object] = {
        "schema": 1,
        "python": sys.version.split()[0],
        "ray": ray.__version__,
        "cores": os.cpu_count(),
        "trials": trials,
    }
    for way, measured in figures.items():
        name = way.replace(",", "").replace(" ", "_").lower()
        result[f"{name}_ms"] = [each for _, each in measured]
        result[f"{name}_start_s"] = [start for start, _ in measured]
    result["overhead_ms"] = middle(figures["osetra, Ray"]) - middle(figures["ray tasks"])
    result["processes_overhead_ms"] = middle(figures["osetra, processes"]) - middle(figures["ray tasks"])
    return result


def middle(measured: list[tuple[float, float]]) -> float:
    """Return the median of the milliseconds per trial."""
    return statistics.median(each for _, each in measured)


def table(figures: dict[str, list[tuple[float, float]]]) -> str:
    """Return the figures for people."""
    lines = [f"{'':20}{'ms per trial':>26}{'above ray tasks':>18}{'start, s':>12}"]
    for way, measured in figures.items():
        each = [ms for _, ms in measured]
        shown = f"{middle(measured):.3g} ({min(each):.3g}…{max(each):.3g})"
        above = middle(measured) - middle(figures["ray tasks"])
        start = statistics.median(seconds for seconds, _ in measured)
        lines.append(f"{way:20}{shown:>26}{above:>18.3g}{start:>12.3g}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
