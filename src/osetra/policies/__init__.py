"""Policies: what to start, go on with and stop; a searcher and a scheduler in one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from osetra.core.ports import Policy, Scheduler, Searcher

__all__ = ["FUSED", "by_names"]

FUSED: dict[str, tuple[str, str]] = {
    "pbt": ("pbt.Pbt", "a population; the worst go on as changed copies of the best"),
    "freeze_thaw": ("freeze_thaw.FreezeThaw", "all wait after each unit; the best by extrapolation goes on"),
}
"""Module and class of the policies that search and schedule in one, and what each does."""


def by_names(searcher: Searcher, scheduler: str | Scheduler | Policy) -> Policy:
    """Return the policy of a searcher with a scheduler, given by name or as an object.

    Raises:
        StudyError: no scheduler has that name; the nearest one is suggested.
    """
    from osetra.policies.paired import Paired
    from osetra.schedulers import by_name

    if isinstance(scheduler, str):
        if scheduler in FUSED:
            module, _, kind = FUSED[scheduler][0].partition(".")
            create = cast(Callable[..., Policy], getattr(import_module(f"osetra.policies.{module}"), kind))
            return create(searcher)
        scheduler = by_name(scheduler)
    if hasattr(scheduler, "plan"):
        return cast(Policy, scheduler)
    return Paired(searcher, scheduler)
