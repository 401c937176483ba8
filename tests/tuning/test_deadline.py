"""When a command has to be over: what its end costs, and that it keeps its minutes."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import osetra as ose
from osetra.tuning.deadline import CLOSING, Deadline, Finish, affordable, reserve


def test_without_minutes_there_is_no_hurry() -> None:
    assert not Deadline.of(None).hurries
    assert Deadline.of(None).left == float("inf")


def test_minutes_are_counted_from_the_beginning_of_the_command() -> None:
    deadline = Deadline.of(1, begun=time.monotonic() - 45)
    assert 14 < deadline.left <= 15 and deadline.total == 60
    assert Deadline.of(1, begun=time.monotonic() - 90).left == 0


@pytest.mark.parametrize("left", [1.0, 10.0, 30.0, 100.0, 1000.0])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("networks", [0, 1, 3])
def test_what_is_afforded_fits(left: float, refit: bool, networks: int) -> None:
    finish = affordable(2.0, left, 3, 1, refit=refit, networks=networks)
    assert finish.seconds(2.0, 1) <= left
    assert left < 30 or finish.refit == refit
    more = affordable(2.0, 2 * left, 3, 1, refit=refit, networks=networks)
    assert more.top * more.seeds >= finish.top * finish.seeds


def test_more_workers_make_the_end_shorter_and_refitting_makes_it_longer() -> None:
    one, refit = Finish(3, 3), Finish(3, 3, refit=True)
    assert one.seconds(5, workers=4) < one.seconds(5, workers=1) < refit.seconds(5, workers=1)


def test_fresh_seeds_take_no_more_runs_than_they_may() -> None:
    for runs in range(1, 10):
        finish = affordable(1.0, 1e6, 3, 1, refit=True, runs=runs)
        assert 1 <= finish.top * finish.seeds <= runs
    assert affordable(1.0, 1e6, 3, 1, refit=True, runs=0).top == 0


def test_networks_that_are_there_already_are_part_of_the_end() -> None:
    one, three = (Finish(refit=True, networks=n).seconds(5, 1) for n in (1, 3))
    assert one == 0 < three == Finish(refit=True, networks=9).seconds(5, 1)
    assert Finish(networks=3).seconds(5, 1) == 0


def test_a_search_that_has_found_nothing_needs_no_time_for_its_end() -> None:
    study = ose.Study("memory:", ose.Space(a=ose.Float(0, 1)), minimize="loss")
    deadline = Deadline.of(10)
    assert reserve(study.history, study.problem.objective, deadline, 3, 1) == 0


def test_the_card_takes_longer_on_a_machine_that_was_slow_before() -> None:
    assert Deadline.of(5, begun=time.monotonic() - 1).searching().closing == CLOSING
    assert 40 < Deadline.of(5, begun=time.monotonic() - 40).searching().closing < 56
    assert Deadline.of(None).searching().closing == CLOSING


@pytest.mark.slow
def test_minutes_hold_for_the_whole_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 4)), columns=list("abcd"))
    frame["y"] = np.sin(2 * frame["a"]) + frame["b"] ** 2 + rng.normal(0, 0.1, 500)
    begun = time.monotonic()
    result = ose.tune(frame, "y", minutes=1, progress=False)
    # A tenth, and half a minute for machines on which others work, too.
    assert time.monotonic() - begun < 66 + 30
    assert result.final.folder.is_dir()
