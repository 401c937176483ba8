"""Ctrl-C and termination: once to hand everything back, twice to stop at once.

SIGUSR1 is what a cluster sends some time before it takes a machine away: `sbatch --signal=USR1@60`.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import FrameType
from typing import Any, Self

log = logging.getLogger("osetra")

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
_SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))


@dataclass(
    slots=True, repr=False, eq=False
)  # Python writes out whose method a handler is each time one is looked at
class GracefulStop:
    """A context in which the first signal is a request and the second one is final.

    In a thread other than the main one signals are left alone, and so are those that are ignored: a
    program under nohup outlives its terminal.
    """

    requested: int = 0
    """The signal that asked to stop; 0 while none has."""
    kill: bool = False
    _actions: list[Callable[[], None]] = field(default_factory=list)
    _previous: dict[int, Any] = field(default_factory=dict)
    _owner: int = field(default_factory=os.getpid)

    def on_request(self, action: Callable[[], None]) -> None:
        """Call `action` at the first signal."""
        self._actions.append(action)

    def carry_out(self) -> None:
        """End the program as the signal demands, now that everything is in order; else do nothing.

        Raises:
            KeyboardInterrupt: for Ctrl-C.
            SystemExit: for the other signals, with the status 128 + signal.
        """
        if self.requested == signal.SIGINT:
            raise KeyboardInterrupt
        if self.requested:
            raise SystemExit(128 + self.requested)

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            _listen_to_forks()
            _open.append(self)
            taken = [number for number in _SIGNALS if not _left_alone(number)]
            self._previous = {number: signal.signal(number, self._handle) for number in taken}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self in _open:
            _open.remove(self)

    def leave(self) -> None:
        """Let the signals mean what they meant before, unless somebody else has taken them since."""
        for number, handler in self._previous.items():
            if getattr(signal.getsignal(number), "__self__", None) is self:
                signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._owner:
            # A process that a training has forked, such as a data loader that is terminated.
            signal.signal(number, self._previous[number])
            os.kill(os.getpid(), number)
            return
        if self.requested:
            self.kill = True
            log.warning("stopping at once; running trials go back to the queue")
            raise KeyboardInterrupt
        self.requested = number
        again = "press Ctrl-C again" if number == signal.SIGINT else f"{signal.Signals(number).name} again"
        log.warning("stopping: running trials end at their next report; %s to stop at once", again)
        for action in self._actions:
            action()


_open: list[GracefulStop] = []
"""Contexts that are open, the innermost last."""
_masks = threading.local()


@cache
def _listen_to_forks() -> None:
    """Have processes that a training forks, such as those of a pool, end by a signal as usual."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hold, after_in_parent=_let, after_in_child=_leave)


def _hold() -> None:
    # Python forgets what arrives while it forks, and a pool would wait for ever for one it has terminated.
    _masks.before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS if _open else ())


def _let() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.before)


def _leave() -> None:
    for stop in reversed(_open):
        stop.leave()
    _open.clear()
    _let()


def _left_alone(number: int) -> bool:
    """Whether a signal is ignored, as under nohup, or SIGUSR1 means something else to the program."""
    handler = signal.getsignal(number)
    ours = handler is signal.SIG_DFL or str(getattr(handler, "__module__", "")).startswith("osetra.")
    return handler is signal.SIG_IGN or (number == getattr(signal, "SIGUSR1", None) and not ours)
