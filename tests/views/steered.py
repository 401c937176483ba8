"""A hand-made log of a steered training, a stopped one and a paused one, for the views."""

from __future__ import annotations

from osetra.core.curves import Point
from osetra.core.facts import Checkpointed, Claimed, Obeyed, Ordered, Seen, Source, ended
from views.histories import WORKER, Book, descent


def nursery() -> Book:
    """Trial 1 was slowed, rolled back and runs; 2 was cut by a scheduler; 3 waits."""
    book = Book()
    book.note("steps", "20", "a full training has 20 steps", steps=20)
    one = book.claim(book.suggest({"lr": 0.3, "units": 32}))
    book.report(one, [*descent(2.3, 0.3, 0.5, 6), 0.9, 1.8])
    book.write(Checkpointed(1, 1, 0, 6, "trial-1-step-6.npz", 900, "x", 0.46))
    book.write(Ordered(1, 1, "set", {"lr": 0.2}, "ada", "person", "too fast"))
    book.write(Seen(1, 1), 0.1)
    book.write(Obeyed(1, 1, 1, 4, "done", "lr=0.2 after step 4", {"lr": 0.2}), 0.4)
    book.write(Ordered(1, 2, "rollback", {"step": 6, "lr": 0.06}, "", "autopilot", "the loss blew up to 1.8"))
    book.write(ended(1, 1, "rewound", None, "the loss blew up to 1.8"))
    book.write(Claimed(1, 2, WORKER, Source(1, 1, 0, 6), {"lr": 0.06}), 0.0)
    book.write(Obeyed(1, 2, 2, 6, "done", "goes on from step 6", {"lr": 0.06}), 0.0)
    book.points += [Point(1, 2, 0, s, "val_loss", v) for s, v in enumerate(descent(0.45, 0.2, 0.4, 4), 7)]
    book.write(Ordered(1, 3, "scale", {"units": 2.0}, "bob"))
    book.write(Obeyed(1, 3, 2, 9, "refused", "units cannot be changed while this training runs"), 0.0)
    cut = book.claim(book.suggest({"lr": 0.001, "units": 16}))
    book.report(cut, descent(2.3, 0.7, 0.2, 9))
    why = "stopped at step 9: val_loss 1.02, cut 0.74, rank 14 of 18"
    book.write(Ordered(2, 1, "stop", {}, "asha", "scheduler", why))
    book.write(ended(2, 1, "stopped", 1.02, why), 1.0)
    waiting = book.claim(book.suggest({"lr": 0.01, "units": 64}))
    book.report(waiting, descent(2.3, 0.2, 0.4, 5))
    book.write(ended(3, 1, "paused", 0.62, "waits at step 5"))
    return book
