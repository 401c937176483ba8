"""Finding: one piece of advice with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, Literal

from osetra.core.clean import one_line
from osetra.core.facts import Verb
from osetra.core.markup import items

Level = Literal["info", "advice", "warning"]
MARKS: dict[Level, str] = {"info": "·", "advice": "→", "warning": "!"}
NOTHING = "no advice yet"
WIDEST = 120
"""Columns of a terminal that advice takes at most: longer lines are hard to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What follows a piece of advice at once: an order, a configuration to queue, or another total."""

    text: str
    """What it does, as a button says it."""
    verb: Verb | Literal["enqueue", "target"]
    """An order; "enqueue" with a configuration as arguments; "target" with the number of `trials`."""
    trial: int | None = None
    """Whose order it is."""
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Plain advice that the data backs."""

    rule: str
    """Name of the rule that fired, for tests and for switching it off."""
    level: Level
    text: str
    """What was seen, in one sentence a person acts on."""
    action: str = ""
    """What to do about it, ready to be typed when there is something to type."""
    move: Move | None = None
    """The same as something that a program can do at once; None where it takes more than that."""

    def __str__(self) -> str:
        action = f"\n  {one_line(self.action)}" if self.action else ""
        return f"{MARKS[self.level]} {one_line(self.text)}{action}"


class Findings(list[Finding]):
    """Findings that a person can read as they are printed."""

    def __str__(self) -> str:
        return "\n".join(_folded(finding) for finding in self) or NOTHING

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return items((f"{MARKS[f.level]} {f.text}", f.action) for f in self) if self else NOTHING


def _folded(finding: Finding) -> str:
    """Return a finding with its sentence folded between words; what is to be typed stays on its line."""
    sentence, *action = str(finding).split("\n")
    width = max(40, min(WIDEST, get_terminal_size().columns)) - 1  # a terminal breaks lines within words
    return "\n".join([*wrap(sentence, width, subsequent_indent="  ", break_on_hyphens=False), *action])
