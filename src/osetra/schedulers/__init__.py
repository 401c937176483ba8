"""Schedulers: how long to train, one file each, found by name and loaded when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osetra.core.registry import Registry

if TYPE_CHECKING:
    from osetra.core.ports import Scheduler

__all__ = ["SCHEDULERS", "by_name"]

SCHEDULERS: Registry[Scheduler] = Registry(
    "scheduler",
    __name__,
    {
        "auto": (
            "auto:Auto",
            "the recommended one: short trainings first, ever longer ones for the best",
        ),
        "asha": (
            "asha:ASHA",
            "asynchronous successive halving: one of three goes on at every rung",
        ),
        "hyperband": (
            "hyperband:Hyperband",
            "halving at several paces at once, as a hedge",
        ),
        "median": (
            "median:Median",
            "stops what is worse than the others were on average; needs no checkpoints",
        ),
        "patience": (
            "patience:Patience",
            "ends each training by itself once it improves no more",
        ),
        "full": ("full:Full", "trains everything to its end"),
    },
)

by_name = SCHEDULERS.build
"""Return the scheduler of a name with its default settings."""
