"""Log: a program's output in a file that keeps its head and its tail, also while it is written."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path

from osetra.files import open_private, private_folder

LIMIT = 1_000_000
"""Bytes of the file, half for the head and half for the tail."""
EVERY = 1.0
"""Seconds between two writings of the tail."""


@dataclass(slots=True)
class OutputLog:
    """The output of one attempt. A disk without room costs the log, never the training."""

    path: Path
    limit: int = LIMIT
    written: int = 0
    """Bytes of output so far."""
    _file: BufferedRandom | None = None
    _tail: bytearray = field(default_factory=bytearray)
    _flushed: float = 0.0

    def __post_init__(self) -> None:
        with suppress(OSError):
            private_folder(self.path.parent)
            self._file = open_private(self.path, anew=True)

    def write(self, data: bytes) -> None:
        """Take output."""
        half = self.limit // 2
        head = data[: max(0, half - self.written)]
        self.written += len(data)
        if head and self._file is not None:
            with suppress(OSError):
                self._file.write(head)
                self._file.flush()
        self._tail += data[len(head) :]
        if len(self._tail) > 2 * half:
            del self._tail[:-half]
        self.flush_if_due()

    def flush_if_due(self) -> None:
        """Write the tail when the file is behind it for long enough."""
        if self._tail and time.monotonic() - self._flushed >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the tail behind the head."""
        if not self._tail or self._file is None:
            return
        self._flushed = time.monotonic()
        half = self.limit // 2
        tail = self._tail[-half:]
        left_out = self.written - half - len(tail)
        gap = b"\n[... %d bytes left out ...]\n" % left_out if left_out else b""
        with suppress(OSError):
            self._file.seek(half)
            self._file.write(gap + tail)
            self._file.truncate()
            self._file.flush()

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
