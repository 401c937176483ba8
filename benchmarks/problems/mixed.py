"""Mixed: the built-in networks on pictures and letters, over their catalogue's mixed, conditional spaces.

Searches the trainings that `bank_mixed.py` banked; a step takes the seconds that it took.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import osetra as ose
from osetra.catalogue import by_name, select_space
from problems.benchmark import Array

FOLDER = Path(__file__).parent.parent / "data" / "mixed"
FEWEST = 250
"""A bank that is not finished is left out."""
MLP = (
    "lr momentum beta1 batch_size weight_decay units optimizer rms_decay schedule layers activation dropout "
    "batch_norm"
)
CNN = (
    "lr momentum beta1 batch_size weight_decay filters units optimizer rms_decay blocks kernel activation "
    "dropout batch_norm"
)


@dataclass(frozen=True, slots=True)
class Bank:
    """What is trained."""

    data: str
    network: str
    searched: tuple[str, ...]
    test: float
    """Share of the rows that is not used, so that a training takes a second."""


BANKS = {
    "digits-mlp": Bank("digits", "mlp", tuple(MLP.split()), 0.2),
    "digits-cnn": Bank("digits", "cnn", tuple(CNN.split()), 0.2),
    "letter-mlp": Bank("letter", "mlp", tuple(MLP.split()), 0.7),
    "mnist5k-mlp": Bank("mnist5k", "mlp", tuple(MLP.split()), 0.4),
    "mnist5k-cnn": Bank("mnist5k", "cnn", tuple(CNN.split()), 0.7),
}


def space(name: str) -> ose.Space:
    """Return the searched space: the catalogue's own, everything else at its default."""
    bank = BANKS[name]
    return select_space(by_name(bank.network), 1500, tune=bank.searched).space


def banks() -> Iterator[tuple[str, ose.Space, Array, Array, Array]]:
    """Yield the name, space, points (n, d), errors (n, epochs) and seconds per epoch (n,) of each bank."""
    for path in sorted(FOLDER.glob("*.npz")):
        bank = np.load(path, allow_pickle=False)
        if len(bank["points"]) >= FEWEST:
            yield (
                path.stem,
                space(path.stem),
                bank["points"],
                bank["val_error"].astype(np.float64),
                bank["seconds"].astype(np.float64),
            )
