"""Does a population beat the best fixed learning rate? Real trainings at equal cost.

    python benchmarks/pbt.py --quick --json      about 4 minutes on two cores
    python benchmarks/pbt.py --seeds 10          with spread

A network of 64-128-10 units in NumPy learns shifted and noisy digits, 40 epochs of SGD with
momentum 0.9 at a constant learning rate: fresh noise every epoch, so late in training the learning
rate should fall. Each method may spend as many full trainings as the others, through `Study.run`:

| method         | what it searches                                                       |
|----------------|------------------------------------------------------------------------|
| pbt            | the learning rate, during training: scheduler="pbt", one population    |
| random         | a constant learning rate, random search                                |
| auto           | a constant learning rate, the default searcher                         |
| cosine         | the start of a cosine schedule, the default searcher                   |

Every method picks by validation loss. `search` compares the picked trainings by their test loss at
the best validation epoch. `replay` trains the pick again, from the beginning, with fresh seeds: the
learning rates that the population went through, epoch by epoch, or the constant one, or the cosine.
Ratios are geometric means over seeds, below 1 where the population is better, with the 95 % interval
of a bootstrap over seeds.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

import numpy as np  # noqa: E402  # BLAS reads the variables above when it is loaded

import osetra as ose  # noqa: E402
from osetra.core.history import History  # noqa: E402
from osetra.core.lineage import pieces  # noqa: E402
from osetra.core.trial import Trial  # noqa: E402
from osetra.policies.pbt import Pbt  # noqa: E402
from osetra.searchers import by_name  # noqa: E402

Array = np.ndarray[Any, np.dtype[np.float32]]
Rates = Callable[[int], float]
"""The learning rate of an epoch 1, 2, …"""

EPOCHS = 40
SIZES = (64, 128, 10)
BATCH = 16
MOMENTUM = 0.9
METHODS = ("pbt", "random", "auto", "cosine")
RIVALS = METHODS[1:]


@cache
def digits() -> tuple[tuple[Array, Any], ...]:
    """Return images (n, 64) and labels (n,) for training, validation and test: 60, 20 and 20 %."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(images))
    parts = np.split(order, [int(0.6 * len(order)), int(0.8 * len(order))])
    return tuple(((images[part] / 16).astype(np.float32), labels[part]) for part in parts)


@dataclass(slots=True)
class Training:
    """A network, its momentum and its randomness."""

    seed: int
    weights: list[Array] = field(default_factory=list)
    speed: list[Array] = field(default_factory=list)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        for a, b in pairwise(SIZES):
            self.weights.append(self.rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32))
            self.weights.append(np.zeros(b, dtype=np.float32))
        self.speed = [np.zeros_like(w) for w in self.weights]

    def epoch(self, rate: float) -> None:
        """Train on every image once, shifted by up to a pixel and with noise."""
        images, labels = digits()[0]
        order = self.rng.permutation(len(images))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            rows = order[start : start + BATCH]
            for i, slope in enumerate(self._slopes(self._shifted(images[rows]), labels[rows])):
                self.speed[i] = np.float32(MOMENTUM) * self.speed[i] - np.float32(rate) * slope
                self.weights[i] = self.weights[i] + self.speed[i]

    def loss(self, part: int) -> float:
        """Return the cross-entropy on validation (1) or test images (2)."""
        images, labels = digits()[part]
        shares = _softmax(self._layers(images)[-1])
        return float(-np.log(np.maximum(shares[np.arange(len(labels)), labels], 1e-12)).mean())

    def pack(self) -> dict[str, Any]:
        """Return everything that the next epoch depends on."""
        return {"weights": self.weights, "speed": self.speed, "rng": self.rng.bit_generator.state}

    def unpack(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.weights, self.speed = list(state["weights"]), list(state["speed"])
        self.rng.bit_generator.state = state["rng"]

    def _shifted(self, images: Array) -> Array:
        square = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
        x, y = self.rng.integers(0, 3, 2)
        moved = square[:, x : x + 8, y : y + 8].reshape(-1, 64)
        return (moved + self.rng.normal(0, 0.15, moved.shape)).astype(np.float32)

    def _layers(self, x: Array) -> list[Array]:
        layers = [x]
        for i in range(0, len(self.weights), 2):
            x = x @ self.weights[i] + self.weights[i + 1]
            x = np.maximum(x, 0) if i + 2 < len(self.weights) else x
            layers.append(x)
        return layers

    def _slopes(self, x: Array, labels: Any) -> list[Array]:
        layers = self._layers(x)
        slope = _softmax(layers[-1])
        slope[np.arange(len(labels)), labels] -= 1
        slope /= len(labels)
        found: list[Array] = []
        for i in range(len(self.weights) - 2, -1, -2):
            below = layers[i // 2]
            found = [below.T @ slope, slope.sum(axis=0), *found]
            slope = (slope @ self.weights[i].T) * (below > 0)
        return found


def train(run: ose.Run) -> None:
    """Train with the learning rate in force, times its schedule."""
    training, cosine = Training(run.seed), run.config["schedule"] == "cosine"
    state = run.restore()
    if state is not None:
        training.unpack(state)
    for epoch in run.steps(EPOCHS):
        rate = float(run.live("lr"))  # type: ignore[arg-type]  # a Float
        training.epoch(rate * (falling(epoch) if cosine else 1.0))
        loss = training.loss(1)
        run.report(val_loss=loss, test_loss=training.loss(2))
        if not np.isfinite(loss) and not run.interrupted:
            run.diverged("the validation loss is not finite")
        run.checkpoint(training.pack)


def _softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def falling(epoch: int) -> float:
    """Return the factor of a cosine schedule in an epoch."""
    return 0.5 * (1 + float(np.cos(np.pi * (epoch - 1) / EPOCHS)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a method found with one seed."""

    method: str
    seed: int
    validation: float
    """Best validation loss."""
    test: float
    """Test loss there."""
    replayed: list[float]
    """Test loss at the best validation epoch of each training with a fresh seed."""
    rates: list[float]
    """Learning rate of each epoch."""
    epochs: int
    """Epochs trained in the search."""
    seconds: float


def run(method: str, seed: int, trainings: int, repeats: int) -> Outcome:
    """Let a method search, then train its pick again with fresh seeds."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    begun = time.perf_counter()
    schedule = "cosine" if method == "cosine" else "constant"
    space = ose.Space(lr=ose.Float(1e-3, 1.0, scale="log"), schedule=schedule)
    searcher = by_name("auto" if method in ("auto", "cosine") else "random")
    # One population, as large as the budget.
    scheduler = Pbt(searcher, size=trainings) if method == "pbt" else "full"
    # Settings were chosen on other seeds.
    study = ose.Study(
        "memory:", space, minimize="val_loss", searcher=searcher, scheduler=scheduler, seed=100 + seed
    )
    study.run(train, trials=trainings, steps=EPOCHS)
    history, problem = study.history, study.problem
    best = history.best(problem.objective)
    assert best is not None
    steps, validation = history.curve(best, "val_loss")
    _, test = history.curve(best, "test_loss")
    at = int(np.nanargmin(validation))
    rates = _rates(history, best, schedule)
    replayed = [replay(rates, 1000 * seed + i) for i in range(repeats)]
    seconds = round(time.perf_counter() - begun, 1)
    epochs = history.curves.count("val_loss")
    study.close()
    assert len(steps) == EPOCHS
    return Outcome(method, seed, float(validation[at]), float(test[at]), replayed, rates, epochs, seconds)


def _rates(history: History, trial: Trial, schedule: str) -> list[float]:
    """Return the learning rate of each epoch of the training that leads to a trial's end."""
    stretches = pieces(history.trials, trial)
    rates = []
    for epoch in range(1, EPOCHS + 1):
        rate = float(next(p for p in reversed(stretches) if p.after < epoch).values["lr"])  # type: ignore[arg-type]
        rates.append(rate * (falling(epoch) if schedule == "cosine" else 1.0))
    return rates


def replay(rates: list[float], seed: int) -> float:
    """Train from the beginning with given learning rates; return test loss at the best validation epoch."""
    training, found = Training(seed + 10**6), []
    for rate in rates:
        training.epoch(rate)
        found.append((training.loss(1), training.loss(2)))
    return min((v, t) for v, t in found if np.isfinite(v))[1]


def ratios(outcomes: list[Outcome], rival: str, kind: str) -> dict[str, Any]:
    """Return the population's loss over a rival's: geometric mean over seeds, interval, wins."""

    def loss(outcome: Outcome) -> float:
        return float(np.exp(np.mean(np.log(outcome.replayed)))) if kind == "replay" else outcome.test

    mine = {o.seed: loss(o) for o in outcomes if o.method == "pbt"}
    its = {o.seed: loss(o) for o in outcomes if o.method == rival}
    logs = np.log([mine[seed] / its[seed] for seed in sorted(mine)])
    rng = np.random.default_rng(0)
    drawn = [np.exp(rng.choice(logs, len(logs)).mean()) for _ in range(2000)]
    return {
        f"{kind}_ratio_{rival}": round(float(np.exp(logs.mean())), 3),
        f"{kind}_ratio_{rival}_interval": [round(float(q), 3) for q in np.percentile(drawn, [2.5, 97.5])],
        f"{kind}_wins_{rival}": f"{int((logs < 0).sum())} of {len(logs)}",
    }


def main() -> None:
    """Run every method with every seed and compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 seeds")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--trainings", type=int, default=8, help="full trainings that a method may spend")
    parser.add_argument("--repeats", type=int, default=3, help="fresh seeds of each pick")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    seeds = options.seeds or (3 if options.quick else 10)
    jobs = [(method, seed) for seed in range(seeds) for method in METHODS]
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(options.processes) as pool:
        futures = [pool.submit(run, *job, options.trainings, options.repeats) for job in jobs]
        for future in futures:
            outcomes.append(future.result())
            one = outcomes[-1]
            shown = f"{one.method} {one.seed}: val {one.validation:.4f} test {one.test:.4f}"
            print(f"{shown}, {one.epochs} epochs, {one.seconds} s", file=sys.stderr, flush=True)
    figures: dict[str, Any] = {"trainings": options.trainings, "seeds": seeds}
    for kind in ("search", "replay"):
        for rival in RIVALS:
            figures |= ratios(outcomes, rival, kind)
    if options.json:
        print(json.dumps({**figures, "outcomes": [asdict(o) for o in outcomes]}))
        return
    print("| method | validation loss | test loss | test loss, fresh seeds | epochs |\n|---|---|---|---|---|")
    for method in METHODS:
        mine = [o for o in outcomes if o.method == method]
        again = [loss for o in mine for loss in o.replayed]
        columns = ([o.validation for o in mine], [o.test for o in mine], again)
        cells = " | ".join(f"{np.mean(c):.4f} ± {np.std(c):.4f}" for c in columns)
        print(f"| {method} | {cells} | {np.mean([o.epochs for o in mine]):.0f} |")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
