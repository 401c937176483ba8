"""Claim: a trial in a worker's hands, and the checkpoint from which its training goes on."""

from __future__ import annotations

from typing import Any

import msgspec

from osetra.core.facts import Ordered, Values
from osetra.core.params import Config, Value


class Checkpoint(msgspec.Struct, frozen=True):
    """The checkpoint that an attempt goes on from; it was whole a moment ago."""

    file: str
    """Its path on this machine."""
    sha256: str
    instance: int
    step: int


class Claim(msgspec.Struct, frozen=True):
    """One attempt at a trial that a worker has just claimed, and how it begins."""

    trial: int
    attempt: int
    config: Config
    """The hyperparameters, active names only."""
    seed: int
    checkpoint: Checkpoint | None = None
    live: Values = {}
    """Values in force at its start instead of the configuration's."""
    until: int | None = None
    """The step at which it pauses when a checkpoint can be kept there."""
    orders: tuple[Ordered, ...] = ()
    """What was ordered before and nobody has obeyed yet."""
    latest_order: int = 0
    """Number of the last order before the claim."""
    meanings: dict[str, dict[str, Any]] = {}
    """What options that have a name stand for, by hyperparameter and name."""
    given_back: int = 0
    """How often the training gave the trial back before, without a checkpoint in between."""

    def meaning(self, name: str, value: Value) -> Any:
        """Return what a training gets for a hyperparameter's value: a tuple for its name."""
        named = self.meanings.get(name, {}) if isinstance(value, str) else {}
        return _as_tuple(named.get(str(value), value))


def _as_tuple(option: Any) -> Any:
    return tuple(map(_as_tuple, option)) if isinstance(option, (list, tuple)) else option
