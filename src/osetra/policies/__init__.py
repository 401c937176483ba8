"""Policies: what to start, go on with and stop; a searcher and a scheduler in one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from osetra.core.ports import Policy, Scheduler, Searcher
from osetra.errors import StudyError, nearest

__all__ = ["FUSED", "by_names", "check_name"]

FUSED: dict[str, tuple[str, str]] = {
    "pbt": ("pbt.Pbt", "a population; the worst go on as changed copies of the best"),
    "freeze_thaw": ("freeze_thaw.FreezeThaw", "all wait after each unit; the best by extrapolation goes on"),
}
"""Module and class of the policies that search and schedule in one, and what each does."""


def check_name(name: str) -> None:
    """Check that a scheduler or a policy has this name.

    Raises:
        StudyError: none has; the nearest one is suggested.
    """
    from osetra.schedulers import DESCRIPTIONS

    known = (*DESCRIPTIONS, *FUSED)
    if name not in known:
        raise StudyError(f"{name!r}: no such scheduler; known: {', '.join(known)}.{nearest(name, known)}")


def by_names(searcher: Searcher, scheduler: str | Scheduler | Policy) -> Policy:
    """Return the policy of a searcher with a scheduler, given by name or as an object.

    Raises:
        StudyError: no scheduler has that name; the nearest one is suggested.
    """
    from osetra.policies.paired import Paired
    from osetra.schedulers import by_name

    if isinstance(scheduler, str):
        check_name(scheduler)
        if scheduler in FUSED:
            module, _, kind = FUSED[scheduler][0].partition(".")
            create = cast(Callable[..., Policy], getattr(import_module(f"osetra.policies.{module}"), kind))
            return create(searcher)
        scheduler = by_name(scheduler)
    if hasattr(scheduler, "plan"):
        return cast(Policy, scheduler)
    return Paired(searcher, scheduler)
