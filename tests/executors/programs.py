"""Programs that tests start and kill: `python programs.py NAME URL TRIALS WORKERS`."""

import os
import signal
import sys
import time

import osetra as ose

SPACE = ose.Space(x=ose.Float(0, 1))
RATES = ose.Space(lr=ose.Float(1e-4, 0.5, scale="log", default=0.01))


def short(run):
    for step in run.steps(3):
        time.sleep(0.005)
        run.report(loss=run.config["x"] + 1 / step)
    return run.config["x"]


def descent(x, lr):
    """One step of gradient descent on x², with a kink so that the order of rates matters."""
    return x - lr * 2 * x + 0.01 * lr


def steady(run):
    """A training whose every number follows from the learning rates in force."""
    state = run.restore() or {"x": 1.0}
    x = state["x"]
    for _ in run.steps(10**6):
        x = descent(x, run.live("lr"))
        time.sleep(0.004)
        run.report(loss=abs(x), lr=run.live("lr"))
        run.checkpoint(lambda: {"x": x})


def endless(run):
    for _ in run.steps(10**6):
        time.sleep(0.02)
        run.report(loss=1.0)


def deaf(run):
    time.sleep(1000)


def trouble(run):
    """Every third trial fares badly in a way of its own."""
    match run.trial:
        case 1:
            raise ValueError("bad shape")
        case 2:
            sys.exit(3)
        case 3:
            os.kill(os.getpid(), signal.SIGSEGV)
        case 4:
            os._exit(7)
        case 5:
            os.abort()
    return run.config["x"]


def main(name, url, trials, workers):
    space = RATES if name == "steady" else SPACE
    study = ose.Study(url, space, minimize="loss", searcher="random", scheduler="full")
    often = ose.Checkpoints(every=0.02)
    executor = ose.Processes(int(workers))
    study.run(globals()[name], trials=int(trials), executor=executor, checkpoints=often)


if __name__ == "__main__":
    main(*sys.argv[1:])
