"""Studies of several objectives, and with limits: what they ask, keep, show and refuse."""

import json

import numpy as np
import pytest

import osetra as ose
from osetra.core.facts import FORMAT, SEVERAL, encode
from osetra.core.outcomes import measured
from osetra.core.problem import Objective, Problem
from osetra.errors import NothingFinished, StudyError, StudyMismatch, TrainingFailed
from osetra.numerics.pareto import is_front

SPACE = ose.Space(a=ose.Float(0, 1), b=ose.Float(0, 1))


def train(run):
    a, b = run.config["a"], run.config["b"]
    for step in run.steps(3):
        run.report(loss=a + (3 - step) * 0.1, latency_ms=20 * ((1 - a) ** 2 + b), acc=1 - b)


def new(url="memory:", **more):
    more.setdefault("minimize", ["loss", "latency_ms"])
    return ose.Study(url, SPACE, searcher=more.pop("searcher", "random"), scheduler="full", **more)


def tried(trials=20, **more):
    return new(**more).run(train, trials=trials, progress=False)


def test_the_front_is_what_no_trial_beats():
    study = tried(30)
    values = np.array(
        [[t.config["a"], 20 * ((1 - t.config["a"]) ** 2 + t.config["b"])] for t in study.trials]
    )
    expected = {t.number for t, on_it in zip(study.trials, is_front(values), strict=True) if on_it}
    front = study.front
    assert {member.number for member in front} == expected
    losses = [member.values["loss"] for member in front]
    assert losses == sorted(losses)
    assert front.knee in front.members
    assert front[0].values["latency_ms"] == pytest.approx(values[front[0].number - 1, 1])
    assert study.best_trials == front


def test_directions_may_be_mixed():
    study = tried(minimize="loss", maximize=["acc"])
    assert study.problem.objectives == (
        Objective(metric="loss"),
        Objective(metric="acc", direction="maximize"),
    )
    assert max(study.front, key=lambda t: t.values["acc"]) == study.front[-1]


def test_the_volume_grows_to_that_of_the_front():
    front = tried(25).front
    assert list(front.volumes) == sorted(front.volumes)
    assert len(front.volumes) == len(front.ended) == 25
    assert front.hypervolume == pytest.approx(front.volume(front.reference))
    assert front.volume([1.0, 40.0]) > 0
    for wrong in ([1.0], "ab", None, [1.0, "x"]):
        with pytest.raises(StudyError, match="a number for each of loss, latency_ms"):
            front.volume(wrong)


def test_metrics_are_read_where_the_objective_counts():
    def tuned(run):
        for step, loss in enumerate([3.0, 1.0, 2.0], 1):
            run.report(step=step, loss=loss, size=float(step))
        run.report(step=4, loss=5.0, late=7.0)

    study = new(minimize=["loss", "size", "late"]).run(tuned, trials=1, progress=False)
    (member,) = study.front
    assert member.values == {"loss": 1.0, "size": 2.0, "late": 7.0}
    last = new(minimize=["loss", "size"], pick="last").run(tuned, trials=1, progress=False)
    assert last.front[0].values == {"loss": 5.0, "size": 3.0}


def test_numbers_may_be_returned_or_told():
    study = new()
    study.run(lambda run: {"loss": run.config["a"], "latency_ms": 3.0}, trials=1, progress=False)
    run = study.ask()
    study.tell(run, {"loss": 0.1, "latency_ms": 9.0})
    assert [m.values["latency_ms"] for m in study.front] == [9.0, 3.0]
    with pytest.raises(StudyError, match="no 'latency_ms' was reported"):
        study.tell(study.ask(), 0.5)


def test_an_objective_that_is_never_reported_fails_the_trial():
    with pytest.raises(
        TrainingFailed, match=r"no 'size' was reported, .* reported were acc, latency_ms, loss"
    ):
        new(minimize=["loss", "size"]).run(train, trials=9, progress=False)
    with pytest.raises(TrainingFailed, match="no 'memory' was reported"):
        new(minimize="loss", limits={"memory": "<= 4"}).run(train, trials=9, progress=False)


def test_a_study_of_several_has_no_best():
    study = tried(5)
    with pytest.raises(StudyError, match=r"no trial is best in loss and latency_ms at once: study\.front"):
        _ = study.best
    with pytest.raises(NothingFinished, match="no trial has finished"):
        _ = new().front


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minimize": ["loss", "loss"]}, "loss is an objective twice"),
        ({"minimize": "loss", "maximize": "loss"}, "loss is an objective twice"),
        ({"minimize": []}, "or a list of several"),
        ({"minimize": ["loss", 3]}, "minimize=3: the objective is the name of a metric"),
        ({"minimize": ["loss", ""]}, "metric=''"),
        ({"minimize": "loss", "limits": {"latency_ms": "20"}}, "write limits="),
        ({"minimize": "loss", "directions": ["minimize"]}, r'write minimize=\["val_loss", "latency_ms"\]'),
        ({"minimize": "loss", "constraints_func": print}, "write limits="),
    ],
)
def test_questions_that_make_no_sense_are_refused(options, message):
    with pytest.raises(StudyError, match=message):
        new(**options)


def test_a_direction_that_there_is_not():
    with pytest.raises(StudyError, match=r"give one of minimize, maximize\. Did you mean 'maximize'"):
        Objective(metric="acc", direction="maximise")
    with pytest.raises(StudyError, match="a tuple is needed"):
        Problem(SPACE, Objective(metric="a"), [Objective(metric="b")])


def test_what_breaks_a_limit_is_never_best():
    study = tried(30, minimize="loss", limits={"latency_ms": "<= 20"})
    latency = {
        t.number: measured(study.history, t, study.problem.objective, "latency_ms") for t in study.trials
    }
    kept = [t for t in study.trials if latency[t.number] <= 20]
    assert 0 < len(kept) < 30
    assert study.best == min(kept, key=lambda t: t.value)
    assert min(study.trials, key=lambda t: t.value).number in study.history.unfit
    ranked = [t.number for t in study.history.ranked(study.problem.objective)]
    assert set(ranked[: len(kept)]) == {t.number for t in kept}


def test_limits_that_nothing_meets_name_the_nearest():
    study = tried(12, minimize="loss", limits={"latency_ms": "<= -1", "acc": ">= 0"})
    nearest = min(study.trials, key=lambda t: 20 * ((1 - t.config["a"]) ** 2 + t.config["b"]))
    wanted = rf"none of 12 finished trials keeps latency_ms<=-1; the nearest is trial {nearest.number} with"
    with pytest.raises(NothingFinished, match=wanted):
        _ = study.best
    with pytest.raises(NothingFinished, match=wanted):
        _ = study.front
    assert "keeps latency_ms<=-1" in str(study)


def test_limits_that_are_met_one_at_a_time_only():
    study = tried(12, minimize="loss", limits={"loss": "<= 0.5", "latency_ms": "<= 5"})
    with pytest.raises(NothingFinished, match=r"keeps loss<=0\.5 and latency_ms<=5 at once; the nearest is"):
        _ = study.best


def test_a_study_goes_on_with_what_it_asked(tmp_path):
    url = tmp_path / "study.db"
    tried(4, url=url, limits={"latency_ms": "<= 30"}).close()
    again = ose.Study(url)
    assert [one.metric for one in again.problem.objectives] == ["loss", "latency_ms"]
    assert [str(bound) for bound in again.problem.bounds] == ["latency_ms<=30"]
    again.close()
    with pytest.raises(StudyMismatch, match=r"objectives: .*latency_ms.* → minimize loss"):
        new(url, minimize="loss")


def test_limits_of_a_study_are_changed_by_a_program_or_a_person_and_all_trials_are_read_by_them(
    tmp_path, caplog
):
    url = tmp_path / "study.db"
    study = tried(12, url=url, minimize="loss", limits={"latency_ms": "<= 30"})
    free = study.best.number
    study.close()
    with caplog.at_level("WARNING"):
        study = new(url, minimize="loss", limits={"latency_ms": "<= 5"})
    assert "limits of study 'main' are changed: latency_ms<=5" in caplog.text
    assert "of 12 finished trials keep them" in caplog.text
    assert free in study.history.unfit or study.best.number == free
    assert new(url, minimize="loss", limits={"latency_ms": "<= 30"}).problem.bounds == study.problem.bounds
    study.limit({"latency_ms": "<= 30"})
    assert study.best.number == free
    study.limit({})
    assert study.best.value == min(trial.value for trial in study.trials) and not study.problem.bounds
    with pytest.raises(StudyError, match="nothing would change"):
        study.limit({})
    with pytest.raises(StudyError, match="write limits="):
        study.limit({"latency_ms": "fast"})
    study.limit({"watts": "<= 1"}, why="the cooler is small")
    with pytest.raises(NothingFinished, match=r"watts<=1"):
        _ = study.best
    assert [len(study.history.edits), len(study.problem.bounds)] == [4, 1]
    study.close()


def test_a_study_of_one_objective_is_stored_as_before():
    (opened,) = [entry.fact for entry in new(minimize="loss")._store.read()][:1]
    written = json.loads(encode(opened))
    assert list(written) == [
        *("type", "space", "metric", "direction", "pick", "seed", "searcher", "scheduler", "task"),
        *("format", "crc"),
    ]
    assert written["format"] == FORMAT == 3
    assert new()._store.read()[0].fact.format == SEVERAL == 4


def test_fresh_seeds_take_luck_off_the_front():
    noise = iter([-0.4, 0.0] + [0.3] * 50)

    def noisy(run):
        run.report(loss=run.config["a"] + next(noise), latency_ms=20 * (1 - run.config["a"]))

    study = new().run(noisy, trials=2, progress=False)
    lucky = study.trials[0].number
    front = study.confirm(noisy, top=2, seeds=2, progress=False)
    member = next((m for m in front if m.number == lucky), None)
    assert member is None or member.values["loss"] == pytest.approx(member.config["a"] + 0.3)
    assert all(m.seeds == 3 for m in front)


@pytest.mark.parametrize("searcher", ["auto", "bayes", "tpe", "cmaes", "evolution", "sobol", "zoom"])
def test_every_searcher_serves_them(searcher):
    study = tried(14, searcher=searcher, limits={"acc": ">= 0.2"})
    assert len(study.trials) == 14
    assert all(member.values["loss"] >= 0 for member in study.front)
    same = tried(14, searcher=searcher, limits={"acc": ">= 0.2"})
    assert [t.config for t in same.trials] == [t.config for t in study.trials]


def test_the_front_can_be_seen(tmp_path):
    pytest.importorskip("matplotlib")
    study = tried(15, limits={"latency_ms": "<= 20"})
    study.plot.front().savefig(tmp_path / "front.png")
    assert (tmp_path / "front.png").stat().st_size > 5000
    with pytest.raises(StudyError, match="the study has one objective, loss"):
        tried(3, minimize="loss").plot.front()
    assert "knee" in str(study.front)
    assert "front of" in str(study)
    assert "<table" in study.front._repr_html_()
