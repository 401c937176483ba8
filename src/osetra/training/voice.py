"""Voice: who may speak for a run, and until when.

The training's own process may, from any of its threads, until its function has returned. Processes that
it forked, copies of the run and threads that outlive their trial are not heard: what they say would stand
under another trial, or twice.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from os import getpid  # by name: a training may put something else into the module

log = logging.getLogger("osetra")


@dataclass(slots=True)
class Voice:
    """Whether a run may still say something."""

    trial: int
    owner: int = field(default_factory=getpid)
    """The process that trains."""
    over: bool = False
    """Whether the training function has returned."""
    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while something is said, so that threads that speak at once speak one after the other."""
    _warned: bool = False

    @property
    def heard(self) -> bool:
        """Whether this is the training's own process, and its function has not returned yet."""
        return not self.over and getpid() == self.owner

    @property
    def own(self) -> bool:
        """Whether this is the process that the run belongs to."""
        return getpid() == self.owner

    def close(self) -> None:
        """Say nothing from now on."""
        with self.lock:
            self.over = True

    def leave_if_forked(self) -> None:
        """End this process if the training has forked it.

        Who forks and forgets to end the child would have two processes go on with the study.
        """
        if getpid() != self.owner:
            _leave(sys.exc_info()[1])

    def refuse(self, what: str) -> None:
        """Say once that something is not written."""
        if self._warned:
            return
        self._warned = True
        who = "its training function has returned" if getpid() == self.owner else "another process speaks"
        log.warning("trial %d: run.%s is not written, since %s", self.trial, what, who)

    def __reduce__(self) -> tuple[type[Voice], tuple[int, int]]:
        return Voice, (self.trial, 0)  # a copy speaks for nobody


def _leave(error: BaseException | None) -> None:
    """End this process as Python does after a script, but for what others have registered."""
    status: object = 0
    with suppress(BaseException):
        if isinstance(error, SystemExit):
            status = error.code
        elif error is not None:
            traceback.print_exception(error)
            status = 1
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
    os._exit(status if isinstance(status, int) else status is not None)
