"""Keyboard: single keys from a terminal, without waiting for them and without their echo.

The terminal is put back as it was however the program ends, short of SIGKILL: leaving the context,
Ctrl-C, SIGTERM and SIGHUP all pass through it. Ctrl-C itself stays a signal.
"""

from __future__ import annotations

import codecs
import os
import select
import signal
import sys
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Self

try:
    import termios
    import tty
except ImportError:  # not a POSIX system: there are no keys, and orders come from osetra steer
    termios = tty = None  # type: ignore[assignment]

ENTER, ESCAPE, BACKSPACE = "\n", "\x1b", "\x7f"


@dataclass(slots=True)
class Keyboard:
    """A context in which `pressed` returns what was pressed since the last call."""

    descriptor: int = field(default_factory=lambda: _descriptor())
    _saved: list[Any] | None = None
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("ignore")
    )
    _handlers: dict[int, Any] = field(default_factory=dict)

    @property
    def there(self) -> bool:
        """Whether there is a terminal to read keys from."""
        return self._saved is not None

    def __enter__(self) -> Self:
        if termios is not None and self.descriptor >= 0 and os.isatty(self.descriptor):
            self._saved = termios.tcgetattr(self.descriptor)
            self._handlers = {n: signal.signal(n, _leave) for n in (signal.SIGTERM, signal.SIGHUP)}
            tty.setcbreak(self.descriptor, termios.TCSANOW)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._saved is not None:
            termios.tcsetattr(self.descriptor, termios.TCSANOW, self._saved)
            self._saved = None
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def pressed(self, wait: float = 0.0) -> list[str]:
        """Return the keys pressed since the last call, waiting up to `wait` seconds for the first.

        Arrows and other keys that send more than one character are left out.
        """
        if self._saved is None:
            return []
        got: list[str] = []
        while select.select([self.descriptor], [], [], 0.0 if got else wait)[0]:
            data = os.read(self.descriptor, 1024)
            if not data:
                break
            text = self._decoder.decode(data)
            got += [] if text.startswith(ESCAPE) and len(text) > 1 else list(text)
            wait = 0.0
        return [{"\r": ENTER, "\b": BACKSPACE}.get(key, key) for key in got]


def _descriptor() -> int:
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return -1


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
