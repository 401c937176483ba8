"""A short life of a study, call by call, for tests that end it or its disk at every place."""

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Claimed, Obeyed, Opened, Ordered, Suggested, Worker, ended

WORKER = Worker("host", "boot", 1, 0.0)


def calls(trials=1):
    """Return what is appended, call by call, as (facts, points)."""
    found = [([Opened({"lr": "log(0.1, 1)"}, "loss", "minimize", "best", 1)], [])]
    for trial in range(1, trials + 1):
        found += [
            ([Suggested(trial, {"lr": 0.5}, 1)], []),
            ([Claimed(trial, 1, WORKER)], []),
            ([], [Point(trial, 1, 0, step, "loss", 1.0 / step) for step in (1, 2)]),
            ([Checkpointed(trial, 1, 0, 2, "file", 1, "00", 0.5)], []),
            ([Ordered(trial, 1, "set", {"lr": 0.25})], []),
            ([Obeyed(trial, 1, 1, 3, "done", "", {"lr": 0.25})], [Point(trial, 1, 0, 3, "loss", 0.3)]),
            ([ended(trial, 1, "lost")], []),
            ([Claimed(trial, 2, WORKER)], []),
            ([ended(trial, 2, "finished", 0.25)], [Point(trial, 2, 0, 3, "loss", 0.25)]),
        ]
    return found


def prefix(store):
    """Return after how many whole calls a store is that holds nothing else; None when it is no prefix."""
    facts, points = [entry.fact for entry in store.read()], store.read_points()[0]
    for count in range(len(calls()) + 1):
        done = calls()[:count]
        if facts == [f for each, _ in done for f in each] and points == [p for _, each in done for p in each]:
            return count
    return None
