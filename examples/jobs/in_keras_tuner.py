"""Thirteen jobs in KerasTuner 1, as far as it does them."""

import keras_tuner
from toy import EPOCHS, loss

OPTIONS = {"max_trials": 10, "directory": "kt", "overwrite": True}


def _lr(hp):
    return hp.Float("lr", 1e-4, 1, sampling="log")


def search_on_a_log_scale():
    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial):
            return loss(_lr(trial.hyperparameters))

    tuner = Tuner(**OPTIONS, project_name="log")
    tuner.search()
    return tuner.get_best_hyperparameters()[0].values


def search_momentum_as_one_minus_beta():
    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial):
            hp = trial.hyperparameters
            return loss(_lr(hp), hp.Float("momentum", 0.5, 0.99, sampling="reverse_log"))

    tuner = Tuner(**OPTIONS, project_name="beta")
    tuner.search()
    return tuner.get_best_hyperparameters()[0].values


def search_what_depends_on_an_option():
    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial):
            hp = trial.hyperparameters
            hp.Choice("optimizer", ["sgd", "adam"])
            momentum = hp.Float("momentum", 0.5, 0.99, parent_name="optimizer", parent_values=["sgd"])
            return loss(_lr(hp), momentum or 0)

    tuner = Tuner(**OPTIONS, project_name="option")
    tuner.search()
    return tuner.get_best_hyperparameters()[0].values


def stop_hopeless_trainings():
    class Tuner(keras_tuner.Hyperband):
        def run_trial(self, trial):
            hp = trial.hyperparameters
            return loss(_lr(hp), epoch=hp.values["tuner/epochs"])

    _lr(space := keras_tuner.HyperParameters())  # it has to know of one before its first trial
    place = {"directory": "kt", "overwrite": True, "project_name": "hyperband"}
    tuner = Tuner(max_epochs=EPOCHS, hyperparameters=space, **place)
    tuner.search()
    return tuner.get_best_hyperparameters()[0].values


def go_on_with_a_search():
    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial):
            return loss(_lr(trial.hyperparameters))

    tuner = Tuner(max_trials=10, directory="kt", project_name="search")
    tuner.search()
    return tuner.get_best_hyperparameters()[0].values


def try_a_guess_first():
    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial):
            return loss(trial.hyperparameters.Float("lr", 1e-4, 1, sampling="log", default=0.1))

    tuner = Tuner(**OPTIONS, project_name="guess")
    tuner.search()
    return tuner.get_best_hyperparameters()[0].values


def run_the_best_again_with_fresh_seeds():
    class Tuner(keras_tuner.BayesianOptimization):
        def run_trial(self, trial):
            return loss(_lr(trial.hyperparameters), seed=int(trial.trial_id))

    tuner = Tuner(**OPTIONS, project_name="seeds")
    tuner.search()
    best = [hp.values for hp in tuner.get_best_hyperparameters(3)]
    means = [sum(loss(values["lr"], seed=100 + seed) for seed in range(2)) / 2 for values in best]
    return best[means.index(min(means))]
