"""Real trainings: the built-in network on digits and letters, seven hyperparameters.

Searches the banked trainings of `bank.py`. An optimiser is told the validation error of the best epoch, as most
programs report it; the configuration is worth the mean of its last epochs, which owes less to a lucky one. NaN
is where the training diverged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import osetra as ose
from osetra.catalogue import by_name, select_space
from problems.benchmark import Array, Benchmark
from problems.table import tabular

FOLDER = Path(__file__).parent.parent / "data"
SEARCHED = ("lr", "momentum", "batch_size", "weight_decay", "units", "layers", "dropout")
LAST = 5
"""Epochs whose mean a configuration is worth."""
FEWEST = 500
"""A bank that is not finished is left out."""


def space() -> ose.Space:
    """Return the space that `bank.py` drew from."""
    given = {"optimizer": "momentum", "lr": ose.Float(1e-4, 3.0, scale="log", default=0.05)}
    return select_space(by_name("mlp"), 1500, tune=SEARCHED[1:], given=given).space


def load() -> Iterator[Benchmark]:
    """Yield one benchmark per finished bank."""
    for name, searched, points, curves, _ in banks():
        ended = np.isfinite(curves[:, -1])
        seen = np.where(ended, np.min(np.nan_to_num(curves, nan=np.inf), axis=1), np.nan)
        worth = np.where(ended, np.mean(curves[:, -LAST:], axis=1), np.nan)
        yield tabular("real", name, searched, points, worth, seen)


def banks() -> Iterator[tuple[str, ose.Space, Array, Array, Array]]:
    """Yield the name, space, points (n, d), errors (n, epochs) and seconds per epoch (n,) of each bank."""
    for path in sorted(FOLDER.glob("*.npz")):
        bank = np.load(path, allow_pickle=False)
        curves = bank["val_error"].astype(np.float64)
        if len(curves) < FEWEST:
            continue
        searched = space()
        whole = {c.key for c in searched.columns if c.levels}
        rows = [
            {name: int(bank[name][i]) if name in whole else float(bank[name][i]) for name in SEARCHED}
            for i in range(len(curves))
        ]
        points = searched.encode([{**searched.default, **row} for row in rows])
        ran = np.maximum(np.isfinite(curves).sum(axis=1), 1)
        yield path.stem, searched, points, curves, bank["seconds"] / ran
