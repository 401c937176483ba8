"""Finding: one piece of advice with its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Plain advice that the data backs."""

    rule: str
    """Name of the rule that fired, for tests and for switching it off."""
    level: Literal["info", "advice", "warning"]
    text: str
    """What was seen, in one sentence a person acts on."""
    action: str = ""
    """What to do about it, ready to be typed when there is something to type."""
