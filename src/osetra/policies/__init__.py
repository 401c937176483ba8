"""Policies: what to start, go on with and stop; a searcher and a scheduler in one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from osetra.core.ports import Policy, Scheduler, Searcher
from osetra.core.registry import Registry, check_name
from osetra.errors import StudyError
from osetra.schedulers import SCHEDULERS

__all__ = ["DESCRIPTIONS", "POLICIES", "by_names", "check_serves"]

POLICIES: Registry[Policy] = Registry(
    "policy",
    __name__,
    {
        "pbt": (
            "pbt:Pbt",
            "a population; the worst go on as changed copies of the best",
        ),
        "freeze_thaw": (
            "freeze_thaw:FreezeThaw",
            "all wait after each unit; the best by extrapolation goes on",
        ),
    },
)
"""The policies that search and schedule in one; each is built with a searcher."""

DESCRIPTIONS: Mapping[str, str] = MappingProxyType({**SCHEDULERS, **POLICIES})
"""Everything that can be asked for as a scheduler, and what it does in one line, by name."""


def by_names(searcher: Searcher, scheduler: str | Scheduler | Policy) -> Policy:
    """Return the policy of a searcher with a scheduler, given by name or as an object.

    Raises:
        StudyError: no scheduler has that name; the nearest one is suggested.
    """
    from osetra.policies.paired import Paired

    if isinstance(scheduler, str):
        check_name("scheduler", scheduler, DESCRIPTIONS)
        known = scheduler in POLICIES
        scheduler = POLICIES.build(scheduler, searcher) if known else SCHEDULERS.build(scheduler)
    return scheduler if isinstance(scheduler, Policy) else Paired(searcher, scheduler)


def check_serves(name: str, *, several: bool) -> None:
    """Make sure that a scheduler can compare trials by several objectives, where there are several.

    Raises:
        StudyError: it goes by one.
    """
    if several and name in POLICIES:
        raise StudyError(
            f"{name} goes by one objective, and the study has several; take scheduler='auto', 'asha', "
            "'hyperband' or 'median', which compare by all of them, or 'full'"
        )
