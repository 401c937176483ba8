"""The simulator: whole studies with many mishaps, on a virtual clock, in milliseconds.

    outcome = simulate(seed)                                   # in memory
    outcome = simulate(seed, lambda clock: MyStore(path, clock=clock))
    assert not outcome.violations

What runs is the real code: the loop with its planner, the supervisors, the training processes' run
and steering, claims, recorders, the reaper, and the store. Only what the operating system does is played
by `world`: processes, pipes, clocks. Every call of the store and every message is a point where the
scheduler may let others come first, delay a process, stall it beyond its lease, kill it, set the
clock, fill the disk, or lose the reply of a call that took effect (the caller then fails, or asks
again). The trainings are exact: their curves are computed again from the lineage alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from osetra.core.curves import Point
from osetra.core.facts import Entry, key
from osetra.core.history import History
from osetra.core.invariants import violations
from osetra.core.lineage import pieces
from osetra.core.ports import Store
from osetra.core.trial import ENDED, Trial
from osetra.executors import leases
from osetra.stores.clock import Clock
from osetra.stores.memory import MemoryStore
from osetra.testing.rig.ledger import Ledger
from osetra.testing.rig.story import HOSTS, STEPS, Factory, Story, descent
from osetra.testing.rig.virtual import virtual
from osetra.testing.rig.world import Chances, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one story."""

    violations: tuple[str, ...]
    """What must not be; empty in a sound system."""
    points: int
    """Places where the scheduler could have let another process come first."""
    switches: int
    """How often it did."""
    kills: int
    seconds: float
    """Virtual."""
    facts: int
    finished: int


def simulate(
    seed: int,
    make: Factory | None = None,
    *,
    trials: int = 3,
    scheduler: str = "full",
    chances: Chances | None = None,
) -> Outcome:
    """Tell the story that a seed stands for, and check what it leaves behind.

    Args:
        seed: decides everything.
        make: opens the log, empty at first; in memory when left out.
        trials: how many the study is to have; people's branches come on top.
        scheduler: name of the scheduler.
        chances: how likely mishaps are.
    """
    world = World(seed, chances or Chances(), stall=2 * leases.LEASE)
    if make is None:
        shared = MemoryStore(clock=Clock(world.time, world.monotonic))

        def make(clock: Clock) -> Store:
            return shared

    story = Story(world, make, trials, scheduler)
    with virtual(world, story):
        world.start("director", HOSTS[0], story.direct)
        world.run()
    store = make(Clock(world.time, world.monotonic))
    entries, (points, cursor) = store.read(), store.read_points()
    history = History().extend(entries, points, cursor)
    found = [*world.broken, *story.ledger.wrong]
    found += [violation.text for violation in violations(entries, points) if violation.grave]
    found += _wrong(entries, history, story.ledger, set(points))
    store.close()
    return Outcome(
        violations=tuple(found),
        points=world.points,
        switches=world.switches,
        kills=world.kills,
        seconds=world.now,
        facts=len(entries),
        finished=len(history.finished),
    )


def _wrong(entries: Sequence[Entry], history: History, ledger: Ledger, points: set[Point]) -> Iterator[str]:
    """Say what is wrong with a study that has come to its end."""
    known = {key(entry.fact): entry.fact for entry in entries}
    for name, fact in ledger.facts.items():
        if known.get(name) != fact:
            yield f"{name} was accepted and is lost"
    if missing := ledger.points - points:
        yield f"{len(missing)} accepted points are lost, such as {min(missing)}"
    for trial in history.trials.values():
        if trial.state not in ENDED:
            yield f"trial {trial.number} never ended: {trial.state}"
        yield from _wrong_curve(history, trial)


def _wrong_curve(history: History, trial: Trial) -> Iterator[str]:
    """Compare what was reported with what follows from the values in force."""
    steps, losses = history.curve(trial, "loss")
    rates = {piece.after: piece.values["lr"] for piece in pieces(history.trials, trial)}
    x, lr, expected = 1.0, rates.get(0), []
    for step in range(len(steps)):
        lr = rates.get(step, lr)
        x = descent(x, float(lr))  # type: ignore[arg-type]
        expected.append(abs(x))
    if steps.tolist() != list(range(1, len(steps) + 1)):
        yield f"trial {trial.number}: the curve has the steps {steps.tolist()}"
    elif losses.tolist() != expected:
        yield f"trial {trial.number}: the curve does not follow from the values in force"
    if trial.state == "finished" and (trial.value != min(losses, default=None)):
        yield f"trial {trial.number}: the value is not that of its curve"
    stopped = any(order.verb == "stop" for order in trial.orders)
    if trial.state == "finished" and not stopped and len(steps) != STEPS:
        yield f"trial {trial.number} finished after {len(steps)} of {STEPS} steps"
