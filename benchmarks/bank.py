"""Bank real trainings once, so that searchers and schedulers can be compared on them in seconds.

    python benchmarks/bank.py digits --trials 1500
    python benchmarks/bank.py letter --trials 1500

Trains the built-in network with random configurations of seven hyperparameters and keeps the whole
curves in benchmarks/data/NAME.npz. A study does the work, so the command can be stopped and repeated.
Letter is cut to a random 5,000 of its 20,000 rows by its validation and test shares.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import osetra as ose
from osetra.catalogue import by_name, select_space
from osetra.nets.task import Data, NetworkTask

SEARCHED = ("lr", "momentum", "batch_size", "weight_decay", "units", "layers", "dropout")
EPOCHS = {"digits": 20, "letter": 20}
VALIDATION = {"digits": 0.2, "letter": 0.2}
TEST = {"digits": 0.2, "letter": 0.6}
FOLDER = Path(__file__).parent / "data"


def space() -> ose.Space:
    """Return the searched space: SGD with momentum, everything else at its default."""
    given = {"optimizer": "momentum", "lr": ose.Float(1e-4, 3.0, scale="log", default=0.05)}
    tune = tuple(name for name in SEARCHED if name != "lr")
    return select_space(by_name("mlp"), 1500, tune=tune, given=given).space


def task(name: str) -> NetworkTask:
    """Return the training; patience is switched off so that curves are whole."""
    epochs = EPOCHS[name]
    data = Data(where=name)
    shares = {"validation": VALIDATION[name], "test": TEST[name]}
    return NetworkTask(data=data, network="mlp", epochs=epochs, patience=epochs, metric="val_error", **shares)


def table(study: ose.Study) -> dict[str, np.ndarray]:
    """Return configurations and curves of the ended trials as arrays; NaN after a divergence."""
    history = study.history
    trials = [trial for trial in history.ended if trial.state != "failed"]
    epochs = max(len(history.curve(trial, "val_error")[0]) for trial in trials)
    arrays = {name: np.array([t.config[name] for t in trials], dtype=np.float64) for name in SEARCHED}
    for metric in ("val_error", "val_loss", "train_loss"):
        curves = np.full((len(trials), epochs), np.nan, dtype=np.float32)
        for row, trial in enumerate(trials):
            steps, values = history.curve(trial, metric)
            curves[row, steps - 1] = values
        arrays[metric] = curves
    arrays["seconds"] = np.array([trial.seconds for trial in trials], dtype=np.float32)
    return arrays


def main() -> None:
    """Train what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", choices=sorted(EPOCHS))
    parser.add_argument("--trials", type=int, default=1500)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    url = FOLDER / f"{options.name}.db"
    study = ose.Study(url, space(), minimize="val_error", searcher=ose_random(), seed=0)
    study.run(task(options.name), trials=options.trials, executor=ose.Processes(options.workers))
    np.savez_compressed(FOLDER / f"{options.name}.npz", **table(study))
    print(f"{len(study.trials)} trials, best {study.best.value:.4f}: {FOLDER / options.name}.npz")


def ose_random():
    """Return the random searcher without the defaults, for the bank must not favour them."""
    from osetra.searchers.random import Random

    return Random(defaults_first=False)


if __name__ == "__main__":
    main()
