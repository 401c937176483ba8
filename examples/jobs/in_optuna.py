"""Thirteen jobs in Optuna 5."""

import json
import multiprocessing
from pathlib import Path

import optuna
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.study import MaxTrialsCallback
from optuna.trial import TrialState
from toy import EPOCHS, latency, loss


def _lr(trial):
    return trial.suggest_float("lr", 1e-4, 1, log=True)


def search_on_a_log_scale():
    study = optuna.create_study()
    study.optimize(lambda trial: loss(_lr(trial)), n_trials=10)
    return study.best_params


def search_momentum_as_one_minus_beta():
    study = optuna.create_study()
    study.optimize(
        lambda trial: loss(_lr(trial), 1 - trial.suggest_float("rest", 0.01, 0.5, log=True)), n_trials=10
    )
    return study.best_params | {"momentum": 1 - study.best_params["rest"]}


def search_what_depends_on_an_option():
    def objective(trial):
        sgd = trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd"
        return loss(_lr(trial), trial.suggest_float("momentum", 0.5, 0.99) if sgd else 0)

    study = optuna.create_study()
    study.optimize(objective, n_trials=10)
    return study.best_params


def stop_hopeless_trainings():
    def objective(trial):
        lr = _lr(trial)
        for epoch in range(1, EPOCHS + 1):
            value = loss(lr, epoch=epoch)
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study = optuna.create_study(pruner=optuna.pruners.SuccessiveHalvingPruner())
    study.optimize(objective, n_trials=20)
    return study.best_params


def go_on_in_the_middle_of_a_training():
    def objective(trial):
        lr, own = _lr(trial), trial.study.trials[trial.number]
        first = RetryHeartbeatStaleTrialCallback.retried_trial_number(own)
        file = Path(f"middle-{trial.number if first is None else first}.json")
        state = json.loads(file.read_text()) if file.exists() else {"epoch": 0, "weights": 0.0}
        for epoch in range(state["epoch"] + 1, EPOCHS + 1):
            state = {"epoch": epoch, "weights": state["weights"] + lr}
            file.write_text(json.dumps(state))
        return loss(lr)

    retry = RetryHeartbeatStaleTrialCallback()
    storage = RDBStorage("sqlite:///middle.db", heartbeat_interval=60, heartbeat_stale_trial_callback=retry)
    study = optuna.create_study(storage=storage, study_name="middle", load_if_exists=True)
    study.optimize(objective, n_trials=10)
    return study.best_params


def go_on_with_a_search():
    study = optuna.create_study(storage="sqlite:///search.db", study_name="search", load_if_exists=True)
    ended = len(study.get_trials(states=(TrialState.COMPLETE,)))
    study.optimize(lambda trial: loss(_lr(trial)), n_trials=10 - ended)
    return study.best_params


def _work():
    study = optuna.load_study(storage="sqlite:///two.db", study_name="two")
    study.optimize(lambda trial: loss(_lr(trial)), callbacks=[MaxTrialsCallback(10)])


def train_two_at_a_time():
    study = optuna.create_study(storage="sqlite:///two.db", study_name="two", load_if_exists=True)
    workers = [multiprocessing.Process(target=_work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return study.best_params


def try_a_guess_first():
    study = optuna.create_study()
    study.enqueue_trial({"lr": 0.1})
    study.optimize(lambda trial: loss(_lr(trial)), n_trials=10)
    return study.best_params


def weigh_two_objectives():
    def objective(trial):
        units = trial.suggest_int("units", 16, 256)
        return loss(_lr(trial), units=units), latency(units)

    study = optuna.create_study(directions=["minimize", "minimize"])
    study.optimize(objective, n_trials=15)
    return [trial.params for trial in study.best_trials]


def keep_to_a_limit():
    def objective(trial):
        units = trial.suggest_int("units", 16, 256)
        trial.set_user_attr("over", latency(units) - 8)
        return loss(_lr(trial), units=units)

    sampler = optuna.samplers.TPESampler(constraints_func=lambda trial: [trial.user_attrs["over"]])
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, n_trials=15)
    return study.best_params


def run_the_best_again_with_fresh_seeds():
    study = optuna.create_study()
    study.optimize(lambda trial: loss(_lr(trial), seed=trial.number), n_trials=10)
    best = sorted(study.trials, key=lambda trial: trial.value)[:3]
    means = [sum(loss(trial.params["lr"], seed=100 + seed) for seed in range(2)) / 2 for trial in best]
    return best[means.index(min(means))].params


def say_what_matters():
    study = optuna.create_study()
    study.optimize(lambda trial: loss(_lr(trial), units=trial.suggest_int("units", 16, 256)), n_trials=20)
    return optuna.importance.get_param_importances(study)


def end_at_a_goal_or_after_a_minute():
    def stop(study, trial):
        if study.best_value < 0.2:
            study.stop()

    study = optuna.create_study()
    study.optimize(lambda trial: loss(_lr(trial)), timeout=60, callbacks=[stop])
    return study.best_params
