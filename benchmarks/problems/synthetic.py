"""Functions with known optima: smooth, rugged, mixed, conditional, noisy, partly failing.

Optima are moved away from the middle of each range, so that a searcher that starts in the middle
gains nothing from it. Sources: Surjanovic and Bingham, Virtual Library of Simulation Experiments.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from osetra.core.params import Choice, Config, Float, Int, Ordinal
from osetra.core.space import Space
from problems.benchmark import Benchmark, Evaluate, Session, median_of

HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
HARTMANN_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
HARTMANN_BEST = -3.32236801


def load() -> Iterator[Benchmark]:
    """Yield every synthetic benchmark."""
    branin_space = Space(x=Float(-5, 10), y=Float(0, 15))
    hartmann_space = Space({f"x{i}": Float(0, 1) for i in range(6)})
    yield _benchmark("branin", branin_space, branin, 0.39788736)
    yield _benchmark("branin-noisy", branin_space, branin, 0.39788736, noise=10.0)
    yield _benchmark("hartmann6", hartmann_space, hartmann6, HARTMANN_BEST)
    yield _benchmark("hartmann6-noisy", hartmann_space, hartmann6, HARTMANN_BEST, noise=0.2)
    yield _benchmark("levy10", Space({f"x{i}": Float(-8, 12) for i in range(10)}), levy, 0.0)
    yield _benchmark("ackley10-mixed", _ackley_space(), ackley_mixed, 0.0)
    yield _benchmark("ackley10-mixed-noisy", _ackley_space(), ackley_mixed, 0.0, noise=0.5)
    yield _benchmark("rosenbrock5-log", _rosenbrock_space(), rosenbrock_log, 0.0)
    yield _benchmark("network-conditional", _network_space(), network, 0.05)
    yield _benchmark("network-conditional-noisy", _network_space(), network, 0.05, noise=0.02)
    yield _benchmark("models-conditional", _models_space(), models, 0.0)
    yield _benchmark("cliff", Space({f"x{i}": Float(0, 1) for i in range(4)}), cliff, 0.0)


def branin(c: Config) -> float:
    """Three equal optima in two dimensions."""
    x, y = float(c["x"]), float(c["y"])  # type: ignore[arg-type]
    bowl = (y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6) ** 2
    return bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(c: Config) -> float:
    """Six local optima in six dimensions."""
    x = np.array([c[f"x{i}"] for i in range(6)], dtype=np.float64)
    return -float(HARTMANN_ALPHA @ np.exp(-np.sum(HARTMANN_A * (x - HARTMANN_P) ** 2, axis=1)))


def levy(c: Config) -> float:
    """A rugged bowl; the optimum is at 1 in every coordinate."""
    w = 1 + (np.array(list(c.values()), dtype=np.float64) - 1) / 4
    head = math.sin(math.pi * w[0]) ** 2
    middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2))
    return head + float(middle) + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def ackley_mixed(c: Config) -> float:
    """Ackley over four reals, three integers, an order and two unordered choices."""
    reals = [float(c[f"x{i}"]) - t for i, t in enumerate((3.0, -7.0, 11.0, -2.0))]  # type: ignore[arg-type]
    wholes = [2.0 * (int(c[f"k{i}"]) - t) for i, t in enumerate((3, 8, 6))]  # type: ignore[arg-type]
    ordered = [4.0 * (math.log2(float(c["size"])) - 5)]  # type: ignore[arg-type]
    choices = [{"a": 9.0, "b": 0.0, "c": 5.0, "d": 14.0}[str(c["kind"])], 0.0 if c["mode"] == "on" else 7.0]
    z = np.array(reals + wholes + ordered + choices)
    spread = -20 * math.exp(-0.2 * math.sqrt(np.mean(z**2)))
    return spread - math.exp(np.mean(np.cos(2 * math.pi * z / 4))) + 20 + math.e


def rosenbrock_log(c: Config) -> float:
    """A curved valley over log-scaled parameters: log10 of one plus the value."""
    z = np.array([math.log10(float(v)) + 1.5 for v in c.values()])  # type: ignore[arg-type]
    value = np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2)
    return math.log10(1 + float(value))


def network(c: Config) -> float:
    """What a network's error does: ridges in the learning rate that move with the optimizer."""
    sgd = c["optimizer"] == "sgd"
    rate = math.log10(float(c["lr"]))  # type: ignore[arg-type]
    error = 0.05
    if sgd:
        window = -math.log10(1 - float(c["momentum"]))  # type: ignore[arg-type]
        error += 0.03 + 0.04 * (rate + window + 0.5) ** 2 + 0.03 * (window - 1.2) ** 2
    else:
        adam = c["optimizer"] == "adam"
        error += (0.0 if adam else 0.04) + 0.05 * (rate + 2.8) ** 2
        if adam:
            error += 0.01 * (math.log10(float(c["eps"])) + 6) ** 2 / 4  # type: ignore[arg-type]
    layers, units = int(c["layers"]), math.log2(float(c["units"]))  # type: ignore[arg-type]
    error += 0.02 * (layers - 4) ** 2 / 2 + 0.015 * (units - 8.3) ** 2
    if c["regulariser"] == "dropout":
        error += 0.5 * (float(c["dropout"]) - 0.27) ** 2  # type: ignore[arg-type]
    elif c["regulariser"] == "l2":
        error += 0.02 + 0.008 * (math.log10(float(c["l2"])) + 3.5) ** 2  # type: ignore[arg-type]
    else:
        error += 0.06
    return min(error, 0.05 + 0.85 * (1 - math.exp(-(error - 0.05) / 0.85)))


def models(c: Config) -> float:
    """Pick one of three models, each with parameters of its own; nothing is shared but `rows`."""
    shared = 0.2 * (float(c["rows"]) - 0.83) ** 2  # type: ignore[arg-type]
    if c["model"] == "svm":
        c_, g = math.log10(float(c["C"])), math.log10(float(c["gamma"]))  # type: ignore[arg-type]
        return shared + 0.05 * (c_ - 1.3) ** 2 / 2 + 0.06 * (g + c_ + 0.6) ** 2
    if c["model"] == "forest":
        depth, share = int(c["depth"]), float(c["features"])  # type: ignore[arg-type]
        return shared + 0.05 + 0.15 * math.exp(-depth / 6) + 0.3 * (share - 0.35) ** 2
    rate, trees = math.log10(float(c["rate"])), math.log10(float(c["trees"]))  # type: ignore[arg-type]
    deep = int(c["boost_depth"])  # type: ignore[arg-type]
    return shared + 0.02 + 0.15 * (rate + trees - 1.2) ** 2 + 0.01 * (deep - 5) ** 2


def cliff(c: Config) -> float:
    """A smooth bowl beside a region where every training diverges."""
    x = np.array([c[f"x{i}"] for i in range(4)], dtype=np.float64)
    if x[0] + 0.5 * x[1] > 0.85:
        return math.nan
    return float(np.sum((x - np.array([0.6, 0.45, 0.2, 0.75])) ** 2 * np.array([1.0, 1.0, 0.5, 0.5])))


def _benchmark(name: str, space: Space, f: Evaluate, best: float, *, noise: float = 0.0) -> Benchmark:
    return Benchmark("synthetic", name, space, lambda: Session.of(f), best, median_of(space, f), noise)


def _ackley_space() -> Space:
    return Space(
        {f"x{i}": Float(-16, 16) for i in range(4)}
        | {f"k{i}": Int(0, 10) for i in range(3)}
        | {
            "size": Ordinal(8, 16, 32, 64, 128, 256),
            "kind": Choice("a", "b", "c", "d"),
            "mode": Choice("off", "on"),
        }
    )


def _rosenbrock_space() -> Space:
    # z runs from -1.5 to 1.7, with the optimum at 1.
    return Space({f"x{i}": Float(1e-3, 10**0.2, scale="log") for i in range(5)})


def _network_space() -> Space:
    return Space(
        optimizer=Choice("sgd", "adam", "rmsprop"),
        lr=Float(1e-5, 1, scale="log"),
        momentum=Float(0.5, 0.999, scale="one_minus_log", when={"optimizer": "sgd"}),
        eps=Float(1e-10, 1e-2, scale="log", when={"optimizer": "adam"}),
        layers=Int(1, 8),
        units=Int(16, 1024, scale="log"),
        regulariser=Choice("none", "dropout", "l2"),
        dropout=Float(0, 0.8, when={"regulariser": "dropout"}),
        l2=Float(1e-7, 1e-1, scale="log", when={"regulariser": "l2"}),
    )


def _models_space() -> Space:
    return Space(
        model=Choice("forest", "svm", "boost"),
        rows=Float(0.3, 1.0),
        depth=Int(1, 30, when={"model": "forest"}),
        features=Float(0.1, 1.0, when={"model": "forest"}),
        C=Float(1e-3, 1e3, scale="log", when={"model": "svm"}),
        gamma=Float(1e-5, 1e1, scale="log", when={"model": "svm"}),
        rate=Float(1e-3, 1, scale="log", when={"model": "boost"}),
        trees=Int(10, 1000, scale="log", when={"model": "boost"}),
        boost_depth=Int(1, 12, when={"model": "boost"}),
    )
