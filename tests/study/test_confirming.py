"""Fresh seeds go where they tell something."""

import numpy as np
import pytest

import osetra as ose
from osetra.errors import StudyError

SPACE = ose.Space(x=ose.Float(0, 1))


def _study(train, trials: int = 30) -> ose.Study:
    study = ose.Study("memory:", SPACE, minimize="loss", searcher="random")
    return study.run(train, trials=trials, progress=False)


def noisy(run) -> float:
    return float(np.random.default_rng(run.seed).normal())


def clear(run) -> float:
    return 0.0 if run.trial == 1 or run.config["x"] == _first else 100.0 * run.config["x"] + 10


_first = ose.Study("memory:", SPACE, minimize="loss", searcher="random").ask().config["x"]


def _repeats(study: ose.Study) -> list[ose.Trial]:
    return [trial for trial in study.trials if trial.repeats is not None]


def test_a_tie_costs_fifteen_percent_and_no_more() -> None:
    study = _study(noisy, 40)
    best = study.confirm(noisy, progress=False)
    assert len(_repeats(study)) == 6
    assert best.seeds >= 3 and best.low < best.mean < best.high
    study.confirm(noisy, progress=False)
    assert len(_repeats(study)) == 6  # another call spends nothing more


def test_it_ends_as_soon_as_one_is_clearly_ahead() -> None:
    study = _study(clear, 60)
    study.confirm(clear, top=2, progress=False)
    assert len(_repeats(study)) == 4  # a pair each, of the 9 that it may cost


def test_one_that_breaks_with_a_fresh_seed_leaves_its_place_to_the_next() -> None:
    study = _study(noisy)
    broken = study.best.config["x"]

    def train(run) -> float:
        if run.config["x"] == broken:
            raise RuntimeError("broken")
        return noisy(run)

    best = study.confirm(train, progress=False)
    assert best.config["x"] != broken
    assert len({trial.repeats for trial in _repeats(study)}) > 1


@pytest.mark.parametrize(("name", "value"), [("seeds", -1), ("most", -1), ("top", 1.5)])
def test_counts_are_whole_and_above_zero(name: str, value: object) -> None:
    study = _study(noisy, 2)
    with pytest.raises(StudyError, match=name):
        study.confirm(noisy, **{name: value})
