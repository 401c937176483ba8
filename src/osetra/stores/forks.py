"""Connections and forks: a forked process must never use, or close, its parent's connection.

The end of the program closes all of them.

Before a fork every connection waits for its transaction and is closed; both processes connect anew
when they next need it.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from contextlib import suppress
from typing import Protocol


class Disconnectable(Protocol):
    """Something with a connection that one thread uses at a time."""

    mutex: threading.Lock

    def disconnect(self) -> None:
        """Close the connection; called with the mutex held."""
        ...


LAST = 1.0
"""Seconds that the end of a program waits for a thread that still writes."""
_known: weakref.WeakSet[Disconnectable] = weakref.WeakSet()
_held: list[Disconnectable] = []


@atexit.register
def _close_all() -> None:
    """Close what is open: programs end without closing their studies, and one file is to be one file."""
    for one in list(_known):
        with suppress(Exception):
            if one.mutex.acquire(timeout=LAST):
                try:
                    one.disconnect()
                finally:
                    one.mutex.release()


def keep_from_forks(one: Disconnectable) -> None:
    """Close this connection before each fork of the process."""
    _known.add(one)


def _before() -> None:
    for one in list(_known):
        one.mutex.acquire()
        _held.append(one)
        one.disconnect()


def _after() -> None:
    while _held:
        _held.pop().mutex.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
