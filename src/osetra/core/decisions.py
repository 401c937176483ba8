"""Decisions: what a searcher and a scheduler say, each with its reason in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from osetra.core.facts import Noted, Source
    from osetra.core.params import Config


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A configuration to try, why, and what the searcher wants remembered with it."""

    config: Config
    why: str = ""
    notes: tuple[Noted, ...] = ()
    until: int | None = None
    """The step at which the trial pauses when it can keep a checkpoint there."""
    parent: Source | None = None
    """The checkpoint of another trial to start from."""
    seed: int | None = None
    """Of the training; None is one of its own, by the number of the trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a scheduler wants of a trial, with its evidence in a sentence."""

    trial: int
    verb: Literal["stop", "pause", "resume", "extend", "rollback"]
    why: str
    until: int | None = None
    """resume, extend, rollback: the step at which it pauses next; None runs it to its end."""
    args: Mapping[str, Any] = field(default_factory=dict)
    """rollback: the trial and step to copy, and the values to go on with."""
