"""Output: what the trainings of a worker slot print, in one file that never grows too large.

It comes through a pipe and is kept as far as there is room, so that neither a full disk nor a training
that prints without end harms anybody. Of a training that prints much, the beginning and the end stay.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 2**20
"""Bytes of the file, after which it is cut."""
HEAD, TAIL = LIMIT // 8, LIMIT // 4
"""Bytes that a cut leaves of the present training's beginning, and of its end; as many of those before."""
LAST = 4000
"""Bytes of output that stand with a failure."""
_CHUNK = 1 << 16


@dataclass(slots=True)
class SlotLog:
    """The output of trainings, one behind the other. Others may append to the file as well."""

    path: Path
    begun: int = 0
    """Where the present training's output begins."""
    written: int = 0
    """Bytes of it so far."""
    last: bytearray = field(default_factory=bytearray)
    """The end of it, whatever became of the file."""
    _file: int = -1

    def __post_init__(self) -> None:
        with suppress(OSError):
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.begin()

    def begin(self) -> None:
        """Take what comes from now on for another training's."""
        self.begun, self.written = self._size(), 0
        self.last.clear()

    def write(self, data: bytes) -> None:
        """Append output, as much of it as there is room for."""
        self.written += len(data)
        self.last += data
        del self.last[:-LAST]
        with suppress(OSError):
            os.write(self._file, data)
            if self._size() > LIMIT:
                self._cut()

    def close(self) -> None:
        """Release the file."""
        with suppress(OSError):
            os.close(self._file)
        self._file = -1

    def _size(self) -> int:
        try:
            return os.fstat(self._file).st_size
        except OSError:
            return 0

    def _cut(self) -> None:
        """Leave the ends of it; its writers append, so they may go on meanwhile."""
        data = os.pread(self._file, 2 * LIMIT, 0)
        before, own = data[: self.begun][-TAIL:], data[self.begun :]
        if len(own) > HEAD + TAIL:
            gap = b"\n[... %d bytes left out ...]\n" % max(0, self.written - HEAD - TAIL)
            own = own[:HEAD] + gap + own[-TAIL:]
        os.ftruncate(self._file, 0)
        self.begun = len(before)
        os.write(self._file, before + own)


@dataclass(slots=True)
class TrainingOutput:
    """Takes what a training process and its helpers print, in a thread of its own."""

    reader: int
    """The end of the pipe; it is closed when nobody can write any more."""
    log: SlotLog
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._listen, name="osetra-output", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Take what comes from now on for another training's."""
        with self._lock:
            self.log.begin()

    @property
    def last(self) -> str:
        """The end of what the present training has printed."""
        with self._lock:
            return self.log.last.decode(errors="replace")

    def finish(self, seconds: float) -> None:
        """Wait until everything that was printed is here; a helper that lives on may print more."""
        self._thread.join(seconds)

    def _listen(self) -> None:
        while data := os.read(self.reader, _CHUNK):
            with self._lock:
                self.log.write(data)
        os.close(self.reader)
        self.log.close()
