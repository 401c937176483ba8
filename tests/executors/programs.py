"""Programs that tests start and kill: `python programs.py NAME URL TRIALS WORKERS`."""

import os
import signal
import sys
import time

import osetra as ose

SPACE = ose.Space(x=ose.Float(0, 1))


def short(run):
    for step in run.steps(3):
        time.sleep(0.005)
        run.report(loss=run.config["x"] + 1 / step)
    return run.config["x"]


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
    study = ose.Study(url, SPACE, minimize="loss", searcher="random")
    study.run(globals()[name], trials=int(trials), executor=ose.Processes(int(workers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
