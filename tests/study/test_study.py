"""Study: the loop, resume, ask/tell, choosing on fresh seeds, and what it refuses."""

import math

import pytest

import osetra as ose
from osetra.core.facts import Claimed, Worker
from osetra.errors import NothingFinished, SpaceError, StudyError, StudyMismatch
from osetra.executors.identity import this_process
from osetra.stores import open_store

SPACE = ose.Space(lr=ose.Float(1e-4, 1, scale="log", default=0.01), layers=ose.Int(2, 4))


def loss(run):
    return abs(math.log10(run.config["lr"]) + 2) + run.config["layers"]


def make_study(url="memory:", **settings):
    return ose.Study(url, **{"space": SPACE, "minimize": "loss", "searcher": "random", **settings})


def test_a_run_reaches_its_target_and_knows_the_best():
    study = make_study().run(loss, trials=12)
    assert len(study.trials) == 12
    assert study.best.value == min(trial.value for trial in study.trials)
    assert {trial.state for trial in study.trials} == {"finished"}


def test_the_same_seed_gives_the_same_trials():
    first, second = (make_study(seed=5).run(loss, trials=6) for _ in range(2))
    assert [t.config for t in first.trials] == [t.config for t in second.trials]
    assert [t.seed for t in first.trials] == [t.seed for t in second.trials]
    assert len({t.seed for t in first.trials}) == 6


def test_running_again_continues_to_the_total_and_repeats_nothing(tmp_path):
    url = tmp_path / "study.db"
    calls = []
    make_study(url).run(lambda run: calls.append(run.trial) or 1.0, trials=5)
    again = ose.Study(url, searcher="random").run(lambda run: calls.append(run.trial) or 1.0, trials=8)
    assert calls == [1, 2, 3, 4, 5, 6, 7, 8]
    again.run(lambda run: calls.append(run.trial) or 1.0, trials=8)
    assert len(calls) == 8


def test_a_study_goes_on_with_the_searcher_it_was_created_with(tmp_path):
    make_study(tmp_path / "s.db", searcher="grid").close()
    assert ose.Study(tmp_path / "s.db").searcher.name == "grid"
    assert ose.Study(tmp_path / "s.db", searcher="random").searcher.name == "random"


@pytest.mark.parametrize("searcher", ["random", "sobol", "grid"])
def test_a_resumed_search_equals_an_uninterrupted_one(tmp_path, searcher):
    whole = make_study(seed=3, searcher=searcher).run(loss, trials=9)
    for trials in (1, 4, 9):
        part = make_study(tmp_path / "s.db", seed=3, searcher=searcher).run(loss, trials=trials)
    assert [t.config for t in part.trials] == [t.config for t in whole.trials]


def test_a_failing_training_does_not_stop_the_study():
    def train(run):
        if run.trial % 2:
            raise RuntimeError("no luck")
        return 1.0

    study = make_study().run(train, trials=6)
    assert [trial.state for trial in study.trials] == ["failed", "finished"] * 3
    assert study.trials[0].reason == "RuntimeError: no luck"


def test_people_come_first_and_defaults_fill_what_they_leave_out():
    study = make_study()
    asked = study.enqueue(lr=0.5)
    assert asked.config == {"lr": 0.5, "layers": 3}
    study.run(loss, trials=3)
    assert study.trials[0].config["lr"] == 0.5
    assert study.trials[0].origin == "person"


def test_ask_and_tell_for_people_who_own_the_loop():
    study = make_study()
    for _ in range(3):
        run = study.ask()
        run.report(loss=2.0)
        study.tell(run, loss(run))
    failed = study.ask()
    assert study.tell(failed, failed="no GPU").reason == "no GPU"
    by_reports = study.ask()
    by_reports.report(loss=0.125)
    assert study.tell(by_reports).value == 0.125
    assert [trial.state for trial in study.trials] == ["finished"] * 3 + ["failed", "finished"]


def test_tell_twice_is_refused():
    study = make_study()
    run = study.ask()
    study.tell(run, 1.0)
    with pytest.raises(StudyError, match="trial 1 is not waiting for a result: it has finished already"):
        study.tell(run, 2.0)


@pytest.mark.parametrize("value", ["nan", [1.0], object()])
def test_a_told_value_must_be_a_number(value):
    study = make_study()
    run = study.ask()
    with pytest.raises(StudyError, match=r"a metric is one number, such as value=0\.3"):
        study.tell(run, value)


def test_something_that_is_no_function_is_refused_before_any_trial():
    study = make_study()
    with pytest.raises(StudyError, match="5 cannot be called; give a training function"):
        study.run(5, trials=2)
    assert study.trials == []


def test_another_seed_under_the_same_name_is_a_difference(tmp_path):
    make_study(tmp_path / "s.db", seed=3)
    with pytest.raises(StudyMismatch, match="seed: 3 → 4"):
        make_study(tmp_path / "s.db", seed=4)


@pytest.mark.parametrize("url", [None, "", 7])
def test_a_study_needs_a_place(url):
    with pytest.raises(StudyError, match="a study lives in a file"):
        make_study(url)


def test_a_study_of_failures_says_so(caplog):
    make_study().run(lambda run: 1 / 0, trials=2)
    assert "none of 2 trials has a valid result; the last one: ZeroDivisionError" in caplog.text


def test_curves_are_kept():
    def train(run):
        for step in run.steps(4):
            run.report(loss=1 / step, accuracy=step)

    study = make_study().run(train, trials=2)
    assert study.curve(1, "loss") == ([1, 2, 3, 4], [1, 1 / 2, 1 / 3, 1 / 4])
    assert study.curve(study.trials[1], "accuracy")[1] == [1, 2, 3, 4]


def test_maximise_takes_the_largest():
    study = ose.Study(space=SPACE, maximize="score", searcher="random").run(
        lambda run: run.config["lr"], trials=8
    )
    assert study.best.value == max(trial.value for trial in study.trials)


def test_the_winner_is_chosen_on_the_mean_over_fresh_seeds():
    def lucky(run):
        return 0.0 if run.trial == 2 else float(run.config["layers"])

    study = make_study().run(lucky, trials=6)
    assert study.best.number == 2
    study.confirm(lucky, top=3, seeds=2)
    repeats = [trial for trial in study.trials if trial.repeats is not None]
    assert len(repeats) == 6
    assert len({trial.seed for trial in study.trials}) == 12
    means = {n: [t.value for t in repeats if t.repeats == n] for n in {t.repeats for t in repeats}}
    assert study.best.number == min(means, key=lambda n: sum(means[n]))


def test_confirming_twice_repeats_nothing():
    study = make_study().run(loss, trials=4)
    study.confirm(loss, top=2, seeds=2)
    count = len(study.trials)
    study.confirm(loss, top=2, seeds=2)
    assert len(study.trials) == count


def test_repeats_do_not_count_against_the_total():
    study = make_study().run(loss, trials=4)
    study.confirm(loss, top=2, seeds=2)
    study.run(loss, trials=6)
    assert len(study.history.searched) == 6


def test_a_finite_space_ends_when_exhausted():
    space = ose.Space(layers=ose.Int(2, 4))
    study = ose.Study(space=space, minimize="loss", searcher="grid").run(lambda run: 1.0, trials=50)
    assert sorted(trial.config["layers"] for trial in study.trials) == [2, 3, 4]


def test_a_time_limit_ends_the_run():
    study = make_study()

    def train(run):
        import time

        time.sleep(0.05)
        return 1.0

    study.run(train, minutes=0.01)
    assert 2 <= len(study.trials) <= 14
    assert not study.history.running


def test_a_trial_of_a_dead_process_is_given_up_and_run_again(tmp_path):
    url = tmp_path / "study.db"
    study = make_study(url)
    study.enqueue(lr=0.5)
    here = this_process()
    dead = Worker(here.host, here.boot, 2**22 + 1, 5.0)
    open_store(str(url)).append([Claimed(1, 1, dead)])
    study.run(loss, trials=1)
    trial = study.trials[0]
    assert [attempt.outcome for attempt in trial.attempts] == ["lost", "finished"]
    assert "is gone" in trial.attempts[0].reason


def test_another_space_under_the_same_name_shows_the_difference(tmp_path):
    make_study(tmp_path / "s.db")
    other = ose.Space(lr=ose.Float(1e-5, 1, scale="log", default=0.01), units=ose.Int(1, 9))
    with pytest.raises(StudyMismatch) as caught:
        make_study(tmp_path / "s.db", space=other)
    text = str(caught.value)
    assert "lr: log(0.0001, 1.0, default=0.01) → log(1e-05, 1.0, default=0.01)" in text
    assert "layers: int(2, 4) → absent" in text
    assert "units: absent → int(1, 9)" in text


def test_another_objective_under_the_same_name_shows_the_difference(tmp_path):
    make_study(tmp_path / "s.db")
    with pytest.raises(StudyMismatch, match=r"objective: minimize loss \(best\) → maximize acc \(best\)"):
        ose.Study(tmp_path / "s.db", SPACE, maximize="acc")


def test_a_study_that_does_not_exist_says_what_it_needs(tmp_path):
    with pytest.raises(StudyError, match=r"there is no study 'main' at .* yet; to create one, give it space"):
        ose.Study(tmp_path / "s.db")


@pytest.mark.parametrize("trials", [0, -1, 2.5, True])
def test_a_senseless_number_of_trials_is_refused(trials):
    with pytest.raises(StudyError, match="a whole number of at least 1 is needed"):
        make_study().run(loss, trials=trials)


def test_a_run_without_a_limit_is_refused():
    with pytest.raises(StudyError, match=r"needs a limit: trials=50, minutes=10, trainings=30 or until=0.05"):
        make_study().run(loss)


def test_minutes_must_be_positive():
    with pytest.raises(StudyError, match="minutes=0: the minutes must be above 0"):
        make_study().run(loss, minutes=0)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(SpaceError, match=r"layer: no such hyperparameter; .* Did you mean 'layers'\?"):
        make_study().enqueue(layer=3)


def test_a_bad_value_never_enters_the_study():
    study = make_study()
    with pytest.raises(SpaceError, match="lr: 7 is outside"):
        study.enqueue(lr=7)
    assert study.trials == []


def test_best_of_nothing_explains_itself():
    def train(run):
        raise RuntimeError("shapes do not match")

    study = make_study().run(train, trials=2)
    with pytest.raises(
        NothingFinished, match=r"none of 2 ended trials has a valid result; .*shapes do not match"
    ):
        _ = study.best


def test_records_and_frame_have_a_row_per_trial():
    study = make_study().run(loss, trials=3)
    assert [row["trial"] for row in study.records()] == [1, 2, 3]
    assert list(study.to_frame()["layers"]) == [t.config["layers"] for t in study.trials]


def test_html_escapes_what_people_write():
    space = ose.Space(activation=ose.Choice("<script>", "relu"), lr=ose.Float(0, 1))
    study = ose.Study(space=space, minimize="loss", searcher="random", name="<b>").run(
        lambda run: run.config["lr"], trials=5
    )
    page = study._repr_html_()
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    assert "<polyline" in page


def test_repr_is_one_line():
    assert repr(make_study().run(loss, trials=2)).startswith("<Study 'main' at memory:: 2 trials, best ")


def test_a_linear_learning_rate_is_noticed_once_before_the_first_trial(caplog):
    study = ose.Study(space=ose.Space(lr=ose.Float(1e-4, 1)), minimize="loss", searcher="random")
    study.run(lambda run: 1.0, trials=1).run(lambda run: 1.0, trials=2)
    assert caplog.text.count("lr is linear over 0.0001 … 1") == 1


def test_a_grid_larger_than_the_budget_is_counted_exactly(caplog):
    make_study(searcher="grid").run(loss, trials=4)
    assert "the grid has 15 combinations and the budget is 4 trials" in caplog.text


def test_advice_speaks_of_the_trials(caplog):
    study = make_study().run(loss, trials=20)
    assert "importance" in {finding.rule for finding in study.advice}


def test_a_trial_whose_repeat_diverged_is_not_the_best():
    def train(run):
        if run.trial == 5:
            run.diverged("blew up with this seed")
        return float(run.config["layers"]) + run.trial / 100

    study = make_study().run(train, trials=4)
    first, second = study.history.ranked(study.problem.objective)[:2]
    study.confirm(train, top=2, seeds=1)
    assert study.trials[4].state == "diverged"
    assert study.trials[4].repeats == first.number
    assert study.best.number == second.number


def test_what_a_model_expected_of_a_trial_follows_from_the_log_alone(tmp_path):
    def train(run):
        return (math.log10(run.config["lr"]) + 2) ** 2 + 0.01 * run.config["layers"]

    study = make_study(tmp_path / "s.db", searcher="bayes").run(train, trials=25)
    assert study.explain(1) is None
    late = study.explain(25)
    assert late == ose.Study(tmp_path / "s.db").explain(25)
    assert f"{late.predicted:.4g} ± {late.deviation:.2g}" in study.trials[24].why
    assert late.reason.startswith(("exploit: best predicted", "explore: largest uncertainty along"))
    figures = f"{late.predicted:.4g} ± {late.deviation:.2g}"
    assert study.trials[24].why == f"{late.reason}; loss {figures} expected"


def test_a_training_that_never_reports_the_objective_fails_at_its_first_rung(tmp_path):
    def wrong_name(run):
        for step in run.steps(20):
            run.report(val_loss=1 / step)
            run.checkpoint(lambda: {"step": 1})

    study = ose.Study(tmp_path / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss")
    study.run(wrong_name, trials=4, keep_going=True)
    assert {trial.state for trial in study.trials} == {"failed"}
    assert {"no 'loss' was reported" in trial.reason for trial in study.trials} == {True}


@pytest.mark.parametrize(
    "options",
    [
        *({"scheduler": name} for name in ("", "nope", "a\0b")),
        *({"seed": seed} for seed in (-1, True, 1.5, "a", float("nan"))),
        *({"name": name} for name in (3, "", "n" * 5000)),
        {"searcher": ""},
        {"task": 3},
    ],
    ids=repr,
)
def test_a_wrong_argument_is_refused_before_there_is_a_file(options, tmp_path):
    with pytest.raises(ose.OsetraError):
        ose.Study(tmp_path / "study.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", **options)
    assert not list(tmp_path.iterdir())


def test_a_task_that_holds_itself_is_refused() -> None:
    circle: dict[str, object] = {}
    circle["inner"] = [circle]
    with pytest.raises(StudyError, match="holds itself"):
        ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="loss", task=circle)
