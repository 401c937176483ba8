"""A re-test: what it trains, what it says, what it costs, and what it refuses."""

import numpy as np
import pytest

import osetra as ose
from osetra.core.due import DAYS, RELEASED, circumstances, due_of
from osetra.core.facts import Noted
from osetra.errors import StudyError
from osetra.study.checkin import TOPIC, challengers
from osetra.study.tracker import Tracker
from osetra.views.panels.incumbent import incumbent_panel

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
    assert found.outcome == "good" and 12 <= found.runs <= 22
    assert found.config == study.best.config and found.gain == 0
    assert found.low < found.mean < found.high
    first, second = found, study.retest(then)
    assert second.due > first.due
    notes = study.history.noted(TOPIC)
    assert [note.data["outcome"] for note in notes] == ["good", "good"]
    assert all(isinstance(note, Noted) and note.data["due"] in note.text for note in notes)
    assert len(study.trials) == 8 + 9  # the study itself is as it was


class Ends(Tracker):
    """Counts the trainings that ended, and breaks at one of them."""

    def __init__(self, breaks: int = 0) -> None:
        self.names: set[str] = set()
        self.ended = 0
        self.breaks = breaks

    def open(self, study) -> None:
        self.names.add(study.name)

    def end(self, trial) -> None:
        self.ended += 1
        if self.ended == self.breaks:
            raise OSError("disk full")


def test_trackers_are_told_of_every_training_of_it(study, caplog) -> None:
    told, broken = Ends(), Ends(breaks=2)
    found = study.retest(then, trackers=[told, broken])
    assert told.ended == found.runs and told.names == {f"{study.name}-checkin-1"}
    assert broken.ended == 2 and caplog.text.count("disk full") == 1
    with pytest.raises(StudyError, match="trackers"):
        study.retest(then, trackers="tensorboard")
    assert len(study.history.noted(TOPIC)) == 1


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


def test_a_neighbour_beyond_the_range_is_none(study) -> None:
    found = challengers(study.problem, study.history, {"lr": 1.1e-4, "units": 50})
    assert [round(c["lr"] / 1.1e-4, 1) for c in found if c["units"] == 50] == [3.0]


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


@pytest.mark.parametrize("about", [3, {"a": object()}, {"a": float("nan")}, {1: 2}])
def test_circumstances_are_what_json_can_hold(study, about) -> None:
    with pytest.raises(StudyError, match="about"):
        study.retest(then, about=about)
    with pytest.raises(StudyError, match="about"):
        study.release(about)
    assert not study.history.noted(RELEASED) and not study.history.noted(TOPIC)


@pytest.mark.parametrize("delta", [0, -1, float("nan"), "much"])
def test_a_gain_to_care_for_is_above_zero(study, delta) -> None:
    with pytest.raises(StudyError, match="delta"):
        study.retest(then, delta=delta)


def test_every_setting_is_run_with_the_same_seeds(study) -> None:
    seen: dict[float, list[int]] = {}

    def remembered(run) -> float:
        seen.setdefault(round(float(run.config["lr"]), 6), []).append(run.seed)
        return then(run)

    study.retest(remembered)
    runs = sorted(seen.values(), key=len, reverse=True)
    assert all(each == runs[0][: len(each)] for each in runs)
    assert len(set(runs[0])) == len(runs[0]) >= 5


def test_the_next_re_test_is_of_the_setting_that_won(study) -> None:
    first = study.retest(later)
    second = study.retest(later)
    assert (second.outcome, second.config) == ("good", first.config)
    assert "the setting of re-test 1" in second.sentence
    assert second.then == pytest.approx(np.mean(first.values[1]))
    assert study.retest(then).outcome == "re-tune"  # and back again


def test_after_the_world_has_changed_it_is_compared_with_what_was_then(study) -> None:
    assert study.retest(lambda run: then(run) + 5).outcome == "world changed"
    assert study.retest(lambda run: then(run) + 5).outcome == "good"


def test_one_that_was_broken_off_goes_on_under_its_label_only(study) -> None:
    trained = []

    def dying(run) -> float:
        trained.append(run.seed)
        if len(trained) == 6:
            raise KeyboardInterrupt
        return then(run)

    with pytest.raises(KeyboardInterrupt):
        study.retest(dying, label="june")
    done = len(trained) - 1
    trained.clear()

    def living(run) -> float:
        trained.append(run.seed)
        return then(run)

    found = study.retest(living, label="june")
    assert len(trained) == found.runs - done
    other = study.retest(living, label="september")
    assert len(trained) == found.runs - done + other.runs


def test_a_challenger_that_fails_does_not_end_it(study) -> None:
    best = study.best.config["lr"]

    def picky(run) -> float:
        if run.config["lr"] > 2 * best:
            raise ValueError("too high")
        return then(run)

    found = study.retest(picky)
    assert found.outcome == "good"
    assert [each for each in found.values if not each]


def test_a_seed_that_fails_now_and_then_does_not_end_it_and_is_said(study) -> None:
    best, runs = study.best.config, []

    def shaky(run) -> float:
        if run.config == best:
            runs.append(run.seed)
            if len(runs) == 2:
                raise ValueError("bad luck")
        return then(run)

    found = study.retest(shaky)
    assert found.outcome == "good" and len(found.values[0]) == len(runs) - 1
    assert "1 of the setting in use failed" in found.sentence


def test_what_is_due_and_under_which_circumstances_it_was_chosen(study) -> None:
    assert study.due.days == 0 and not study.due.overdue
    study.release({"code": {"train.py": "abc"}})
    (note,) = study.history.noted(RELEASED)
    assert note.data["about"] == {"code": {"train.py": "abc"}}
    assert note.data["config"] == study.best.config and len(note.data["values"]) >= 2
    assert circumstances(study.history) == {"code": {"train.py": "abc"}}
    study.retest(then, about={"code": {"train.py": "def"}})
    assert circumstances(study.history) == {"code": {"train.py": "def"}}
    released = due_of(study.history, note.data["time"] + 86_400)
    assert released.outcome == "good" and released.date == study.due.date
    assert due_of(study.history, note.data["time"] + 86_400 * (1.5 * DAYS + 1)).overdue
    empty = ose.Study("memory:", SPACE, minimize="loss")
    assert empty.due is None


def test_the_history_of_the_setting_in_use_is_drawn_from_the_log(study) -> None:
    study.release()
    for train in (then, later, later):
        study.retest(train)
    panel = incumbent_panel(study.problem, study.history, 0.0)
    assert [p["outcome"] for p in panel["points"]] == ["released", "good", "re-tune", "good"]
    assert all(p["low"] < p["mean"] < p["high"] for p in panel["points"])
    assert panel["band"] == {end: panel["points"][0][end] for end in ("low", "high")}
    axes = study.plot.incumbent().axes[0]
    assert axes.get_ylabel() == "loss" and "next re-test" in str(axes.texts[0].get_text())


def test_what_is_too_good_names_who_is_better_still_and_is_accepted_by_a_person(study) -> None:
    with pytest.raises(StudyError, match="too good waits for being accepted; there was none"):
        study.accept()
    found = study.retest(lambda run: later(run) - 5)
    assert found.outcome == "too good" and "better still" in found.sentence
    assert found.winner["lr"] == pytest.approx(0.03, rel=0.01) and found.gain > 0.4
    assert found.config == study.best.config, "nothing is adopted before the data was looked at"
    assert study.retest(lambda run: later(run) - 5).outcome == "too good", "nobody has accepted it"
    assert "the setting of re-test 2" in study.accept()
    again = study.retest(lambda run: later(run) - 5)
    assert (again.outcome, again.config) == ("good", found.winner)
    with pytest.raises(StudyError, match="it said 'good'"):
        study.accept()


def _limited(tmp_path) -> ose.Study:
    tmp_path.mkdir(exist_ok=True)
    made = ose.Study(
        tmp_path / "s.db", SPACE, minimize="loss", limits={"mb": "<= 2"}, searcher="random", seed=1
    )
    made.enqueue(lr=0.01, units=50)
    made.run(_heavy(then), trials=8, progress=False)
    made.confirm(_heavy(then), top=2, seeds=3, progress=False)
    return made


def _heavy(train, more: float = 0.0):
    """Return a training that takes the more memory the higher the rate is."""

    def reported(run) -> dict[str, float]:
        return {"loss": train(run), "mb": 100 * run.config["lr"] + more}

    return reported


def test_a_challenger_that_breaks_a_limit_never_wins(tmp_path) -> None:
    study = _limited(tmp_path)
    found = study.retest(_heavy(later))
    assert found.outcome == "world changed" and found.winner is None
    assert "1 of the others break mb<=2 (3.000 now)" in found.sentence
    study.limit({"mb": "<= 4"})
    found = study.retest(_heavy(lambda run: _cost(run, 0.03)), label="again")
    assert found.outcome == "re-tune" and found.winner["lr"] == pytest.approx(0.03, rel=0.01)


def test_a_setting_in_use_that_breaks_a_limit_now_is_said(tmp_path) -> None:
    study = _limited(tmp_path)
    found = study.retest(_heavy(then, more=2.5))
    assert found.outcome == "re-tune" and "breaks a limit now, mb<=2 (3.500 now)" in found.sentence
    with pytest.raises(StudyError, match="does not train any more"):
        _limited(tmp_path / "silent").retest(then)
