"""Beliefs in searches: looked at first, left when contradicted, and said so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import osetra as ose

SPACE = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log", prior=ose.Normal(1e-2, decades=0.3)),
    act=ose.Choice("a", "b", "c", weights=(1, 8, 1)),
    units=ose.Int(8, 256, scale="log"),
)
PLAIN = ose.Space(
    lr=ose.Float(1e-4, 1, scale="log"), act=ose.Choice("a", "b", "c"), units=ose.Int(8, 256, scale="log")
)


def loss(config: Any, lr: float, act: str) -> float:
    return (
        math.log10(config["lr"] / lr) ** 2
        + 0.5 * (config["act"] != act)
        + 0.1 * math.log2(256 / config["units"])
    )


def searched(space: ose.Space, searcher: str, trials: int, lr: float, act: str, **options: Any) -> ose.Study:
    study = ose.Study("memory:", space, minimize="loss", searcher=searcher, **{"seed": 1, **options})
    for _ in range(trials):
        run = study.ask()
        study.tell(run, loss(run.config, lr, act))
    return study


def notes(study: ose.Study) -> list[str]:
    return [note.text for note in study.history.noted("belief")]


def off(study: ose.Study, lr: float) -> float:
    """Return how many decades trials lie from a rate, at the median."""
    return float(np.median([abs(math.log10(trial.config["lr"] / lr)) for trial in study.trials]))


@pytest.mark.parametrize("searcher", ["auto", "bayes", "tpe", "random", "sobol", "evolution"])
def test_every_searcher_looks_first_where_the_best_is_thought_to_be(searcher: str) -> None:
    believing, plain = (
        [searched(space, searcher, 6, 1e-2, "b", seed=s) for s in range(4)] for space in (SPACE, PLAIN)
    )
    assert all(study.trials[0].config == {"lr": 0.01, "act": "b", "units": 44} for study in believing)
    assert sum(off(study, 1e-2) for study in believing) < sum(off(study, 1e-2) for study in plain)
    often = [sum(t.config["act"] == "b" for s in studies for t in s.trials) for studies in (believing, plain)]
    assert often[0] > often[1]
    assert not any(notes(study) for study in believing)


@pytest.mark.parametrize("searcher", ["auto", "random", "tpe"])
def test_a_belief_that_is_contradicted_is_left_and_that_is_said_once(searcher: str) -> None:
    study = searched(SPACE, searcher, 40, 0.5, "c")
    said = [note for note in notes(study) if "lr" in note]
    assert len(said) == 1
    assert said[0].startswith("what was believed of ") and "trials lie away from it" in said[0]
    if searcher == "auto":
        assert study.best.value < 0.02


def test_a_wrong_belief_costs_little_in_the_end_and_a_right_one_helps() -> None:
    def reached(space: ose.Space, trials: int, best: float, option: str) -> float:
        values = [searched(space, "auto", trials, best, option, seed=s).best.value for s in range(6)]
        return float(np.mean(values))

    assert reached(SPACE, 5, 0.02, "b") < 0.7 * reached(PLAIN, 5, 0.02, "b")
    assert reached(SPACE, 16, 0.5, "c") <= reached(PLAIN, 16, 0.5, "c") + 0.1


def test_a_belief_that_was_changed_counts_anew() -> None:
    study = searched(SPACE, "auto", 30, 0.5, "b")
    assert any("lr" in note for note in notes(study))
    study.edit(lr=ose.Float(1e-4, 1, scale="log", prior=ose.Normal(0.5, decades=0.3)))
    study.tell(study.ask(), 1.0)
    before = len(notes(study))
    for _ in range(6):
        run = study.ask()
        study.tell(run, loss(run.config, 0.5, "b"))
    assert len(notes(study)) == before
    assert sum(run.config["lr"] > 0.1 for run in study.trials[-6:]) >= 4


def test_beliefs_under_a_scheduler_and_with_workers() -> None:
    study = ose.Study("memory:", SPACE, minimize="loss", scheduler="auto", seed=2)

    def train(run: ose.Run) -> None:
        for step in range(1, 5):
            run.report(loss=loss(run.config, 0.5, "c") + 1 / step)

    study.run(train, trials=30, steps=4, progress=False)
    assert any("lr" in note for note in notes(study))


def test_beliefs_with_several_objectives() -> None:
    study = ose.Study("memory:", SPACE, minimize=["loss", "size"], seed=0)
    for _ in range(12):
        run = study.ask()
        study.tell(run, {"loss": loss(run.config, 0.01, "b"), "size": run.config["units"]})
    assert off(study, 1e-2) < 0.6


@pytest.mark.parametrize("when", ["a", "b"])
def test_a_belief_about_a_conditional_range(when: str) -> None:
    space = ose.Space(
        act=ose.Choice("a", "b"),
        decay=ose.Float(0, 1, prior=ose.Normal(0.9, sd=0.05), when={"act": when}),
    )
    study = ose.Study("memory:", space, minimize="loss", seed=0)
    for _ in range(12):
        run = study.ask()
        study.tell(run, 1 - run.config.get("decay", 0.5))
    assert study.best.config["decay"] > 0.8


def test_experience_of_a_study_with_beliefs_is_experience() -> None:
    past = searched(SPACE, "auto", 12, 0.02, "b")
    study = ose.Study("memory:", SPACE, minimize="loss", experience=[past])
    assert len(study.history.noted("experience")[0].data["configs"]) >= 1


def test_a_study_with_beliefs_is_read_back(tmp_path: Any) -> None:
    path = tmp_path / "study.db"
    study = ose.Study(path, SPACE, minimize="loss", seed=1)
    first = [dict(study.ask().config) for _ in range(2)]
    study.close()
    again = ose.Study(path)
    assert again.problem.space == SPACE
    third = dict(again.ask().config)
    again.close()
    alone = ose.Study("memory:", SPACE, minimize="loss", seed=1)
    assert [*first, third] == [dict(alone.ask().config) for _ in range(3)]
