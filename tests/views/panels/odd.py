"""Studies in bad states: no panel may raise on any of them."""

from __future__ import annotations

import math
from collections.abc import Callable

from osetra.core.facts import Claimed, Noted, Obeyed, Ordered, Seen, Source, Suggested, ended
from osetra.core.history import History
from osetra.core.params import Choice, Float, Int, Ordinal
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import WORKER, Log

SPACE = Space(
    lr=Float(1e-4, 1, scale="log"),
    optimizer=Choice("sgd", "adam"),
    momentum=Float(0.5, 0.995, scale="one_minus_log", when={"optimizer": "sgd"}),
    batch=Ordinal(16, 32, 64),
    layers=Int(1, 6),
    width=64,
)
PROBLEM = Problem(SPACE, Objective(metric="val_loss"))
ODD_NAME = "<b>&amp;</b><script>" + "n" * 1_000
ODD_METRIC = "<img src=x onerror=alert(1)> " + "n" * 1_000

Study = tuple[Problem, History]


def empty() -> Study:
    return PROBLEM, Log(PROBLEM).history


def unopened() -> Study:
    return PROBLEM, History()


def queued_only() -> Study:
    log = Log(PROBLEM, target=5)
    log.queue()
    return PROBLEM, log.history


def failed_only() -> Study:
    log = Log(PROBLEM)
    for _ in range(5):
        log.run({"lr": 0.01}, None)
    return PROBLEM, log.history


def nan_curves() -> Study:
    log = Log(PROBLEM)
    for _ in range(20):
        trial = log.start({"lr": 0.5})
        log.report(trial, "val_loss", [math.nan] * 5)
        log.end(trial, "diverged", math.nan, "the loss is not finite any more")
    log.report(log.start(), "val_loss", [math.nan, math.inf, -math.inf])
    return PROBLEM, log.history


def one_trial() -> Study:
    log = Log(PROBLEM)
    trial = log.start()
    log.report(trial, "val_loss", [3.0, 2.0, 1.0])
    log.report(trial, "train_loss", [2.5, 1.5, 0.5])
    log.end(trial, "finished", 1.0)
    return PROBLEM, log.history


def one_step() -> Study:
    log = Log(PROBLEM)
    for value in (3.0, 2.0, 5.0, 1.0):
        log.report(trial := log.start(), "val_loss", [value])
        log.end(trial, "finished", value)
    return PROBLEM, log.history


def huge_values() -> Study:
    log = Log(PROBLEM)
    for n in range(30):
        top = 1e308 if n % 2 else -1e308
        log.report(trial := log.start({"lr": 10 ** (-4 + n / 10)}), "val_loss", [top, -top, top])
        log.end(trial, "finished", top)
        if n < 4:
            log.run({"lr": 10 ** (-4 + n / 10)}, -top, repeats=trial)
    return PROBLEM, log.history


def many_parameters() -> Study:
    space = Space({f"x{i}": Float(0, 1) for i in range(199)} | {ODD_NAME: Choice(*map(str, range(100)))})
    problem = Problem(space, Objective(metric="acc", direction="maximize"))
    log = Log(problem)
    for n in range(20):
        config = {f"x{i}": ((n * 7 + i * 13) % 101) / 100 for i in range(199)}
        log.run({**config, ODD_NAME: str(n)}, n / 20)
    return problem, log.history


def odd_names() -> Study:
    problem = Problem(Space({ODD_NAME: Float(0, 1), "trial": Float(0, 1)}), Objective(metric=ODD_METRIC))
    log = Log(problem)
    for n in range(16):
        log.report(trial := log.start({ODD_NAME: n / 16}), ODD_METRIC, [n + 1.0, n + 0.5])
        log.report(trial, f"{ODD_METRIC} 2", [n + 1.0, n + 0.5])
        log.end(trial, "finished", n + 0.5, "<script>alert(1)</script>\u202e\x1b[31m")
    return problem, log.history


def folds() -> Study:
    log = Log(PROBLEM)
    for n in range(4):
        trial = log.start({"lr": 0.1 / (n + 1)})
        for fold in range(3):
            log.report(trial, "val_loss", [2.0 + fold, 1.0 + fold, 0.5 + fold + n][: 3 - (n == 3)], fold)
        log.end(trial, "finished", 1.5 + n)
    return PROBLEM, log.history


def steered() -> Study:
    """Paused, resumed, rewound, branched, stopped by a scheduler, an order nobody has seen."""
    log = Log(PROBLEM)
    log.write(Noted("steps", "9", "", {"steps": 9}))
    for n in range(6):
        log.trials += 1
        config = PROBLEM.space.complete({"lr": 10 ** (-1 - n / 2)})
        log.write(Suggested(log.trials, config, n, "searcher", "auto", "try it", until=3))
        log.write(Claimed(log.trials, 1, WORKER))
        log.report(log.trials, "val_loss", [3.0, 2.0 + n, 1.0 + n])
        log.write(ended(log.trials, 1, "paused", 1.0 + n))
    why = "goes on to step 9 from step 3: val_loss 1, cut 1, rank 1 of 6"
    log.write(Ordered(1, 1, "resume", {"until": None}, "asha", "scheduler", why))
    log.write(Obeyed(1, 1, 2, 3))
    log.write(Claimed(1, 2, WORKER, Source(1, 1, 0, 3)))
    why = "stopped at step 3: val_loss 6, cut 1, rank 6 of 6"
    log.write(Ordered(6, 1, "stop", {}, "asha", "scheduler", why))
    log.write(Ordered(1, 2, "set", {"lr": 0.001}, "ann"), Seen(1, 2), Ordered(1, 3, "stop", {}, "ann"))
    return PROBLEM, log.history


STUDIES: dict[str, Callable[[], Study]] = {
    made.__name__: made
    for made in (
        *(empty, unopened, queued_only, failed_only, nan_curves, one_trial, one_step, huge_values),
        *(many_parameters, odd_names, folds, steered),
    )
}
