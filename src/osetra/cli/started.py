"""Started: when this process began, which is before any of its Python code ran.

Minutes are counted for the whole command, and on a busy machine Python and its imports take seconds of them.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

MOST = 60.0
"""Seconds from which on what imported the command line is no command, but a program that has long run."""


def begun() -> float:
    """Return the moment on the monotonic clock when this process began, or now where nobody tells."""
    now = time.monotonic()
    try:
        stat = Path("/proc/self/stat").read_text()
        age = age_of(stat, time.clock_gettime(time.CLOCK_BOOTTIME), os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError, ValueError, IndexError):  # another system than Linux
        return now
    return now - age if 0 <= age <= MOST else now


def age_of(stat: str, uptime: float, ticks: int) -> float:
    """Return for how many seconds a process has run, by /proc/PID/stat and the seconds since boot."""
    # The second field is a name in brackets, which may hold spaces and brackets.
    return uptime - int(stat.rpartition(")")[2].split()[19]) / ticks
