"""Histories with curves: trials that wait, run and were stopped at a step."""

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Claimed, Ended, Noted, Obeyed, Ordered, Source
from osetra.core.params import Float
from osetra.core.ports import Budget
from osetra.core.problem import Objective, Problem
from osetra.core.space import Space
from osetra.testing.histories import WORKER, Log

STEPS = 27


def problem(direction="minimize", pick="best"):
    return Problem(Space(x=Float(0, 1)), Objective(metric="val_loss", direction=direction, pick=pick))


def log(asked=None):
    written = Log(asked or problem())
    written.write(Noted("steps", str(STEPS), "", {"steps": STEPS}))
    return written


def waiting(written, curve, by="scheduler"):
    """Write a trial that waits after a curve; by a person: because somebody paused it."""
    number = running(written, curve)
    written.write(Checkpointed(number, 1, 0, len(curve), "file", 1, ""))
    if by == "person":
        order(written, number, "pause", by="person")
    written.end(number, "paused", min(curve))
    return number


def running(written, curve, fold=0):
    number = written.start({"x": 0.5})
    written.report(number, "val_loss", curve, fold)
    return number


def ended(written, curve, outcome="finished"):
    number = running(written, curve)
    written.end(number, outcome, min(curve))
    return number


def order(written, number, verb, by="scheduler", **args):
    orders = written.history.trials[number].orders
    written.write(Ordered(number, len(orders) + 1, verb, args, "somebody", by, ""))


def waits(written, number):
    """Let a trial's latest attempt end at a checkpoint."""
    steps, values = written.history.curve(written.history.trials[number], "val_loss")
    attempt = len(written.history.trials[number].attempts)
    written.write(Checkpointed(number, attempt, 0, int(steps[-1]), "file", 1, ""))
    written.write(Ended(number, attempt, "paused", float(min(values))))


def goes_on(written, number, curve):
    """Write a second attempt from the checkpoint that a trial waits at."""
    last = written.history.trials[number].checkpoints[-1]
    attempt = len(written.history.trials[number].attempts) + 1
    source = Source(number, last.attempt, 0, last.step)
    written.write(Claimed(number, attempt, WORKER, source))
    pending = [o.number for o in written.history.trials[number].orders if o.pending]
    written.write(*(Obeyed(number, n, attempt, last.step) for n in pending))
    written.points += [
        Point(number, attempt, 0, last.step + i, "val_loss", v) for i, v in enumerate(curve, 1)
    ]


def budget(progress=0.0, *, closed=False, steps=STEPS):
    return Budget(steps=steps, progress=progress, open=not closed)


def judged(scheduler, written, number, at=None):
    history = written.history
    return scheduler.judge(written.problem, history, history.trials[number], at or budget(0.5))


def revived(scheduler, written, at=None):
    return list(scheduler.revive(written.problem, written.history, at or budget(0.5)))
