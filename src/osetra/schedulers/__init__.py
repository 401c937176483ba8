"""Schedulers: how long to train, one file each."""

from osetra.core.ports import Scheduler
from osetra.schedulers.full import Full


def by_name(name: str) -> Scheduler:
    """Return a scheduler."""
    return Full()
