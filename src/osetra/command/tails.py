"""Tails: the end of what a program wrote, and what it means that it ended as it did."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass, field

from osetra.command.program import Stream

TAIL = 2000
"""Bytes of output that stand with a failure."""


@dataclass(slots=True)
class Tails:
    """The end of each stream."""

    ends: dict[Stream, bytearray] = field(default_factory=dict)

    def add(self, stream: Stream, data: bytes) -> None:
        """Take output."""
        tail = self.ends.setdefault(stream, bytearray())
        tail += data
        del tail[:-TAIL]

    def last_words(self, stream: Stream) -> str:
        """Return the end of what was written, as whole lines where they are not too long."""
        tail = bytes(self.ends.get(stream, b""))
        text = tail.decode(errors="replace").replace("\0", "").strip()
        return text.partition("\n")[2] if len(tail) == TAIL and "\n" in text else text

    def meaning(self, status: int) -> str:
        """Return what shells mean by some statuses, else the last line of the error output."""
        if status in (126, 127):
            what = "not found" if status == 127 else "found but not executable"
            return f", a command in it was {what}; the PATH is {os.environ.get('PATH', '')}"
        last = self.last_words("stderr").rpartition("\n")[2].strip()
        return f": {last[:200]}" if last else ""


def not_started(name: str, number: int) -> str:
    """Return why the system could not start a program."""
    hint = f"; the PATH is {os.environ.get('PATH', '')}" if number == errno.ENOENT else ""
    if number == errno.ENOEXEC:
        hint = "; a script needs a first line such as #!/bin/sh"
    return f"{name} cannot be executed: {os.strerror(number)}{hint}"


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
