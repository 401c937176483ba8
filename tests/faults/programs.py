"""Trainings that end in every way, for the fault matrix."""

import os
import signal
import subprocess
import sys
import time

import osetra as ose
from executors.programs import SPACE
from osetra.command import CommandTraining

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


SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(1000)"]


def with_loaders(run):
    """Train with four helper processes that never end by themselves, two of them in sessions of their own."""
    for own in (True, False, True, False):
        subprocess.Popen(SLEEP, start_new_session=own)
    for _ in run.steps(10**6):
        time.sleep(0.02)
        run.report(loss=1.0)


with_program = CommandTraining(
    ("/bin/sh", "-c", "sleep 1000 & setsid sleep 1000 & echo loss=1.0; exec sleep 1000"), "."
)
"""A program that starts two others, one in a session of its own, and never ends."""


def main(name, url, trials, workers):
    study = ose.Study(url, SPACE, minimize="loss", searcher="random", scheduler="full")
    study.run(globals()[name], trials=int(trials), executor=ose.Processes(int(workers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
