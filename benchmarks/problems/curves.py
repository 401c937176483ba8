"""Curves: problems whose trainings report at every step, so that they can be stopped and continued.

Values are minimised. Regret of a value at the last step is (value - best) / (median - best), clipped
to [0, 1], as in `benchmark.py`; the families are

| family  | problems                       | steps | curve                                        |
|---------|--------------------------------|-------|----------------------------------------------|
| lcbench | 8 data sets, surrogate         | 52    | validation error in percent                  |
| taskset | 6 text networks, 1,000 rows    | 51    | validation loss; NaN, huge where it diverged |
| real    | digits and letter, 1,000+ rows | 20    | validation error; NaN where it diverged      |
| mixed   | 5 banks of mixed spaces        | 16    | likewise                                     |
| seconds | those of real and of mixed     |       | likewise; a step takes what it took          |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from osetra.core.params import Config
from osetra.core.space import Space
from problems import lcbench, mixed, real, taskset
from problems.benchmark import Array, Place, itself
from problems.table import Rows, ends

FAMILIES = ("lcbench", "taskset", "real", "mixed", "seconds")
Train = Callable[[Config], Array]
"""Maps a configuration to its whole curve (steps,); NaN from where it diverged."""


@dataclass(frozen=True, slots=True)
class Trainings:
    """A problem during one run."""

    place: Place
    """Says which configuration is trained in the place of a suggested one: a table has no other rows."""
    train: Train
    pace: Callable[[Config], float] = lambda config: 1.0
    """What a step of a configuration takes: one unit, or its seconds."""


@dataclass(frozen=True, slots=True)
class Curved:
    """One problem with learning curves."""

    family: str
    name: str
    space: Space
    steps: int
    """Steps of a full training."""
    start: Callable[[], Trainings]
    """Begins a new run."""
    best: float
    median: float
    step: float = 1.0
    """What a step takes as a median."""

    def regret(self, value: float) -> float:
        """Return the regret of a value at the last step; NaN counts as 1."""
        scaled = (value - self.best) / (self.median - self.best)
        return float(np.clip(np.nan_to_num(scaled, nan=1.0, posinf=1.0), 0.0, 1.0))


def load(data: Path, family: str) -> Iterator[Curved]:
    """Yield the problems of a family; none when its data are missing."""
    match family:
        case "lcbench":
            for name, curve, best, median in lcbench.tasks(data):
                train = _predicted(curve)
                yield Curved(
                    family,
                    name,
                    lcbench.space(),
                    lcbench.EPOCHS,
                    lambda t=train: Trainings(itself, t),
                    best,
                    median,
                )
        case "taskset":
            yield from (_tabular(family, *table) for table in taskset.tables(data))
        case "real":
            yield from (_tabular(family, *bank[:-1]) for bank in real.banks())
        case "mixed":
            yield from (_tabular(family, *bank[:-1]) for bank in mixed.banks())
        case _:
            yield from (_tabular(family, *bank) for bank in chain(real.banks(), mixed.banks()))


def _predicted(curve: lcbench.Curve) -> Train:
    epochs = np.arange(1, lcbench.EPOCHS + 1, dtype=np.float64)
    return lambda config: curve(config, epochs)


def _tabular(
    family: str, name: str, space: Space, points: Array, curves: Array, paces: Array | None = None
) -> Curved:
    each = np.ones(len(points)) if paces is None else paces

    def start() -> Trainings:
        rows = Rows(space, points)
        return Trainings(rows.place, lambda c: curves[rows.row(c)], lambda c: float(each[rows.row(c)]))

    return Curved(
        family, name, space, curves.shape[1], start, *ends(curves[:, -1]), step=float(np.median(each))
    )
