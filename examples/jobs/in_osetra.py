"""Thirteen jobs in osetra."""

from toy import EPOCHS, latency, loss

import osetra as ose

LR = ose.Float(1e-4, 1, scale="log")


def search_on_a_log_scale():
    study = ose.Study(space=ose.Space(lr=LR), minimize="loss")
    study.run(lambda run: loss(run.config["lr"]), trials=10)
    return study.best.config


def search_momentum_as_one_minus_beta():
    space = ose.Space(lr=LR, momentum=ose.Float(0.5, 0.99, scale="one_minus_log"))
    study = ose.Study(space=space, minimize="loss")
    study.run(lambda run: loss(**run.config), trials=10)
    return study.best.config


def search_what_depends_on_an_option():
    momentum = ose.Float(0.5, 0.99, when={"optimizer": "sgd"})
    study = ose.Study(
        space=ose.Space(lr=LR, optimizer=ose.Choice("sgd", "adam"), momentum=momentum), minimize="loss"
    )
    study.run(lambda run: loss(run.config["lr"], run.config.get("momentum", 0)), trials=10)
    return study.best.config


def stop_hopeless_trainings():
    def train(run):
        for epoch in run.steps(EPOCHS):
            run.report(loss=loss(run.config["lr"], epoch=epoch))

    study = ose.Study(space=ose.Space(lr=LR), minimize="loss", scheduler="asha")
    study.run(train, trials=20)
    return study.best.config


def go_on_in_the_middle_of_a_training():
    def train(run):
        state = run.restore() or {"weights": 0.0}
        for epoch in run.steps(EPOCHS):
            state["weights"] += run.config["lr"]
            run.report(loss=loss(run.config["lr"], epoch=epoch))
            run.checkpoint(state)

    study = ose.Study("middle.db", ose.Space(lr=LR), minimize="loss")
    study.run(train, trials=10)
    return study.best.config


def go_on_with_a_search():
    study = ose.Study("search.db", ose.Space(lr=LR), minimize="loss")
    study.run(lambda run: loss(run.config["lr"]), trials=10)
    return study.best.config


def train_two_at_a_time():
    study = ose.Study("two.db", ose.Space(lr=LR), minimize="loss")
    study.run(lambda run: loss(run.config["lr"]), trials=10, workers=2)
    return study.best.config


def try_a_guess_first():
    study = ose.Study(space=ose.Space(lr=LR), minimize="loss")
    study.enqueue(lr=0.1)
    study.run(lambda run: loss(run.config["lr"]), trials=10)
    return study.best.config


def weigh_two_objectives():
    study = ose.Study(space=ose.Space(lr=LR, units=ose.Int(16, 256)), minimize=["loss", "ms"])
    study.run(lambda run: {"loss": loss(**run.config), "ms": latency(run.config["units"])}, trials=15)
    return [trial.config for trial in study.front]


def keep_to_a_limit():
    space = ose.Space(lr=LR, units=ose.Int(16, 256))
    study = ose.Study(space=space, minimize="loss", limits={"ms": "<= 8"})
    study.run(lambda run: {"loss": loss(**run.config), "ms": latency(run.config["units"])}, trials=15)
    return study.best.config


def run_the_best_again_with_fresh_seeds():
    study = ose.Study(space=ose.Space(lr=LR), minimize="loss")
    study.run(train := lambda run: loss(run.config["lr"], seed=run.seed), trials=10)
    return study.confirm(train, top=3, seeds=2).config


def say_what_matters():
    study = ose.Study(space=ose.Space(lr=LR, units=ose.Int(16, 256)), minimize="loss")
    study.run(lambda run: loss(**run.config), trials=20)
    return study.importance().shares


def end_at_a_goal_or_after_a_minute():
    study = ose.Study(space=ose.Space(lr=LR), minimize="loss")
    study.run(lambda run: loss(run.config["lr"]), minutes=1, until=0.2)
    return study.best.config
