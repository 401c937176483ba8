"""Scripts in Optuna's manner, over osetra's studies."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import osetra.compat.optuna as optuna
from osetra.compat.optuna.records import FixedTrial
from osetra.compat.optuna.trial import TrialState
from osetra.core.edits import readable
from osetra.core.trial import ENDED
from osetra.errors import StudyError
from osetra.upkeep.check import check

COMPLETE, PRUNED, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


def random_study(**settings: Any) -> Any:
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3), **settings)


def conditional(trial: Any) -> float:
    x = trial.suggest_float("x", -10, 10)
    if trial.suggest_categorical("classifier", ["svc", "forest"]) == "svc":
        return float(x**2 + trial.suggest_float("svc c", 1e-3, 1e3, log=True))
    layers = trial.suggest_int("n_layers", 1, 3)
    return float(x**2 + sum(trial.suggest_int(f"units {i}", 4, 128, log=True) for i in range(layers)))


def test_a_space_is_found_with_its_conditions(tmp_path: Path) -> None:
    file = str(tmp_path / "s.db")
    study = random_study(storage=file, study_name="s")
    study.optimize(conditional, n_trials=40)
    spec = study.osetra.problem.space.spec
    assert spec["svc%20c"] == "log(0.001, 1000.0) if classifier=svc"
    assert spec["n_layers"] == "int(1, 3) if classifier=forest"
    assert spec["units%202"].endswith("if n_layers=3")
    for trial in study.trials:
        expected = {"x", "classifier"}
        expected |= {"svc c"} if trial.params["classifier"] == "svc" else {"n_layers"}
        expected |= {f"units {i}" for i in range(trial.params.get("n_layers", 0))}
        assert set(trial.params) == expected
        assert trial.value == conditional(FixedTrial(trial.params))
    history = study.osetra.history
    assert len(readable(study.osetra.problem.space, history, history.searched)) >= 34
    study.osetra.close()
    assert all(audit.sound for audit in check(file, ()))


NAMES = ("a", "b", "c", "d")


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sets(st.integers(0, 3), min_size=1), min_size=1), st.data())
def test_what_a_trial_asked_for_is_what_it_had(wanted: dict[str, set[int]], data: Any) -> None:
    """Whatever a program asks for, when, and from which range: records are what the objective saw."""
    seen: dict[int, dict[str, Any]] = {}
    shift = data.draw(st.integers(0, 2))

    def objective(trial: Any) -> float:
        had = seen.setdefault(trial.number, {})
        had["kind"] = trial.suggest_int("kind", 0, 3)
        for name, kinds in wanted.items():
            if had["kind"] in kinds or (trial.number % 5 == shift and name == "a"):
                high = had["kind"] + 1 if name == "d" else 9
                had[name] = trial.suggest_int(name, 0, high)
                assert 0 <= had[name] <= high
        return float(sum(had.values()))

    study = random_study()
    study.optimize(objective, n_trials=15)
    assert {trial.number: trial.params for trial in study.trials} == seen
    assert [trial.state for trial in study.trials] == [COMPLETE] * 15


def test_a_script_that_prunes() -> None:
    study = random_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=3))

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(10):
            trial.report(x * step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(x * 9)

    study.optimize(objective, n_trials=25)
    pruned = [trial for trial in study.trials if trial.state == PRUNED]
    assert 3 <= len(pruned) <= 21
    assert all(t.value == t.intermediate_values[t.last_step] and t.last_step < 9 for t in pruned)
    assert study.best_value == max(t.value for t in study.trials if t.state == COMPLETE)


@pytest.mark.parametrize(
    "pruner",
    [
        None,
        optuna.pruners.SuccessiveHalvingPruner(),
        optuna.pruners.HyperbandPruner(),
        optuna.pruners.PatientPruner(None, 2),
        optuna.pruners.NopPruner(),
    ],
    ids=lambda pruner: type(pruner).__name__,
)
def test_every_pruner_is_a_scheduler(pruner: Any) -> None:
    study = random_study(pruner=pruner)

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(9):
            trial.report(x, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return float(x)

    study.optimize(objective, n_trials=15)
    states = {trial.state for trial in study.trials}
    # Patience ends a training that improves no more, and what it came to counts.
    whole = isinstance(pruner, optuna.pruners.NopPruner | optuna.pruners.PatientPruner)
    assert states == ({COMPLETE} if whole else {COMPLETE, PRUNED})
    shorter = any(trial.last_step < 8 for trial in study.trials)
    assert shorter is not isinstance(pruner, optuna.pruners.NopPruner)


@pytest.mark.parametrize("name", ["TPE", "GP", "CmaEs", "QMC", "NSGAII", "BruteForce"])
def test_every_sampler_is_a_searcher(name: str) -> None:
    study = optuna.create_study(sampler=getattr(optuna.samplers, f"{name}Sampler")(seed=1))
    study.optimize(lambda trial: (trial.suggest_float("x", -1, 1) - 0.3) ** 2, n_trials=8)
    assert len({trial.params["x"] for trial in study.trials}) >= 5


def test_a_grid_is_tried_once_and_stops() -> None:
    study = optuna.create_study(sampler=optuna.samplers.GridSampler({"x": [1, 2, 3], "c": ["a", "b"]}))
    study.optimize(
        lambda t: t.suggest_int("x", 1, 5) + (t.suggest_categorical("c", "ab") == "a"), n_trials=99
    )
    tried = {(trial.params["x"], trial.params["c"]) for trial in study.trials}
    assert len(study.trials) == len(tried) == 6


def test_several_objectives_keep_their_order() -> None:
    study = optuna.create_study(directions=["maximize", "minimize", "maximize"])
    study.optimize(lambda t: (t.suggest_float("x", 0, 1), t.params["x"] ** 2, 1.0), n_trials=8)
    assert all(t.values == [t.params["x"], t.params["x"] ** 2, 1.0] for t in study.trials)
    assert len(study.best_trials) == 8
    assert [way.name for way in study.directions] == ["MAXIMIZE", "MINIMIZE", "MAXIMIZE"]
    with pytest.raises(RuntimeError, match="several objectives"):
        _ = study.best_trial


def test_threads_do_not_repeat_each_other() -> None:
    study = random_study()
    together = threading.Barrier(2, timeout=30)

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        together.wait()
        return float(x)

    study.optimize(objective, n_trials=8, n_jobs=2)
    assert len({trial.params["x"] for trial in study.trials}) == 8


def test_errors_are_told_and_caught_by_kind() -> None:
    study = random_study()

    def objective(trial: Any) -> Any:
        trial.suggest_float("x", 0, 1)
        if trial.number == 1:
            raise ZeroDivisionError
        if trial.number == 3:
            raise KeyError("away")
        return [None, float("nan"), "text", 1.0][trial.number % 4] if trial.number != 0 else 0.5

    study.optimize(objective, n_trials=3, catch=(ZeroDivisionError,))
    with pytest.raises(KeyError):
        study.optimize(objective, n_trials=5, catch=ZeroDivisionError)
    assert [trial.state for trial in study.trials] == [COMPLETE, FAIL, FAIL, FAIL]


def test_callbacks_stop_attributes_and_queue() -> None:
    study, seen = random_study(), []

    def objective(trial: Any) -> float:
        trial.set_user_attr("twice", trial.suggest_int("x", 0, 100) * 2)
        return float(trial.params["x"])

    def stop(study: Any, trial: Any) -> None:
        seen.append(trial.number)
        if len(seen) == 3:
            study.stop()

    study.enqueue_trial({"x": 42}, user_attrs={"why": "asked"})
    study.enqueue_trial({"x": 42}, skip_if_exists=True)
    study.optimize(objective, n_trials=10, callbacks=[stop])
    assert seen == [0, 1, 2]
    assert study.trials[0].user_attrs == {"why": "asked", "twice": 84}
    study.set_user_attr("by", ["me"])
    study.set_user_attr("by", ["you"])
    assert study.user_attrs == {"by": ["you"]}
    study.optimize(objective, timeout=0)
    assert len(study.trials) == 3
    with pytest.raises(RuntimeError):
        study.stop()


def test_ask_and_tell_and_trials_from_elsewhere() -> None:
    study = random_study()
    dist = {
        "x": optuna.distributions.FloatDistribution(0, 1),
        "o": optuna.distributions.CategoricalDistribution(("a", None)),
    }
    for place in range(4):
        added = optuna.create_trial(params={"x": place / 4, "o": None}, distributions=dist, value=place + 1.0)
        study.add_trial(added)
    study.add_trial(
        optuna.create_trial(state=PRUNED, params={}, distributions={}, intermediate_values={0: 3, 4: 2})
    )
    assert study.best_params == {"x": 0.0, "o": None}
    assert study.trials[4].intermediate_values == {0: 3.0, 4: 2.0} and study.trials[4].value == 2.0
    trial = study.ask(dist)
    assert study.tell(trial, 0.25).state == COMPLETE
    assert study.best_trial.number == trial.number
    with pytest.raises(ValueError, match="Cannot tell a COMPLETE trial"):
        study.tell(trial, 1.0)
    study.tell(study.ask(dist), state=FAIL)
    frame = study.trials_dataframe()
    assert list(frame["state"][:2]) == ["COMPLETE", "COMPLETE"] and "params_o" in frame.columns
    shares = optuna.importance.get_param_importances(study)
    assert set(shares) == {"x", "o"}


def test_studies_by_name(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/studies.db"
    random_study(storage=url, study_name="one").optimize(conditional, n_trials=2)
    with pytest.raises(optuna.exceptions.DuplicatedStudyError):
        optuna.create_study(storage=url, study_name="one")
    again = optuna.create_study(storage=url, study_name="one", load_if_exists=True)
    again.optimize(conditional, n_trials=1)
    assert len(optuna.load_study(study_name="one", storage=url).trials) == 3
    optuna.copy_study(from_study_name="one", from_storage=url, to_storage=url, to_study_name="two")
    (one, two) = optuna.get_all_study_summaries(url)
    assert (one.study_name, one.n_trials, two.n_trials) == ("one", 3, 3)
    again.osetra.close()
    optuna.delete_study(study_name="one", storage=url)
    assert optuna.get_all_study_names(url) == ["two"]
    with pytest.raises(KeyError, match="two"):
        optuna.load_study(study_name="one", storage=url)


SCRIPT = """
import os, sys, signal
import osetra.compat.optuna as optuna
study = optuna.create_study(storage=sys.argv[1], study_name="s", load_if_exists=True)
def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    trial.report(x, 0)
    if sys.argv[2] == "die" and trial.number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return x
study.optimize(objective, n_trials=int(sys.argv[3]))
"""


def test_a_script_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    file = str(tmp_path / "s.db")
    run = [sys.executable, "-c", SCRIPT, file]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    died = subprocess.run([*run, "die", "9"], env=environment, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL
    subprocess.run([*run, "live", "3"], env=environment, capture_output=True, check=True)
    study = optuna.load_study(study_name="s", storage=file)
    assert [trial.state for trial in study.trials] == [COMPLETE] * 5
    assert len(study.osetra.history.trials[3].attempts) == 2
    assert all(t.state in ENDED for t in study.osetra.trials)
    study.osetra.close()
    assert all(audit.sound for audit in check(file, ()))


def test_what_is_not_offered_says_what_is() -> None:
    study = random_study()
    for call, words in (
        (lambda: optuna.visualization.plot_contour(study), r"study\.osetra\.plot\.contour"),
        (lambda: optuna.integration.KerasPruningCallback, r"osetra\.integrations"),
        (lambda: optuna.samplers.PartialFixedSampler, "Study.fix"),
        (lambda: optuna.pruners.ThresholdPruner(upper=1), "TrialPruned"),
        (lambda: optuna.create_study(sampler=object()), "searcher"),  # type: ignore[arg-type]
        (lambda: optuna.create_study(storage="mysql://me:secret@host/db"), "PostgreSQL"),
        (lambda: optuna.storages.JournalStorage, "sqlite"),
    ):
        with pytest.raises(StudyError, match=words) as caught:
            call()
        assert isinstance(caught.value, NotImplementedError) and "secret" not in str(caught.value)


@pytest.mark.parametrize("module", ["integration", "artifacts", "terminator.callback", "testing"])
def test_an_import_of_what_is_not_offered_says_what_is(module: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"has no {module.partition('.')[0]}; "):
        importlib.import_module(f"osetra.compat.optuna.{module}")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("osetra.compat.optuna.nonsense")


def test_what_breaks_a_constraint_is_never_the_best() -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", -10, 10)
        trial.set_user_attr("over", 2 - x)
        return x * x

    def constraints(trial: Any) -> tuple[float, float]:
        return trial.user_attrs["over"], trial.params["x"] - 9

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1, constraints_func=constraints))
    assert not optuna.create_study().trials
    study.optimize(objective, n_trials=15)
    kept = [trial for trial in study.trials if 2 <= trial.params["x"] <= 9]
    assert 0 < len(kept) < 15
    assert study.best_value == min(trial.value for trial in kept)
    assert study.best_trial.system_attrs["constraints"] == [
        2 - study.best_params["x"],
        study.best_params["x"] - 9,
    ]
    assert study.osetra.best.number == study.best_trial.number + 1
    assert {trial.number for trial in study.best_trials} == {study.best_trial.number}


def test_what_is_none_of_the_choices_is_refused_and_a_value_beyond_a_range_is_warned_of() -> None:
    fixed = optuna.trial.FixedTrial({"x": "a", "y": 20})
    for _ in range(2):
        with pytest.raises(ValueError, match="'a' of the parameter 'x' is out of"):
            fixed.suggest_categorical("x", ["b", "c"])
    with pytest.warns(UserWarning, match="20 of the parameter 'y' is out of"):
        assert fixed.suggest_int("y", 0, 10) == 20
    both = optuna.create_trial(values=[1.0, 2.0])
    with pytest.raises(RuntimeError, match="several values"):
        both.value = 3.0
    alone = optuna.create_trial(value=1.0)
    alone.value = 3.0
    assert alone.values == [3.0]


def test_constraints_that_a_trial_sets_are_limits_of_the_study() -> None:
    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 10)
        trial.set_constraint("over", 2 - x)
        assert trial.constraints == {"over": 2 - x}
        with pytest.warns(UserWarning, match="set already"):
            trial.set_constraint("over", -1)
        if trial.number % 2:
            trial.set_constraint("under", x - 9)
        return x * x

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.add_trial(optuna.create_trial(value=0.0, constraints={"over": 2.0}))
    study.optimize(objective, n_trials=20)
    assert study.trials[0].constraints == {"over": 2.0}
    kept = [trial for trial in study.trials if all(value <= 0 for value in trial.constraints.values())]
    assert 0 < len(kept) < 20 and study.best_value == min(trial.value for trial in kept)
    assert study.osetra.best.number == study.best_trial.number + 1
    assert {bound.metric for bound in study.osetra.problem.bounds} == {"constraint_over", "constraint_under"}


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), ("much", TypeError), (None, TypeError)]
)
def test_a_constraint_that_is_no_number_is_refused(value: Any, error: type[Exception]) -> None:
    for trial in (optuna.create_study().ask(), optuna.trial.FixedTrial({}), optuna.create_trial(value=1.0)):
        with pytest.raises(error, match="The constraint 'cost' is"):
            trial.set_constraint("cost", value)
        assert trial.constraints == {}
    with pytest.raises(error):
        optuna.create_trial(value=1.0, constraints={"cost": value})


@pytest.mark.parametrize("method", ["after_trial", "before_trial", "sample_relative"])
def test_samplers_and_pruners_that_do_something_of_their_own_are_refused(method: str) -> None:
    own = type("Own", (optuna.samplers.TPESampler,), {method: lambda self, *args: None})
    with pytest.raises(NotImplementedError, match=f"the sampler Own with {method} of its own"):
        optuna.create_study(sampler=own())
    pruner = type("Eager", (optuna.pruners.MedianPruner,), {"prune": lambda self, *args: True})
    with pytest.raises(NotImplementedError, match="the pruner Eager"):
        optuna.create_study(pruner=pruner())
    named = type("Named", (optuna.samplers.TPESampler,), {"__repr__": lambda self: "mine"})
    assert optuna.create_study(sampler=named()).sampler.searcher


@pytest.mark.parametrize("told", [None, "no", 3, [], ["x"], [float("nan")]])
def test_constraints_that_are_no_numbers_are_refused(told: Any) -> None:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(constraints_func=lambda trial: told))
    with pytest.raises(ValueError, match="constraints_func has to return a sequence of numbers"):
        study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(ValueError, match="No"):
        study.best_trial  # noqa: B018


def test_without_a_feasible_trial_there_is_no_best() -> None:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(constraints_func=lambda trial: [1.0]))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    with pytest.raises(ValueError, match="No feasible trials"):
        study.best_trial  # noqa: B018
    assert study.best_trials == []


def test_wrong_values_are_refused_and_harm_nothing() -> None:
    study = random_study()
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    for wrong in (
        lambda: trial.suggest_float("y", 1, 0),
        lambda: trial.suggest_float("y", 0, 1, log=True),
        lambda: trial.suggest_categorical("x", ["a"]),
        lambda: trial.suggest_categorical("y", []),
        lambda: trial.report(1.0, -1),
        lambda: study.tell(trial, state=COMPLETE),
        lambda: study.tell(99, 1.0),
        lambda: study.enqueue_trial({"x": float("nan")}),
        lambda: optuna.create_study(direction="up"),
    ):
        with pytest.raises(ValueError):
            wrong()
    with pytest.raises(TypeError):
        trial.set_user_attr("k", object())
    assert study.tell(trial, 1.0).params == {"x": 0.5}


def test_optuna_and_torch_are_not_loaded() -> None:
    code = (
        "import sys, osetra; assert not [m for m in sys.modules if m.startswith('osetra.compat')];"
        "import osetra.compat.optuna; assert not {'optuna', 'torch', 'pandas', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
