"""Entry: one hyperparameter of a known search space, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osetra.core.params import Fixed, Param, Value, default_of
from osetra.core.space import Space
from osetra.core.text import format_param

TIERS: dict[int, str] = {
    1: "the learning rate: nothing matters more",
    2: "what usually matters next: optimizer state, batch, width, decay",
    3: "what often matters: depth, activation, regularisation, schedule",
    4: "what rarely matters: leave it alone unless there is budget to spare",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A hyperparameter: where to search, how much it matters, and who says so."""

    name: str
    params: tuple[Param, ...]
    """One, or several whose conditions exclude each other."""
    tier: int
    """1 (always tuned) … 4 (only with many trials)."""
    live: bool
    """Whether a network that is being trained can take another value; structure cannot change."""
    help: str
    source: str
    """Where range and default come from."""

    @property
    def fixed(self) -> tuple[Fixed, ...]:
        """The entry held at its defaults, branch by branch."""
        return tuple(Fixed(default_of(param), when=param.when) for param in self.params)

    @property
    def defaults(self) -> tuple[Value, ...]:
        """The default of each branch."""
        return tuple(default_of(param) for param in self.params)

    @property
    def text(self) -> tuple[str, ...]:
        """The readable form of each branch, as on the command line."""
        return tuple(format_param(param) for param in self.params)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A known search space: the entries of one kind of network, most important first."""

    name: str
    about: str
    entries: tuple[CatalogueEntry, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The hyperparameters."""
        return tuple(entry.name for entry in self.entries)

    @property
    def space(self) -> Space:
        """The full space, everything searched."""
        return Space({entry.name: list(entry.params) for entry in self.entries})

    def changeable(self, config: Mapping[str, Value]) -> tuple[str, ...]:
        """Return what can change in a training with this configuration: not what its optimizer lacks.

        A condition on what is itself live may come true while the training runs, so it does not count.
        """
        lasting = {
            entry.name: config.get(entry.name, entry.defaults[0]) for entry in self.entries if not entry.live
        }
        return tuple(
            entry.name
            for entry in self.entries
            if entry.live and any(_can_hold(p, lasting) for p in entry.params)
        )


def _can_hold(param: Param, lasting: Mapping[str, Value]) -> bool:
    return all(lasting[name] in allowed for name, allowed in param.when if name in lasting)
