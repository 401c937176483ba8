"""What a training takes, guessed from the size of the data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from osetra.nets.cost import seconds_of
from osetra.nets.task import Data, NetworkTask


def guess(tmp_path: Path, name: str, **columns: object) -> float:
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / f"{name}.csv", index=False)
    return seconds_of(NetworkTask(data=Data(where=str(tmp_path / f"{name}.csv"), target="y")).dataset)


def test_levels_cost_less_than_numbers_which_become_several(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    numbers = {f"n{i}": rng.normal(size=400) for i in range(80)}
    levels = {f"c{i}": rng.choice([f"level {j}" for j in range(8)], 400) for i in range(10)}
    few = guess(tmp_path, "few", a=numbers["n0"], y=y)
    wide = guess(tmp_path, "levels", a=numbers["n0"], **levels, y=y)
    many = guess(tmp_path, "numbers", **numbers, y=y)
    assert few < wide < 1.3 * few
    assert many > 1.4 * few
