"""osetra's own policies as a driver of the simulator."""

from __future__ import annotations

from mf_peers import Start


def available() -> dict[str, Start]:
    """Return our schedulers, by name."""
    return {}
