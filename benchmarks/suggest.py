"""CPU milliseconds per suggestion by number of finished trials, single and in batches of 8.

    python benchmarks/suggest.py            a table, about 3 minutes
    python benchmarks/suggest.py --json     one JSON object on stdout
    python benchmarks/suggest.py --seconds  what it adds that trainings differ in what they take

Seven continuous hyperparameters, a rough bowl as objective. Every figure is the median of five calls, each
on a history that has grown by one trial since the last, as in a real search. With `--seconds` trainings take times
that vary by a factor of 50, which a search that is limited by time takes into account: it is measured in turns
with the same search that does not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from dataclasses import replace

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import osetra as ose  # noqa: E402
from osetra.core.facts import Claimed, Entry, Suggested, ended  # noqa: E402
from osetra.searchers import by_name  # noqa: E402
from osetra.testing.histories import WORKER, Log  # noqa: E402

SIZES = (100, 300, 1000, 10_000)
COUNTS = (1, 8)
CALLS = 5


def measure(name: str, n: int, count: int) -> float:
    """Return the median CPU milliseconds of a call that asks for `count` suggestions."""
    return _spent([by_name(name)], n, count)[0]


def measure_seconds(name: str, n: int, count: int) -> list[float]:
    """Return that for a search without a time limit, and for one halfway through its time."""
    return _spent([by_name(name), replace(by_name(name), thrift=0.5)], n, count)


def _spent(several: list[ose.core.ports.Searcher], n: int, count: int) -> list[float]:
    """Return the median CPU milliseconds of each searcher, asked in turns about one history."""
    problem = ose.Problem(
        ose.Space({f"x{i}": ose.Float(0, 1) for i in range(7)}), ose.Objective(metric="loss")
    )
    points = np.random.default_rng(0).random((n + CALLS, 7))
    values = np.sum((points - 0.3) ** 2, axis=1) + 0.1 * np.sin(20 * points[:, 0])
    log, history = Log(problem), ose.History()
    spent: list[list[float]] = [[] for _ in several]
    for row, config in enumerate(problem.space.decode(points)):
        _trained(log, config, float(values[row]), float(np.exp(4.0 * points[row, 1])))
        if row < n:
            continue
        history = history.extend(log.entries[history.version :])
        for searcher, own in zip(several, spent, strict=True):
            begun = time.process_time()
            searcher.suggest(problem, history, count, np.random.default_rng(n))
            own.append(1e3 * (time.process_time() - begun))
    return [statistics.median(own) for own in spent]


def _trained(log: Log, config: ose.core.params.Config, value: float, seconds: float) -> None:
    """Append a training that took so long."""
    log.trials += 1
    number, now = log.trials, log.entries[-1].time
    log.write(
        Suggested(number, config, number), Claimed(number, 1, WORKER), ended(number, 1, "finished", value)
    )
    for back, at in ((3, now), (2, now), (1, now + seconds)):
        log.entries[-back] = Entry(log.entries[-back].version, at, log.entries[-back].fact)


def _row(figures: list[float]) -> list[float]:
    return [round(figure, 2) for figure in figures]


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--searchers", default="auto,bayes,tpe,cmaes,evolution,sobol")
    parser.add_argument("--seconds", action="store_true", help="without and with a limit of time")
    options = parser.parse_args()
    if options.seconds:
        ratios = {
            name: {n: _row(measure_seconds(name, n, 1)) for n in SIZES}
            for name in options.searchers.split(",")
            if hasattr(by_name(name), "thrift")
        }
        print(json.dumps({"cpu_ms_without_and_with_seconds": ratios}))
        return
    figures = {
        name: {n: [round(measure(name, n, count), 2) for count in COUNTS] for n in SIZES}
        for name in options.searchers.split(",")
    }
    if options.json:
        print(json.dumps({"counts": COUNTS, "cpu_ms": figures}))
        return
    print("| searcher | " + " | ".join(f"n = {n:,}: 1 / batch of 8" for n in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for name, row in figures.items():
        print(f"| {name} | " + " | ".join(f"{one:.1f} / {eight:.1f}" for one, eight in row.values()) + " |")


if __name__ == "__main__":
    main()
