"""The store's clock: wall time for leases, watched by the monotonic clock.

A wall clock that jumps (time service, sleep of the machine) makes every lease look expired at once.
The two clocks then disagree, and for one lease nobody is given up: holders that live renew meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

JUMP = 5.0
"""Seconds by which the clocks may disagree between two looks."""
SUSPENSION = 60.0
"""Seconds without expiry after a jump: one lease."""


@dataclass(slots=True)
class Clock:
    """Tells the time, and whether it may be trusted to call a lease expired."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _seen: tuple[float, float] = field(init=False)
    _suspended_until: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        self._seen = (self.wall(), self.monotonic())

    def now(self) -> float:
        """Return Unix seconds."""
        return self.wall()

    def trusted(self) -> bool:
        """Whether leases may expire now; False for a while after the wall clock jumped."""
        wall, monotonic = self.wall(), self.monotonic()
        passed, elapsed = wall - self._seen[0], monotonic - self._seen[1]
        self._seen = (wall, monotonic)
        if abs(passed - elapsed) > JUMP:
            self._suspended_until = monotonic + SUSPENSION
        return monotonic >= self._suspended_until
