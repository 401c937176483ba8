import subprocess
import sys
import warnings
from collections.abc import Iterator

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from osetra.core.decisions import Suggestion
from osetra.installing import install_line
from osetra.integrations.optuna import OsetraSampler
from osetra.integrations.optuna_space import Translation, consistent
from osetra.searchers import by_name

UNIT = FloatDistribution(0, 1)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(before)


class Spy:
    """Asks another searcher and keeps what it was asked."""

    lookahead = 1

    def __init__(self, name: str = "random") -> None:
        self.name, self.asked = name, []

    def suggest(self, problem, history, count, rng) -> list[Suggestion]:  # type: ignore[no-untyped-def]
        self.asked.append((problem, history))
        return list(by_name(self.name).suggest(problem, history, count, rng))


def _study(sampler: OsetraSampler, **settings: object) -> Study:
    return optuna.create_study(sampler=sampler, study_name="s", **settings)  # type: ignore[arg-type]


def _network(trial: Trial) -> float:
    lr = trial.suggest_float("lr", 1e-5, 1, log=True)
    loss = (lr - 0.01) ** 2
    if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd":
        return loss + (trial.suggest_float("momentum", 0.5, 0.99) - 0.9) ** 2
    return loss + 0.1


def test_conditions_are_learnt_from_the_trials() -> None:
    spy = Spy()
    _study(OsetraSampler(spy, seed=0)).optimize(_network, n_trials=20)
    space = spy.asked[-1][0].space
    assert space.spec["momentum"].endswith("if optimizer=1") or "if optimizer=0" in space.spec["momentum"]
    config = spy.asked[-1][1].trials[1].config
    assert set(config) <= {"lr", "optimizer", "momentum"}


def test_a_condition_that_a_trial_contradicts_is_dropped() -> None:
    choice = optuna.distributions.CategoricalDistribution(["a", "b"])
    both = {"p": choice, "x": UNIT}
    trials = [
        create_trial(params={"p": "a", "x": 0.1}, distributions=both, value=1.0),
        create_trial(params={"p": "b"}, distributions={"p": choice}, value=1.0),
    ]
    assert Translation.of(consistent(trials), trials, {}).space.spec["x"] == "float(0.0, 1.0) if p=0"
    trials.append(create_trial(params={"p": "b", "x": 0.2}, distributions=both, value=1.0))
    assert Translation.of(consistent(trials), trials, {}).space.spec["x"] == "float(0.0, 1.0)"


def test_the_first_trial_takes_the_defaults_and_they_are_not_repeated() -> None:
    study = _study(OsetraSampler("random", defaults={"x": 0.3}))
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("y", 1e-4, 1, log=True), n_trials=4)
    assert study.trials[0].params == {"x": 0.3, "y": pytest.approx(0.01)}
    assert all(t.params["x"] != 0.3 for t in study.trials[1:])


def test_the_same_seed_gives_the_same_trials_and_another_does_not() -> None:
    def params(seed: int) -> list[dict[str, object]]:
        study = _study(OsetraSampler("auto", seed=seed))
        study.optimize(_network, n_trials=12)
        return [t.params for t in study.trials]

    assert params(1) == params(1) != params(2)


def test_without_a_seed_it_is_taken_from_the_name_of_the_study() -> None:
    first, second = (_study(OsetraSampler("random")) for _ in range(2))
    for study in (first, second):
        study.optimize(_network, n_trials=5)
    assert [t.params for t in first.trials] == [t.params for t in second.trials]


def _kinds(trial: Trial) -> float:
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 3:
        raise ValueError
    if trial.number in (4, 5):
        trial.report(0.0 if trial.number == 4 else 9.0, 1)
        raise optuna.TrialPruned
    return x if trial.number != 6 else float("inf")


def test_failed_pruned_and_infinite_trials_are_told_as_what_they_are() -> None:
    spy = Spy()
    study = _study(OsetraSampler(spy, seed=0))
    study.optimize(_kinds, n_trials=8, catch=(ValueError,))
    trials = spy.asked[-1][1].trials
    assert [trials[n].state for n in range(1, 8)] == [
        *["finished"] * 3,
        "failed",
        *["finished"] * 2,
        "diverged",
    ]
    assert trials[6].value == 9.0


def test_a_pruned_trial_does_not_look_better_than_the_median() -> None:
    spy = Spy()
    study = _study(OsetraSampler(spy, seed=0))
    study.optimize(_kinds, n_trials=6, catch=(ValueError,))
    usual = sorted(t.value for t in study.trials if t.state == TrialState.COMPLETE)[1]
    assert spy.asked[-1][1].trials[5].value == usual


def test_running_trials_are_pending_and_those_without_parameters_nothing() -> None:
    spy = Spy()
    study = _study(OsetraSampler(spy, seed=0))
    study.tell(study.ask({"x": UNIT}), 1.0)
    study.ask({"x": UNIT})
    study.ask()
    study.ask({"x": UNIT})
    history = spy.asked[-1][1]
    assert [t.state for t in history.searched] == ["finished", "running"]
    assert history.next_trial == 4


def test_workers_that_ask_at_once_get_different_suggestions() -> None:
    study = _study(OsetraSampler("sobol", seed=0))
    study.tell(study.ask({"x": UNIT}), 1.0)
    asked = [study.ask({"x": UNIT}).params["x"] for _ in range(16)]
    assert len(set(asked)) == 16


def test_enqueued_parameters_are_kept_and_learnt_from() -> None:
    spy = Spy()
    study = _study(OsetraSampler(spy, seed=0))
    study.enqueue_trial({"x": 0.25})
    study.optimize(lambda t: t.suggest_float("x", 0, 1), n_trials=3)
    assert spy.asked[-1][1].trials[1].config == {"x": 0.25}


def test_a_study_that_maximizes_is_maximized() -> None:
    study = _study(OsetraSampler("evolution", seed=0), direction="maximize")
    study.optimize(lambda t: -((t.suggest_float("x", 0, 1) - 0.9) ** 2), n_trials=60)
    assert study.best_params["x"] == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("name", ["auto", "evolution", "cmaes"])
def test_a_define_by_run_study_ends_better_than_random_search(name: str) -> None:
    def best(searcher: str, seed: int) -> float:
        study = _study(OsetraSampler(searcher, seed=seed))
        study.optimize(_network, n_trials=60)
        return study.best_value

    pairs = [(best(name, seed), best("random", seed)) for seed in range(5)]
    assert sum(ours < theirs for ours, theirs in pairs) >= 4


def test_the_notes_of_a_searcher_survive_the_process() -> None:
    storage = optuna.storages.InMemoryStorage()
    for _ in range(2):
        sampler = OsetraSampler("zoom", seed=0)
        study = optuna.create_study(storage=storage, study_name="s", load_if_exists=True, sampler=sampler)
        study.optimize(lambda t: t.suggest_float("x", 0, 1) ** 2, n_trials=15)
    spy = Spy("zoom")
    study.sampler = OsetraSampler(spy, seed=0)
    study.ask({"x": UNIT})
    assert [note.name for note in spy.asked[0][1].noted("zoom")] == ["2", "3"]


def test_several_objectives_are_refused_with_a_way_out() -> None:
    study = _study(OsetraSampler(), directions=["minimize", "minimize"])
    with pytest.raises(ValueError, match="the study has 2 objectives and this sampler serves one; use"):
        study.ask({"x": UNIT})
        study.sampler.sample_relative(study, study.trials[-1], {"x": UNIT})


def test_constraints_are_announced_as_unused_once() -> None:
    def constrained(trial: Trial) -> float:
        trial.set_constraint("small", 1.0)
        return trial.suggest_float("x", 0, 1)

    study = _study(OsetraSampler(seed=0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        study.optimize(constrained, n_trials=5)
    assert sum("does not use constraints" in str(w.message) for w in caught) == 1


def test_names_that_a_space_refuses_are_searched_all_the_same() -> None:
    names = ["seed", "learning rate", "a=b", "a_b"]
    study = _study(OsetraSampler("sobol", seed=0))
    study.optimize(lambda t: sum(t.suggest_float(n, 0, 1) for n in names), n_trials=5)
    assert all(set(t.params) == set(names) for t in study.trials)


def test_an_exhausted_space_is_drawn_from_at_random() -> None:
    study = _study(OsetraSampler("random", seed=0))
    study.optimize(lambda t: float(t.suggest_int("n", 0, 2)), n_trials=12)
    assert {t.params["n"] for t in study.trials[:3]} == {0, 1, 2}
    assert len(study.trials) == 12


def test_threads_share_a_study() -> None:
    study = _study(OsetraSampler("auto", seed=0))
    study.optimize(_network, n_trials=30, n_jobs=4)
    complete: list[FrozenTrial] = study.get_trials(states=(TrialState.COMPLETE,))
    assert len(complete) == 30


def test_without_optuna_the_command_that_installs_it_is_named() -> None:
    program = "import sys; sys.modules['optuna'] = None; import osetra.integrations.optuna"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert install_line("optuna") in done.stderr
