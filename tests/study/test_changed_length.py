"""Trainings that become longer or shorter within a study: said once, and compared at equal steps."""

from __future__ import annotations

import logging
import random
from typing import Any

import pytest

import osetra as ose

SPACE = ose.Space(x=ose.Float(0, 1))


def training(steps: int, sign: float, *, said: bool) -> Any:
    """Return a training that gets better with x near 0.3, and with every step."""

    def train(run: ose.Run) -> None:
        for step in run.steps(steps) if said else range(1, steps + 1):
            run.report(loss=sign * (abs(run.config["x"] - 0.3) + 8 / step))

    return train


def study_of(direction: str, **options: Any) -> ose.Study:
    return ose.Study("memory:", SPACE, searcher="random", scheduler="full", **{direction: "loss"}, **options)


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("pick", ["best", "last"])
@pytest.mark.parametrize("lengths", [(12, 60), (60, 12), (5, 7, 30)])
def test_what_is_best_does_not_depend_on_who_was_trained_longer(
    said: bool, direction: str, pick: Any, lengths: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    for seed in range(3):
        study, total = study_of(direction, pick=pick, seed=seed), 0
        caplog.clear()
        with caplog.at_level(logging.WARNING, "osetra"):
            for steps in lengths:
                total += random.Random(seed + steps).randint(3, 9)
                for trials in (total, total + 1):  # the second call says nothing again
                    study.run(training(steps, sign, said=said), trials=trials, progress=False)
                total += 1
        nearest = sorted(study.trials, key=lambda trial: abs(trial.config["x"] - 0.3))
        assert study.best.number == nearest[0].number
        ranked = study.history.ranked(study.problem.objective)
        assert [trial.number for trial in ranked] == [trial.number for trial in nearest]
        heard = [one for one in caplog.messages if "compared at equal steps" in one]
        assert len(heard) == len(lengths) - 1
        assert all(
            f"{now} steps now" in one and "before" in one for one, now in zip(heard, lengths[1:], strict=True)
        )


def test_a_first_look_of_few_steps_is_no_rival() -> None:
    """One step is less than a tenth of sixty: it says too little about who is better."""
    study = study_of("minimize")
    for trials, steps in ((4, 1), (8, 60)):
        study.run(training(steps, 1.0, said=True), trials=trials, progress=False)
    ranked = [trial.number for trial in study.history.ranked(study.problem.objective)]
    assert set(ranked[:4]) == {5, 6, 7, 8} and study.best.number == ranked[0]


def test_ends_that_differ_by_themselves_are_no_change_of_length(caplog: pytest.LogCaptureFixture) -> None:
    def stopping(run: ose.Run) -> None:
        for step in range(1, random.Random(run.trial).choice([12, 12, 12, 5, 8, 11]) + 1):
            run.report(loss=1 / step)

    def told(run: ose.Run) -> None:
        for step in range(1, run.config["epochs"] + 1):
            run.report(loss=1 / step)

    with caplog.at_level(logging.WARNING, "osetra"):
        study_of("minimize").run(stopping, trials=20, progress=False)
        space = ose.Space(epochs=ose.Choice(5, 20), x=ose.Float(0, 1))
        study = ose.Study("memory:", space, minimize="loss", searcher="random")
        for number in range(12):
            study.enqueue(epochs=5 if number < 6 else 20, x=number / 12)
        study.run(told, trials=12, progress=False)
    assert not [one for one in caplog.messages if "equal steps" in one]
    assert study.best.config["epochs"] == 20
