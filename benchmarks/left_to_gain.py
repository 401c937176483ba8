"""Nothing left to gain: how often `until="noise"` would end a search, and how often too early.

    python benchmarks/left_to_gain.py            four functions of three hyperparameters, some minutes
    python benchmarks/left_to_gain.py --quick --json

A study counts as ended too early where the best configuration, without noise, is worse than the optimum by
more than two deviations of the noise.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import osetra as ose
from osetra.effects.remaining import remaining

Config = Mapping[str, Any]
FUNCTIONS: dict[str, Callable[[Config], float]] = {
    "bowl": lambda c: 9 * (c["a"] - 0.3) ** 2 + (c["b"] - 0.7) ** 2,
    "valley": lambda c: 3 * abs(c["a"] - c["b"]) + (c["a"] - 0.2) ** 2,
    "waves": lambda c: np.sin(9 * c["a"]) * np.cos(7 * c["b"]) + 1 + 0.5 * c["c"],
    "needle": lambda c: 1 - np.exp(-40 * ((c["a"] - 0.73) ** 2 + (c["b"] - 0.41) ** 2)),
}
SEARCHERS, TRIALS, NOISE = ("auto", "tpe", "random"), (24, 40), (0.02, 0.1)


def optimum(function: Callable[[Config], float]) -> float:
    """Return the least value on a fine grid."""
    axis = np.linspace(0, 1, 201)
    a, b = np.meshgrid(axis, axis)
    return float(np.min(np.vectorize(lambda x, y: function({"a": x, "b": y, "c": 0.0}))(a, b)))


def verdict(function: Callable[[Config], float], searcher: str, trials: int, noise: float, seed: int) -> str:
    """Return "silent", "right" or "early" of one study."""
    chance = np.random.default_rng((seed, trials))
    space = ose.Space({name: ose.Float(0, 1) for name in "abc"})
    study = ose.Study("memory:", space, minimize="loss", searcher=searcher, seed=seed)
    study.run(
        lambda run: float(function(run.config) + noise * chance.standard_normal()),
        trials=trials,
        progress=False,
    )
    left = remaining(study.problem, study.history)
    if left is None or not left.is_over:
        return "silent"
    return "early" if function(study.best.config) - optimum(function) > 2 * noise else "right"


def main() -> None:
    """Run all, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, without random search")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--first", type=int, default=100, help="the first seed")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    rows = []
    for name, function in FUNCTIONS.items():
        for searcher in SEARCHERS[: 2 if options.quick else 3]:
            seeds = range(options.first, options.first + (2 if options.quick else 5))
            said = [verdict(function, searcher, n, s, seed) for n in TRIALS for s in NOISE for seed in seeds]
            counts = {word: said.count(word) for word in ("silent", "right", "early")}
            rows.append({"function": name, "searcher": searcher, **counts})
            if not options.json:
                print(rows[-1], flush=True)
    total = {word: sum(int(row[word]) for row in rows) for word in ("silent", "right", "early")}
    print(json.dumps({"benchmark": "left_to_gain", "rows": rows, **total}) if options.json else total)


if __name__ == "__main__":
    main()
