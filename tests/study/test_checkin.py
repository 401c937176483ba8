"""A re-test: what it trains, what it says, what it costs, and what it refuses."""

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import Noted
from osetra.errors import StudyError
from osetra.study.checkin import TOPIC, challengers

SPACE = ose.Space(lr=ose.Float(1e-4, 1, scale="log", default=0.01), units=ose.Int(1, 100))


def then(run) -> float:
    return _cost(run, 0.01)


def later(run) -> float:
    """The best learning rate has moved to three times of it, and all is as good as it was."""
    return _cost(run, 0.03)


def _cost(run, best: float) -> float:
    noise = 0.01 * float(np.random.default_rng(run.seed).normal())
    return abs(float(np.log10(run.config["lr"] / best))) + noise


@pytest.fixture
def study(tmp_path) -> ose.Study:
    made = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random", seed=1)
    made.enqueue(lr=0.01, units=50)
    made.run(then, trials=8, progress=False)
    made.confirm(then, top=3, seeds=3, progress=False)
    return made


def test_what_is_still_the_best_is_said_to_be_so_and_looked_at_later_next_time(study) -> None:
    found = study.retest(then)
    assert found.outcome == "good" and found.runs in (8, 22)
    assert found.config == study.best.config and found.gain == 0
    assert found.low < found.mean < found.high
    first, second = found, study.retest(then)
    assert second.due > first.due
    notes = study.history.noted(TOPIC)
    assert [note.data["outcome"] for note in notes] == ["good", "good"]
    assert all(isinstance(note, Noted) and note.data["due"] in note.text for note in notes)
    assert len(study.trials) == 8 + 9  # the study itself is as it was


def test_a_neighbour_that_has_become_better_is_found(study) -> None:
    found = study.retest(later)
    assert found.outcome == "re-tune" and found.runs == 22
    assert found.config["lr"] == pytest.approx(0.03, rel=0.01)
    assert found.gain == pytest.approx(0.48, abs=0.05)
    assert "tune again" in found.sentence


def test_where_all_is_worse_the_world_has_changed(study) -> None:
    found = study.retest(lambda run: then(run) + 5)
    assert found.outcome == "world changed"
    assert "no need to tune again" in found.sentence


def test_what_is_too_good_is_suspected(study) -> None:
    assert study.retest(lambda run: then(run) - 5).outcome == "too good"


def test_the_direction_does_not_matter() -> None:
    made = ose.Study("memory:", SPACE, maximize="score", searcher="random", seed=1)
    made.enqueue(lr=0.01, units=50)
    made.run(lambda run: -then(run), trials=6, progress=False)
    made.confirm(lambda run: -then(run), top=2, seeds=3, progress=False)
    found = made.retest(lambda run: -later(run))
    assert found.outcome == "re-tune" and found.gain > 0.4


def test_challengers_are_neighbours_and_one_from_elsewhere(study) -> None:
    best = study.best
    found = challengers(study.problem, study.history, best.config)
    assert 1 < len(found) <= 3
    assert sorted(round(c["lr"] / best.config["lr"], 1) for c in found[:2]) == [0.3, 3.0]
    assert best.config not in found


def test_without_fresh_seeds_there_is_nothing_to_compare_with(tmp_path) -> None:
    made = ose.Study(tmp_path / "s.db", SPACE, minimize="loss", searcher="random")
    with pytest.raises(StudyError, match=r"confirmed with fresh seeds.*study\.confirm"):
        made.retest(then)
    made.run(then, trials=3, progress=False)
    with pytest.raises(StudyError, match="nothing to compare with"):
        made.retest(then)


def test_a_training_that_fails_now_is_named(study) -> None:
    def broken(run) -> float:
        raise KeyError("price")

    with pytest.raises(StudyError, match="does not train any more"):
        study.retest(broken)
    assert not study.history.noted(TOPIC)


@pytest.mark.parametrize("delta", [0, -1, float("nan"), "much"])
def test_a_gain_to_care_for_is_above_zero(study, delta) -> None:
    with pytest.raises(StudyError, match="delta"):
        study.retest(then, delta=delta)
