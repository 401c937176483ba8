"""Schedulers: how long to train, one file each, found by name and loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from osetra.core.ports import Scheduler
from osetra.errors import StudyError, nearest

__all__ = ["DESCRIPTIONS", "by_name"]

_TABLE: dict[str, tuple[str, str]] = {
    "auto": ("auto.Auto", "the recommended one: short trainings first, ever longer ones for the best"),
    "asha": ("asha.ASHA", "asynchronous successive halving: one of three goes on at every rung"),
    "hyperband": (
        "hyperband.Hyperband",
        "halving at several paces at once, as a hedge",
    ),
    "median": ("median.Median", "stops what is worse than the others were on average; needs no checkpoints"),
    "patience": ("patience.Patience", "ends each training by itself once it improves no more"),
    "full": ("full.Full", "trains everything to its end"),
}
"""Module and class of every scheduler, and what it does. Imported on demand."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType({name: text for name, (_, text) in _TABLE.items()})
"""What every scheduler does, in one line, by name."""


def by_name(name: str) -> Scheduler:
    """Return the scheduler of a name with its default settings.

    Raises:
        StudyError: no scheduler has that name; the nearest one is suggested.
    """
    if name not in _TABLE:
        raise StudyError(
            f"{name!r}: no such scheduler; known: {', '.join(_TABLE)}.{nearest(str(name), _TABLE)}"
        )
    module, _, kind = _TABLE[name][0].partition(".")
    create = cast(Callable[[], Scheduler], getattr(import_module(f"osetra.schedulers.{module}"), kind))
    return create()
