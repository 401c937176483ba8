"""Trainings that end in every way, for the fault matrix."""

import os
import signal
import subprocess
import sys
import time

import osetra as ose
from executors.programs import SPACE

ENDINGS = ("returns", "raises", "sys.exit", "segfault", "os._exit", "abort", "out of memory")


def any_ending(run):
    """End in the way that the trial's number says."""
    match ENDINGS[run.trial % len(ENDINGS)]:
        case "raises":
            raise ValueError("bad shape")
        case "sys.exit":
            sys.exit(3)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "os._exit":
            os._exit(7)
        case "abort":
            os.abort()
        case "out of memory":
            return len(bytearray(2**62))
    return run.config["x"]


def with_loaders(run):
    """Train with four helper processes that never end by themselves."""
    for _ in range(4):
        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(1000)"])
    for _ in run.steps(10**6):
        time.sleep(0.02)
        run.report(loss=1.0)


def main(name, url, trials, workers):
    study = ose.Study(url, SPACE, minimize="loss", searcher="random", scheduler="full")
    study.run(globals()[name], trials=int(trials), executor=ose.Processes(int(workers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
