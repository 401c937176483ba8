"""A study whose first trainings fail alike stops and shows why; anything else goes on."""

import pytest

import osetra as ose
from osetra.errors import StudyError, TrainingFailed
from osetra.study.failfast import FIRST

SPACE = ose.Space(x=ose.Float(0, 1))


def study_at(path):
    return ose.Study(path / "s.db", SPACE, minimize="loss", searcher="random", scheduler="full")


def broken(run):
    raise KeyError(f"hidden_size of trial {run.trial} at 0x7f{run.trial:04x}")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_error_three_times_stops_the_study_with_its_traceback(tmp_path, workers):
    study = study_at(tmp_path)
    with pytest.raises(TrainingFailed) as caught:
        study.run(broken, trials=50, workers=workers)
    text = str(caught.value)
    assert text.startswith(
        f"the first {FIRST} trials failed with the same error, so the study has stopped: Key"
    )
    assert "keep_going=True" in text and "Traceback" in text and "in broken" in text
    assert FIRST <= len(study.history.ended) < 50
    assert list(study.history.running) == []


def test_who_keeps_going_trains_them_all(tmp_path):
    study = study_at(tmp_path).run(broken, trials=6, keep_going=True)
    assert [trial.state for trial in study.trials] == ["failed"] * 6


def test_different_errors_do_not_stop_it(tmp_path):
    errors = [ValueError, KeyError, OSError, TypeError]

    def train(run):
        raise errors[run.trial % 4]("bad")

    assert len(study_at(tmp_path).run(train, trials=6).trials) == 6


@pytest.mark.parametrize("good", [1, 2, 3])
def test_one_result_among_the_first_is_enough_to_go_on(tmp_path, good):
    def train(run):
        if run.trial != good:
            broken(run)
        return 0.5

    assert len(study_at(tmp_path).run(train, trials=8).trials) == 8


def test_the_next_call_may_have_been_mended(tmp_path):
    with pytest.raises(StudyError):
        study_at(tmp_path).run(broken, trials=9)
    study = study_at(tmp_path).run(lambda run: run.config["x"], trials=9)
    assert len(study.history.finished) == 9 - FIRST


def test_keep_going_is_true_or_false(tmp_path):
    with pytest.raises(StudyError, match="keep_going='yes': True or False is needed"):
        study_at(tmp_path).run(broken, trials=4, keep_going="yes")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_training_that_gives_its_trial_back_again_and_again_fails_with_a_hint(tmp_path, workers):
    def train(run):
        if run.trial == 2:
            raise ose.Interrupted("skip")
        return 0.5

    study = study_at(tmp_path).run(train, trials=4, workers=workers)
    assert [trial.state for trial in study.trials] == ["finished", "failed", "finished", "finished"]
    assert len(study.trials[1].attempts) == 3
    assert (
        "raised Interrupted 3 times" in study.trials[1].reason and "osetra.Diverged" in study.trials[1].reason
    )


def test_who_gets_on_in_between_may_give_back_as_often_as_it_likes(tmp_path):
    def train(run):
        begun = (run.restore() or {"step": 0})["step"]
        for step in run.steps(8):
            run.report(loss=1 / step)
            run.checkpoint({"step": step})
            if step == begun + 1 and step < 8:
                raise ose.Interrupted("one step at a time")

    study = study_at(tmp_path).run(train, trials=1, checkpoints=ose.Checkpoints(every=0))
    assert (study.trials[0].state, len(study.trials[0].attempts)) == ("finished", 8)
