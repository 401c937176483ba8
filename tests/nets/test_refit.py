"""The winner once more on all rows: as many of its networks as there is time for."""

from __future__ import annotations

import itertools
import math
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from osetra.nets import refit as nets_refit
from osetra.nets.refit import all_rows, refit
from osetra.nets.task import Data, NetworkTask, rehearse

NETWORK = nets_refit._trained


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "b"])
    frame["y"] = 3 * frame["a"] - frame["b"] + rng.normal(0, 0.1, 200)
    file = tmp_path_factory.mktemp("refit") / "plane.csv"
    frame.to_csv(file, index=False)
    task = NetworkTask(data=Data(where=str(file), target="y"), epochs=4)
    config = {"lr": 0.02, "batch_size": 16, "layers": 1, "units": 8}
    return task, config, [rehearse(task, config, seed) for seed in (1, 2, 3)]


def refitted(trained, until: float, seconds: float = 0.0):
    task, config, models = trained
    return refit(task, config, models, 4, seconds=seconds, until=until)


def test_all_rows_are_those_to_choose_by_as_well(trained) -> None:
    split = trained[0].split
    assert len(all_rows(split).train) == len(split.train) + len(split.validation)


@pytest.mark.parametrize(("ahead", "seconds"), [(-1.0, 0.0), (0.0, 0.0), (5.0, 10.0)])
def test_without_time_nothing_is_trained_again(trained, ahead: float, seconds: float) -> None:
    again, why = refitted(trained, time.monotonic() + ahead, seconds)
    assert (again, why) == ([], "no time was left to train again")
    assert len(refitted(trained, math.inf, seconds)[0]) == 3


@pytest.mark.parametrize("fitting", [1, 2])
def test_as_many_are_trained_again_as_there_is_time_for(trained, fitting: int, monkeypatch) -> None:
    hours = itertools.count()
    monkeypatch.setattr(nets_refit, "time", SimpleNamespace(monotonic=lambda: float(next(hours))))
    # The clock goes on by one whenever it is read: before each network, and after it.
    monkeypatch.setattr(nets_refit, "_trained", lambda *given: NETWORK(*given[:-1], math.inf))
    again, why = refitted(trained, until=2.0 * fitting - 0.5, seconds=0.0)
    assert not why
    assert [model.card.seed for model in again] == [1, 2, 3][:fitting]
