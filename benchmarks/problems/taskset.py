"""Taskset: 1,000 really trained optimizer settings for each of six text networks (Apache-2.0).

The value is the final validation loss; NaN where the training diverged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from osetra.core.params import Float
from osetra.core.scales import Scale
from osetra.core.space import Space
from problems.benchmark import Array, Benchmark
from problems.table import tabular

SCALES: dict[str, Scale] = {"beta1": "one_minus_log", "beta2": "one_minus_log"}


def load(data: Path) -> Iterator[Benchmark]:
    """Yield one benchmark per table found under `data/taskset`."""
    for name, space, points, curves in tables(data):
        yield tabular("taskset", name, space, points, curves[:, -1])


def tables(data: Path) -> Iterator[tuple[str, Space, Array, Array]]:
    """Yield the name, space, points (n, d) and validation losses (n, 51) of each table."""
    for path in sorted((data / "taskset").glob("*.npz")):
        table = np.load(path, allow_pickle=False)
        names = [str(name) for name in table["hyperparameters"]]
        rows = table["X"].astype(np.float64)
        ends = zip(names, rows.min(axis=0), rows.max(axis=0), strict=True)
        space = Space({name: Float(low, high, scale=SCALES.get(name, "log")) for name, low, high in ends})
        points = space.encode([dict(zip(names, row.tolist(), strict=True)) for row in rows])
        yield path.stem, space, points, table["valid_loss"].astype(np.float64)
