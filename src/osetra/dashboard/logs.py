"""Logs: the end of what a trial's program wrote."""

from __future__ import annotations

import os
import stat

from osetra.core.clean import printable
from osetra.tuning.functions import program_logs
from osetra.tuning.locations import Location

MOST = 64 * 1024
"""Bytes of the end that are shown."""


def tail(location: Location, trial: int) -> dict[str, object]:
    """Return the end of the output of a trial's latest attempt; empty where none was kept."""
    found = program_logs(location, trial)
    if not found:
        return {"text": "", "truncated": False}
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(found[-1], flags)
    except OSError:
        return {"text": "", "truncated": False}
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return {"text": "", "truncated": False}
        file.seek(max(0, status.st_size - MOST))
        text = file.read(MOST).decode("utf-8", "replace")
    return {"text": printable(text), "truncated": status.st_size > MOST}
