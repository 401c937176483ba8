"""Thirteen jobs in Ray Tune 2, as far as it does them."""

import json
import tempfile
from pathlib import Path

from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.basic_variant import BasicVariantGenerator
from toy import EPOCHS, loss

LR = tune.loguniform(1e-4, 1)


def search_on_a_log_scale():
    config = tune.TuneConfig(metric="loss", mode="min", num_samples=10)
    tuner = tune.Tuner(lambda c: {"loss": loss(c["lr"])}, param_space={"lr": LR}, tune_config=config)
    return tuner.fit().get_best_result().config


def search_momentum_as_one_minus_beta():
    config = tune.TuneConfig(metric="loss", mode="min", num_samples=10)
    space = {"lr": LR, "rest": tune.loguniform(0.01, 0.5)}
    tuner = tune.Tuner(
        lambda c: {"loss": loss(c["lr"], 1 - c["rest"])}, param_space=space, tune_config=config
    )
    best = tuner.fit().get_best_result().config
    return best | {"momentum": 1 - best["rest"]}


def search_what_depends_on_an_option():
    config = tune.TuneConfig(metric="loss", mode="min", num_samples=10)
    sgd, adam = {"name": "sgd", "momentum": tune.uniform(0.5, 0.99)}, {"name": "adam", "momentum": 0}
    space = {"lr": LR, "optimizer": tune.choice([sgd, adam])}
    tuner = tune.Tuner(
        lambda c: {"loss": loss(c["lr"], c["optimizer"]["momentum"])}, param_space=space, tune_config=config
    )
    return tuner.fit().get_best_result().config


def stop_hopeless_trainings():
    def train(config):
        for epoch in range(1, EPOCHS + 1):
            tune.report({"loss": loss(config["lr"], epoch=epoch)})

    config = tune.TuneConfig(metric="loss", mode="min", num_samples=20, scheduler=ASHAScheduler())
    tuner = tune.Tuner(train, param_space={"lr": LR}, tune_config=config)
    return tuner.fit().get_best_result().config


def go_on_in_the_middle_of_a_training():
    def train(config):
        state, checkpoint = {"epoch": 0, "weights": 0.0}, tune.get_checkpoint()
        if checkpoint:
            with checkpoint.as_directory() as folder:
                state = json.loads(Path(folder, "state.json").read_text())
        for epoch in range(state["epoch"] + 1, EPOCHS + 1):
            state = {"epoch": epoch, "weights": state["weights"] + config["lr"]}
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "state.json").write_text(json.dumps(state))
                kept = tune.Checkpoint.from_directory(folder)
                tune.report({"loss": loss(config["lr"], epoch=epoch)}, checkpoint=kept)

    place = Path("middle").resolve()
    if tune.Tuner.can_restore(place):
        tuner = tune.Tuner.restore(str(place), train, resume_unfinished=True)
    else:
        tuner = tune.Tuner(
            train,
            param_space={"lr": LR},
            tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=10),
            run_config=tune.RunConfig(name="middle", storage_path=str(place.parent)),
        )
    return tuner.fit().get_best_result().config


def go_on_with_a_search():
    def train(config):
        return {"loss": loss(config["lr"])}

    place = Path("search").resolve()
    if tune.Tuner.can_restore(place):
        tuner = tune.Tuner.restore(str(place), train, resume_unfinished=True)
    else:
        tuner = tune.Tuner(
            train,
            param_space={"lr": LR},
            tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=10),
            run_config=tune.RunConfig(name="search", storage_path=str(place.parent)),
        )
    return tuner.fit().get_best_result().config


def train_two_at_a_time():
    config = tune.TuneConfig(metric="loss", mode="min", num_samples=10, max_concurrent_trials=2)
    tuner = tune.Tuner(lambda c: {"loss": loss(c["lr"])}, param_space={"lr": LR}, tune_config=config)
    return tuner.fit().get_best_result().config


def try_a_guess_first():
    guesses = BasicVariantGenerator(points_to_evaluate=[{"lr": 0.1}])
    config = tune.TuneConfig(metric="loss", mode="min", num_samples=10, search_alg=guesses)
    tuner = tune.Tuner(lambda c: {"loss": loss(c["lr"])}, param_space={"lr": LR}, tune_config=config)
    return tuner.fit().get_best_result().config


def run_the_best_again_with_fresh_seeds():
    def train(config):
        return {"loss": loss(config["lr"], seed=config["seed"])}

    config = tune.TuneConfig(metric="loss", mode="min", num_samples=10)
    space = {"lr": LR, "seed": tune.randint(0, 2**31)}
    results = list(tune.Tuner(train, param_space=space, tune_config=config).fit())
    best = [r.config["lr"] for r in sorted(results, key=lambda r: r.metrics["loss"])[:3]]
    again = {"lr": tune.grid_search(best), "seed": tune.grid_search([1, 2])}
    frame = tune.Tuner(train, param_space=again).fit().get_dataframe()
    return {"lr": frame.groupby("config/lr")["loss"].mean().idxmin()}


def end_at_a_goal_or_after_a_minute():
    def stop(trial, result):
        stop.reached |= result["loss"] < 0.2
        return stop.reached

    stop.reached = False
    config = tune.TuneConfig(metric="loss", mode="min", num_samples=-1, time_budget_s=60)
    tuner = tune.Tuner(
        lambda c: {"loss": loss(c["lr"])},
        param_space={"lr": LR},
        tune_config=config,
        run_config=tune.RunConfig(stop=stop),
    )
    return tuner.fit().get_best_result().config
