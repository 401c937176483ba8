"""Ranges marked soft grow while a search runs; all others stay what somebody declared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import Edited
from osetra.core.params import Float, Int
from osetra.core.text import format_param, param_code, parse_param
from osetra.errors import SpaceError


def beyond(run: ose.Run) -> float:
    """A bowl whose bottom lies beyond the upper end of the units, at 400, and of nothing else."""
    units, rate = run.config["units"], run.config["lr"]
    return float((np.log2(units) - np.log2(400)) ** 2 + (np.log10(rate) + 2) ** 2)


def space(*, soft: bool) -> ose.Space:
    return ose.Space(lr=Float(1e-4, 1, log=True), units=Int(8, 64, log=True, default=16, soft=soft))


def edits(study: ose.Study) -> list[Edited]:
    return [entry.fact for entry in study.history.edits if isinstance(entry.fact, Edited)]


@pytest.mark.parametrize(("searcher", "reached"), [("auto", 400), ("random", 128)])
def test_a_soft_range_grows_while_the_best_lies_at_its_end(searcher: str, reached: int) -> None:
    study = ose.Study("memory:", space(soft=True), minimize="loss", searcher=searcher, seed=1)
    study.run(beyond, trials=48)
    (units,) = study.problem.space.branches("units")
    assert isinstance(units, Int)
    assert units.high >= reached
    assert units.soft
    assert units.default == 16
    best = study.best.config["units"]
    assert isinstance(best, int)
    assert best > 64
    assert {edit.actor for edit in edits(study)} == {"auto"}
    assert all("upper end of its range" in edit.why for edit in edits(study))
    assert study.problem.space.branches("lr") == space(soft=True).branches("lr")


def test_no_other_range_grows() -> None:
    study = ose.Study("memory:", space(soft=False), minimize="loss", seed=1)
    study.run(beyond, trials=40)
    assert edits(study) == []


def test_a_grid_is_what_somebody_laid_down() -> None:
    study = ose.Study("memory:", space(soft=True), minimize="loss", searcher="grid", seed=1)
    study.run(beyond, trials=40)
    assert edits(study) == []


def test_pure_noise_widens_next_to_nothing() -> None:
    def noise(run: ose.Run) -> float:
        return float(np.random.default_rng(run.seed).standard_normal())

    grown = 0
    for seed in range(20):
        study = ose.Study("memory:", space(soft=True), minimize="loss", searcher="random", seed=seed)
        study.run(noise, trials=32)
        grown += bool(edits(study))
    assert grown <= 3  # at a rate of 5 %, more come in one of 60 such tests


def test_asking_and_telling_grows_it_as_well(tmp_path: Path) -> None:
    study = ose.Study(str(tmp_path / "study.db"), space(soft=True), minimize="loss", seed=1)
    for _ in range(40):
        run = study.ask()
        study.tell(run, beyond(run))
    assert edits(study)
    again = ose.Study(str(tmp_path / "study.db"))
    assert again.problem.space == study.problem.space
    study.close()
    again.close()


RANGES = [Float(1e-4, 1, log=True, soft=True), Int(1, 9, step=2, default=3, soft=True)]


@pytest.mark.parametrize("param", RANGES)
def test_soft_is_written_and_read(param: Float | Int) -> None:
    assert "soft=true" in format_param(param)
    assert parse_param("x", format_param(param)) == param
    assert eval(param_code(param), {"Float": Float, "Int": Int}) == param


@pytest.mark.parametrize("text", ["int(0, 9, soft=2)", "float(0, 1, soft=yes)", "log(1e-3, 1, soft=none)"])
def test_soft_is_true_or_false(text: str) -> None:
    with pytest.raises(SpaceError, match=r"soft=.*True or False"):
        parse_param("x", text)


def test_only_ranges_are_soft() -> None:
    with pytest.raises(SpaceError, match="soft"):
        parse_param("x", "choice(a, b, soft=true)")
