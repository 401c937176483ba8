"""Checksums: whether the weights, and the parts of a card that answers rest on, are as they were saved.

They find slips, and no malice: whoever changes a card can work them out again. A stranger's card is looked
at as any other, with or without them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_STRUCTURE = ("kind", "members", "architecture")
_DECISION = ("threshold", "residuals", "inputs")
"""What of the card itself takes part in answers: the way from shares to classes, intervals, warnings."""


def checksums_of(state: Mapping[str, Any]) -> dict[str, str]:
    """Return the checksum of each part of a card's state, which is plain JSON."""
    card = state.get("card")
    card = card if isinstance(card, Mapping) else {}
    parts = {
        "architecture": [state.get(name) for name in _STRUCTURE],
        "preparation": state.get("preparation"),
        "decision": [card.get(name) for name in _DECISION],
    }
    return {name: _checksum(part) for name, part in parts.items()}


def changed_parts(state: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which parts are not as they were saved; none of a card without checksums, as older ones are."""
    if "checksums" not in state:
        return ()
    known, found = state["checksums"], checksums_of(state)
    if not isinstance(known, Mapping):
        return ("checksums",)
    return tuple(name for name, each in found.items() if known.get(name) != each)


def checksum_of_file(path: Path) -> str:
    """Return the checksum of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checksum(part: Any) -> str:
    try:
        text = json.dumps(part, sort_keys=True, separators=(",", ":"))
    except RecursionError:  # nothing that was saved is so deep
        return ""
    return hashlib.sha256(text.encode()).hexdigest()
