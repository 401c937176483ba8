"""What do parallel workers cost in quality? Regret at equal trials with 1, 4 and 16 asynchronous workers.

    python benchmarks/parallel.py --data ../shared/data            a table
    python benchmarks/parallel.py --data ../shared/data --json     one JSON object on stdout

Trainings last a random time; whenever one ends, its worker asks for the next configuration while the
others are still running. Every optimiser runs at its defaults on the same problems and seeds.
"""

from __future__ import annotations

import argparse
import heapq
import json
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import search  # sets the number of BLAS threads before anything loads NumPy

import numpy as np  # isort: skip

WORKERS = (1, 4, 16)
TRIALS = 100
FAMILIES = {
    "lcbench": ("126029", "167185", "189866", "7593"),
    "synthetic": ("hartmann6", "ackley10-mixed", "network-conditional", "levy10"),
}
Cell = tuple[str, int, str, str, int]
"""Optimiser, workers, family, problem, seed."""


def run(cell: Cell, data: Path) -> float:
    """Return the regret of the best configuration after all trials."""
    warnings.simplefilter("ignore")
    optimiser, workers, family, problem, seed = cell
    benchmark = next(b for b in search.problems(data, family) if b.name == problem)
    session, durations = benchmark.start(), np.random.default_rng((seed, 11))
    asked = search.start(optimiser, benchmark.space, seed)
    running: list[tuple[float, int, object, dict[str, Any]]] = []
    now, values = 0.0, []
    for number in range(TRIALS + workers):
        if len(running) == workers or number >= TRIALS:
            now, _, token, config = heapq.heappop(running)
            values.append(session.worth(config))
            asked.tell(token, session.seen(config))
        if number < TRIALS:
            token, config = asked.ask(session.place)
            heapq.heappush(running, (now + float(durations.lognormal(0.0, 0.5)), number, token, config))
        if not running:
            break
    return float(benchmark.regret(np.array([np.nanmin(values)]))[0])


def main() -> None:
    """Run every cell and compare with one worker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--optimisers", default="auto,optuna-tpe")
    options = parser.parse_args()
    names = options.optimisers.split(",")
    cells = [
        (name, workers, family, problem, seed)
        for name in names
        for workers in WORKERS
        for family, problems in FAMILIES.items()
        for problem in problems
        for seed in range(options.seeds)
    ]
    with ProcessPoolExecutor(2) as pool:
        regrets = dict(zip(cells, pool.map(run, cells, [options.data] * len(cells)), strict=True))
    figures: dict[str, Any] = {}
    for name in names:
        for family in FAMILIES:
            means = {
                w: float(np.mean([r for c, r in regrets.items() if c[:3] == (name, w, family)]))
                for w in WORKERS
            }
            figures[f"{name} {family}"] = {
                **{f"regret_{w}": round(mean, 4) for w, mean in means.items()},
                **{f"ratio_{w}": round(means[w] / max(means[1], 1e-4), 2) for w in WORKERS[1:]},
            }
    if options.json:
        print(json.dumps({"trials": TRIALS, "seeds": options.seeds, **figures}))
        return
    print(f"regret after {TRIALS} trials, {options.seeds} seeds")
    for name, row in figures.items():
        print(f"{name:24}" + "  ".join(f"{key} {value:<7}" for key, value in row.items()))


if __name__ == "__main__":
    sys.exit(main())
