"""Functions with a known optimum, and the search for it."""

from collections.abc import Callable, Mapping

import numpy as np

from osetra.core.params import Choice, Config, Float, Int
from osetra.core.ports import Searcher
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import Log

Function = Callable[[Space, Config], float]

CUBE = Space({f"x{i}": Float(0, 1) for i in range(5)})
MIXED = Space(
    {f"x{i}": Float(0, 1) for i in range(3)},
    n=Int(1, 20),
    m=Int(8, 512, scale="log"),
    kind=Choice(*"abcd"),
    word=Choice(*"uvwxyz"),
)
TREE = Space(
    optimizer=Choice("sgd", "adam", "rmsprop"),
    lr=Float(1e-5, 1, scale="log"),
    momentum=Float(0.5, 0.99, when={"optimizer": "sgd"}),
    beta=Float(0.9, 0.999, scale="one_minus_log", when={"optimizer": ("adam", "rmsprop")}),
    layers=Int(1, 4),
    units=Int(8, 512, scale="log", when={"layers": (2, 3, 4)}),
)


def _numbers(space: Space, config: Config) -> np.ndarray:
    x = space.encode([config])[0]
    return np.array([v for v, c in zip(x, space.columns, strict=True) if not c.categorical and v == v])


def sphere(space: Space, config: Config) -> float:
    wrong = (config.get("kind", "c") != "c") + (config.get("word", "w") != "w")
    return float(np.sum((_numbers(space, config) - 0.37) ** 2) + 0.2 * wrong)


def rosenbrock(space: Space, config: Config) -> float:
    x = 3 * _numbers(space, config) - 1
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def ackley(space: Space, config: Config) -> float:
    z = 30 * (_numbers(space, config) - 0.37)
    smooth = 20 + np.e - 20 * np.exp(-0.2 * np.sqrt(np.mean(z**2))) - np.exp(np.mean(np.cos(2 * np.pi * z)))
    return float(smooth + 1.5 * (config["kind"] != "c") + (config["word"] != "w"))


def tree(space: Space, config: Config) -> float:
    worse = {"sgd": 0.0, "adam": 0.05, "rmsprop": 0.1}[str(config["optimizer"])]
    return float(np.sum((_numbers(space, config) - 0.6) ** 2) + worse)


FUNCTIONS: Mapping[str, tuple[Space, Function]] = {
    "sphere": (CUBE, sphere),
    "rosenbrock": (CUBE, rosenbrock),
    "mixed sphere": (MIXED, sphere),
    "mixed ackley": (MIXED, ackley),
    "tree": (TREE, tree),
}


def best(searcher: Searcher, space: Space, function: Function, trials: int, seed: int) -> float:
    """Return the best value of a sequential search."""
    return min(values(searcher, space, function, trials, seed))


def values(
    searcher: Searcher, space: Space, function: Function, trials: int, seed: int, workers: int = 1
) -> list[float]:
    """Return the values in order of suggestion; with several workers the oldest trial ends first."""
    problem = Problem(space, Objective(metric="loss"))
    log = Log(problem, seed=seed, target=trials)
    history, told = log.history, []
    for i in range(trials):
        written = len(log.entries)
        rng = np.random.default_rng((seed, history.next_trial))
        (suggestion,) = searcher.suggest(problem, history, 1, rng)
        log.take(suggestion)
        told.append(function(space, suggestion.config))
        if i + 1 >= workers:
            log.end(i + 2 - workers, "finished", told[i + 1 - workers])
        history = history.extend(log.entries[written:])
    return told
