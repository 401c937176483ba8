"""Bank real trainings with many seeds each, so that what is said of a best trial can be checked.

    python benchmarks/bank_seeds.py digits --settings 60 --seeds 16

Takes settings at random from the better half of the bank that `bank.py` made, trains each with as many
seeds, and keeps the best validation loss and error of every training in benchmarks/data/seeds/NAME.npz.
"""

from __future__ import annotations

import argparse

import numpy as np

from bank import EPOCHS, FOLDER, SEARCHED, space, task
from osetra.errors import Diverged
from osetra.nets.task import rehearse

SEEDS = FOLDER / "seeds"


def main() -> None:
    """Train every setting with every seed, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("name", choices=sorted(EPOCHS))
    parser.add_argument("--settings", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=16)
    options = parser.parse_args()
    bank, whole = np.load(FOLDER / f"{options.name}.npz"), {c.key for c in space().columns if c.levels}
    better = np.argsort(np.nan_to_num(bank["val_error"], nan=np.inf).min(axis=1))[: len(bank["lr"]) // 2]
    rows = np.random.default_rng(0).choice(better, options.settings, replace=False)
    training, default = task(options.name), space().default
    found = {m: np.full((options.settings, options.seeds), np.nan) for m in ("val_loss", "val_error")}
    for place, row in enumerate(rows):
        config = {n: int(bank[n][row]) if n in whole else float(bank[n][row]) for n in SEARCHED}
        for seed in range(options.seeds):
            try:
                scores = rehearse(training, {**default, **config}, seed).card.metrics["validation"]
            except Diverged:
                continue
            for metric, values in found.items():
                values[place, seed] = scores[metric.removeprefix("val_")]
        print(f"{place + 1} of {options.settings}", flush=True)
    SEEDS.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(SEEDS / f"{options.name}.npz", **{m: v.astype(np.float32) for m, v in found.items()})


if __name__ == "__main__":
    main()
