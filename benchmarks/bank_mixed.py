"""Bank real trainings of mixed spaces: optimizer, activation, normalisation, learning rates of their own.

    python benchmarks/bank_mixed.py digits-mlp --trials 500
    python benchmarks/bank_mixed.py digits-cnn --trials 500      and so on: --help names them

Trains the built-in network with random configurations and keeps the whole curves, with seconds per epoch, in
benchmarks/data/mixed/NAME.npz; the best tenth of the configurations once more with a fresh seed. A study does
the work, so the command can be stopped and repeated.
"""

from __future__ import annotations

import argparse

import numpy as np

import osetra as ose
from bank import ose_random
from osetra.nets.task import Data, NetworkTask
from problems.mixed import BANKS, FOLDER, space

EPOCHS = 16
AGAIN = 0.1
"""Share of the configurations that is trained with a fresh seed, too."""


def task(name: str) -> NetworkTask:
    """Return the training; patience is switched off so that curves are whole."""
    bank = BANKS[name]
    return NetworkTask(
        data=Data(where=bank.data),
        network=bank.network,  # type: ignore[arg-type]  # one of those that it knows
        epochs=EPOCHS,
        patience=EPOCHS,
        metric="val_error",
        test=bank.test,
    )


def table(study: ose.Study, searched: ose.Space) -> dict[str, np.ndarray]:
    """Return points and curves of the ended trials as arrays; NaN after a divergence."""
    history = study.history
    trials = [trial for trial in history.ended if trial.state != "failed"]
    first = [trial for trial in trials if trial.repeats is None]
    row = {trial.number: place for place, trial in enumerate(first)}
    curves = np.array([_curve(study, trial) for trial in first], dtype=np.float32)
    again = [trial for trial in trials if trial.repeats in row]
    seconds = [
        (trial.seconds or 0.0) / max(np.isfinite(c).sum(), 1) for trial, c in zip(first, curves, strict=True)
    ]
    return {
        "points": searched.encode([trial.config for trial in first]),
        "val_error": curves,
        "seconds": np.array(seconds, dtype=np.float32),
        "again": np.array([_curve(study, trial) for trial in again], dtype=np.float32).reshape(-1, EPOCHS),
        "again_row": np.array([row[trial.repeats] for trial in again if trial.repeats], dtype=np.int64),
    }


def _curve(study: ose.Study, trial: ose.Trial) -> np.ndarray:
    curve = np.full(EPOCHS, np.nan)
    steps, values = study.history.curve(trial, "val_error")
    curve[steps - 1] = values
    return curve


def main() -> None:
    """Train what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", choices=sorted(BANKS))
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True, parents=True)
    searched = space(options.name)
    study = ose.Study(
        FOLDER / f"{options.name}.db",
        searched,
        minimize="val_error",
        searcher=ose_random(),
        seed=0,
        scheduler="full",
    )
    executor = ose.Processes(options.workers)
    study.run(task(options.name), trials=options.trials, executor=executor, keep_going=True)
    study.confirm(task(options.name), top=round(AGAIN * options.trials), seeds=1, executor=executor)
    np.savez_compressed(FOLDER / f"{options.name}.npz", **table(study, searched))
    print(f"{len(study.trials)} trials, best {study.best.value:.4f}")


if __name__ == "__main__":
    main()
