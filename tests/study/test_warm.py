"""A search on later data begins with what an earlier study found good."""

import numpy as np
import pytest

import osetra as ose
from osetra.errors import StudyError

LR = ose.Float(1e-4, 1, scale="log", default=0.01)
SPACE = ose.Space(lr=LR, units=ose.Int(1, 100), kind=ose.Choice("a", "b"))


def train(run) -> float:
    noise = 0.01 * float(np.random.default_rng(run.seed).normal())
    return abs(float(np.log10(run.config["lr"] / 0.01))) + noise


@pytest.fixture
def old() -> ose.Study:
    made = ose.Study("memory:", SPACE, minimize="loss", searcher="random", seed=1)
    made.run(train, trials=24, progress=False)
    made.confirm(train, top=2, seeds=2, progress=False)
    return made


def test_first_comes_what_is_in_use_then_good_ones_unlike_it(old) -> None:
    new = ose.Study("memory:", SPACE, minimize="loss")
    queued = new.warm_start(old)
    assert queued[0].config == old.best.config
    ranks = [t.config for t in old.history.ranked(old.problem.objective)][:6]
    assert 2 < len(queued) <= 6 and all(t.config in ranks for t in queued)
    assert len({str(t.config) for t in queued}) == len(queued)
    assert {t.by for t in queued} == {"warm start"} and "good in study" in queued[1].why
    new.run(train, trials=8, progress=False)
    assert [t.number for t in queued] == [1, 2, 3, 4, 5, 6][: len(queued)]
    assert new.warm_start(old) == []  # nothing is queued twice


def test_the_winner_of_the_last_re_test_comes_first(old) -> None:
    def moved(run) -> float:
        return abs(float(np.log10(run.config["lr"] / 0.03))) + train(run) * 1e-3

    found = old.retest(moved)
    assert found.outcome in ("adopt", "re-tune")
    new = ose.Study("memory:", SPACE, minimize="loss")
    assert [t.config for t in new.warm_start(old, most=2)] == [found.config, old.best.config]


def test_another_space_takes_what_it_can(old) -> None:
    narrow = ose.Space(
        lr=ose.Float(0.5, 1, default=0.6), kind=ose.Choice("b", "c"), depth=ose.Int(1, 3, default=2)
    )
    queued = ose.Study("memory:", narrow, minimize="loss").warm_start(old)
    assert all(t.config["lr"] == 0.5 and t.config["depth"] == 2 for t in queued)
    assert {t.config["kind"] for t in queued} <= {"b", "c"}


def test_what_cannot_be_had_is_said(old) -> None:
    other = ose.Study("memory:", ose.Space(momentum=ose.Float(0, 1)), minimize="loss")
    with pytest.raises(StudyError, match=r"it has lr, units, kind, and here are momentum; start without it"):
        other.warm_start(old)
    empty = ose.Study("memory:", SPACE, minimize="loss")
    with pytest.raises(StudyError, match="no trial has finished there"):
        other.warm_start(empty)
    with pytest.raises(StudyError, match="the study to start from is needed"):
        other.warm_start("old.db")
