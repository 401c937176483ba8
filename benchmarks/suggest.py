"""CPU milliseconds per suggestion by number of finished trials, single and in batches of 8.

    python benchmarks/suggest.py            a table, about 3 minutes
    python benchmarks/suggest.py --json     one JSON object on stdout

Seven continuous hyperparameters, a rough bowl as objective. Every figure is the median of five calls, each
on a history that has grown by one trial since the last, as in a real search.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import osetra as ose  # noqa: E402
from osetra.searchers import by_name  # noqa: E402
from osetra.testing.histories import Log  # noqa: E402

SIZES = (100, 300, 1000, 10_000)
COUNTS = (1, 8)
CALLS = 5


def measure(name: str, n: int, count: int) -> float:
    """Return the median CPU milliseconds of a call that asks for `count` suggestions."""
    space = ose.Space({f"x{i}": ose.Float(0, 1) for i in range(7)})
    problem = ose.Problem(space, ose.Objective(metric="loss"))
    points = np.random.default_rng(0).random((n + CALLS, 7))
    values = np.sum((points - 0.3) ** 2, axis=1) + 0.1 * np.sin(20 * points[:, 0])
    log = Log(problem)
    pairs = list(zip(space.decode(points), values.tolist(), strict=True))
    history = ose.History()
    searcher, spent = by_name(name), []
    for config, value in pairs[:n]:
        log.write(*_facts(log, config, value))
    for config, value in pairs[n:]:
        written = history.version
        log.write(*_facts(log, config, value))
        history = history.extend(log.entries[written:])
        begun = time.process_time()
        searcher.suggest(problem, history, count, np.random.default_rng(n))
        spent.append(1e3 * (time.process_time() - begun))
    return statistics.median(spent)


def _facts(log: Log, config: ose.core.params.Config, value: float) -> tuple:
    from osetra.core.facts import Claimed, Suggested, ended
    from osetra.testing.histories import WORKER

    log.trials += 1
    number = log.trials
    return (
        Suggested(number, config, number),
        Claimed(number, 1, WORKER),
        ended(number, 1, "finished", value),
    )


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--searchers", default="auto,bayes,tpe,cmaes,evolution,sobol")
    options = parser.parse_args()
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
